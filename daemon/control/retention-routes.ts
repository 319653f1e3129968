import type { Hono } from 'hono';
import { z } from 'zod';
import { badRequest } from './framed-body.js';
import type { ActorOf } from './request-actor.js';
import type { RetentionControl } from './retention-control.js';

const querySchema = z.strictObject({ clockConfirmed: z.enum(['true', 'false']).default('false') });

/** Retention: `GET /v1/retention` shows rules, what is due and the last run; `POST /v1/retention/runs` runs it now. */
export function addRetentionRoutes(app: Hono, retention: RetentionControl, actorOf: ActorOf): void {
  app.get('/v1/retention', (context) => context.json(retention.show()));
  app.post('/v1/retention/runs', async (context) => {
    const parsed = querySchema.safeParse(context.req.query());
    if (!parsed.success) throw badRequest(z.prettifyError(parsed.error));
    const isClockConfirmed = parsed.data.clockConfirmed === 'true';
    return context.json(await retention.run({ isClockConfirmed }, actorOf(context)));
  });
}
