import type { Context, Hono } from 'hono';
import { z } from 'zod';
import { wipe } from '../host/sodium.js';
import { decodeKeyOrder, type KeyOrder } from './key-body.js';
import type { KeyControl } from './key-control.js';
import type { ActorOf } from './request-actor.js';

const providerSchema = z.enum(['secret', 'passphrase', 'tpm']);
const initSchema = z.strictObject({ provider: providerSchema });
const unlockSchema = z.strictObject({});
const rotateSchema = z.strictObject({
  depth: z.enum(['wrap', 'deep']),
  provider: providerSchema.exactOptional(),
});

/** The gallery's key. What somebody typed comes in a framed body, never in a URL, and is wiped when it was used. */
export function addKeyRoutes(app: Hono, keys: KeyControl, actorOf: ActorOf): void {
  app.get('/v1/key', (context) => context.json(keys.status()));
  app.get('/v1/key/providers', async (context) => context.json(await keys.providers()));
  app.post('/v1/key/init', (context) =>
    withOrder(context, initSchema, async ({ head, input }) =>
      context.json(await keys.init(head.provider, input, actorOf(context))),
    ),
  );
  app.post('/v1/key/unlock', (context) =>
    withOrder(context, unlockSchema, async ({ input }) =>
      context.json(await keys.unlock(input, actorOf(context))),
    ),
  );
  app.post('/v1/key/rotate', (context) =>
    withOrder(context, rotateSchema, async ({ head, input }) =>
      context.json(await keys.rotate({ ...head, input }, actorOf(context))),
    ),
  );
}

async function withOrder<T>(
  context: Context,
  schema: z.ZodType<T>,
  work: (order: KeyOrder<T>) => Promise<Response>,
): Promise<Response> {
  const body = Buffer.from(await context.req.arrayBuffer());
  try {
    return await work(decodeKeyOrder(body, schema));
  } finally {
    wipe(body);
  }
}
