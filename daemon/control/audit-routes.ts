import type { Hono } from 'hono';
import { z } from 'zod';
import { auditActions } from '../audit/audit-action.js';
import { badInput } from '../base/errors.js';
import type { AuditControl } from './audit-control.js';
import { badRequest } from './framed-body.js';
import type { ActorOf } from './request-actor.js';

const timeMs = z.coerce.number().int().min(0).max(8.64e15);

const querySchema = z.strictObject({
  fromMs: timeMs.optional(),
  toMs: timeMs.optional(),
  action: z.string().optional(),
  actor: z.string().optional(),
  subject: z.string().optional(),
  limit: z.coerce.number().int().min(1).max(100_000).default(100),
});

const notedSchema = z.strictObject({
  sequence: z.coerce.number().int().min(1),
  hash: z.string().regex(/^[0-9a-f]{64}$/, { error: 'a hash has 64 hexadecimal digits' }),
});

const periodSchema = z
  .strictObject({ fromMs: timeMs, toMs: timeMs })
  .refine(({ fromMs, toMs }) => fromMs < toMs, { error: 'the period ends before it begins' });

/** The audit log: `GET /v1/audit` lists, `GET /v1/audit/verdict` verifies, `POST /v1/audit/reports` reports on a period. */
export function addAuditRoutes(app: Hono, audit: AuditControl, actorOf: ActorOf): void {
  app.get('/v1/audit', (context) => {
    const query = parse(querySchema, context.req.query());
    if (query.action !== undefined) refuseUnknownAction(query.action);
    return context.json(audit.list(query));
  });
  app.get('/v1/audit/verdict', async (context) => {
    const query = context.req.query();
    const noted = Object.keys(query).length === 0 ? undefined : parse(notedSchema, query);
    return context.json(await audit.verify(noted));
  });
  app.post('/v1/audit/reports', async (context) => {
    const period = parse(periodSchema, context.req.query());
    return context.json(await audit.report(period, actorOf(context)));
  });
}

function parse<T>(schema: z.ZodType<T>, query: Readonly<Record<string, string>>): T {
  const parsed = schema.safeParse(query);
  if (!parsed.success) throw badRequest(z.prettifyError(parsed.error));
  return parsed.data;
}

/** A word that is mistyped would find nothing, which reads as if nothing had happened. */
function refuseUnknownAction(action: string): void {
  const groups = [...new Set(auditActions.map((known) => known.split('.', 1).join()))];
  if (groups.includes(action) || auditActions.some((known) => known === action)) return;
  throw badInput('no-such-action', `the audit log knows no action '${action}'`, {
    remedy: `name one of the groups ${groups.join(', ')}, or an action: ${auditActions.join(', ')}`,
  });
}
