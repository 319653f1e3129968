import type { Hono } from 'hono';
import { z } from 'zod';
import { type AlertControl, deliveryStates } from './alert-control.js';
import { badRequest } from './framed-body.js';

const listSchema = z.strictObject({
  limit: z.coerce.number().int().min(1).max(10_000).default(50),
  state: z.enum(deliveryStates).optional(),
});

const testSchema = z.strictObject({ channel: z.string().optional() });

/** Alerts: `GET /v1/alerts` is their history, newest first; `POST /v1/alerts/tests` sends a test and says how it went. */
export function addAlertRoutes(app: Hono, alerts: AlertControl): void {
  app.get('/v1/alerts', (context) => {
    const query = listSchema.safeParse(context.req.query());
    if (!query.success) throw badRequest(z.prettifyError(query.error));
    return context.json(alerts.list(query.data.limit, query.data.state));
  });
  app.post('/v1/alerts/tests', async (context) => {
    const query = testSchema.safeParse(context.req.query());
    if (!query.success) throw badRequest(z.prettifyError(query.error));
    return context.json(await alerts.test(query.data.channel));
  });
}
