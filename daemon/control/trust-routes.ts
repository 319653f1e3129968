import type { Hono } from 'hono';
import { z } from 'zod';
import { isSlug } from '../domain/ids.js';
import { commandScopes } from '../publish/contract/command-schema.js';
import { badRequest, parseJson } from './framed-body.js';
import { noSuch } from './no-such.js';
import type { ActorOf } from './request-actor.js';
import type { TrustControl } from './trust-control.js';

const issuer = z.string().refine(isSlug, {
  error:
    'must be 1 to 64 lower-case letters, digits, "-" or "_", beginning and ending with a letter or digit',
});

const trustSchema = z.strictObject({
  issuer,
  key: z.string().max(16_384),
  scopes: z.array(z.enum(commandScopes)).min(1),
  notAfterMs: z.number().int().nonnegative().optional(),
});

const removalSchema = z.strictObject({ key: z.string().max(128).optional() });

/**
 * Whom the box obeys: `GET /v1/trust` lists the keys and what came of commands, `POST /v1/trust` adds a key,
 * `DELETE /v1/trust/:issuer` forgets an issuer, or one of its keys with `?key=`; `POST /v1/trust/dismiss` forgets what was set
 * aside.
 */
export function addTrustRoutes(app: Hono, trust: TrustControl, actorOf: ActorOf): void {
  app.get('/v1/trust', (context) => context.json(trust.list()));
  app.post('/v1/trust', async (context) => {
    const parsed = trustSchema.safeParse(parseJson(await context.req.text()));
    if (!parsed.success) throw badRequest(z.prettifyError(parsed.error));
    return context.json(await trust.add(parsed.data, actorOf(context)));
  });
  app.post('/v1/trust/dismiss', (context) => context.json({ dismissed: trust.dismiss(actorOf(context)) }));
  app.delete('/v1/trust/:issuer', (context) => {
    const query = removalSchema.safeParse(context.req.query());
    if (!query.success) throw badRequest(z.prettifyError(query.error));
    const id = context.req.param('issuer');
    const { key } = query.data;
    const removed = trust.remove(id, key, actorOf(context));
    if (removed === 0) {
      const list = 'rollcall trust list';
      throw key === undefined ? noSuch('issuer', id, list) : noSuch('key', key, list);
    }
    return context.json({ removed });
  });
}
