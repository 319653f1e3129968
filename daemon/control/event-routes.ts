import type { Hono } from 'hono';
import { streamText } from 'hono/streaming';
import { z } from 'zod';
import { DropOldestQueue } from '../base/bounded-queue.js';
import { badInput } from '../base/errors.js';
import { eventKinds } from '../domain/events/event-type.js';
import { personId } from '../domain/ids.js';
import type { EventControl } from './event-control.js';
import { badRequest, parseJson } from './framed-body.js';
import type { ActorOf } from './request-actor.js';

/** Events kept for a subscriber that reads too slowly. */
const tailBacklog = 1000;

const sequence = z.coerce.number().int().positive();

const querySchema = z.strictObject({
  limit: z.coerce.number().int().min(0).max(10_000).default(100),
  kind: z.enum(eventKinds).optional(),
  person: z.string().min(1).max(128).transform(personId).optional(),
  from: sequence.optional(),
  to: sequence.optional(),
  sinceMs: z.coerce.number().int().nonnegative().optional(),
});

const rangeSchema = z.strictObject({
  from: z.int().positive(),
  to: z.int().positive().optional(),
});

/**
 * `GET /v1/events` lists, `GET /v1/events/stream` follows (one JSON object a line; `{"passedOver":12}` says that so many
 * events are left out, because the reader is too slow), `GET /v1/events/:id` shows one by id, beginning
 * of an id or sequence, `POST /v1/events/resend` sends a range again; `GET /v1/outbox` tells of the way out.
 */
export function addEventRoutes(app: Hono, events: EventControl, actorOf: ActorOf): void {
  app.get('/v1/outbox', (context) => context.json(events.outbox()));
  app.get('/v1/events', (context) => {
    const query = querySchema.safeParse(context.req.query());
    if (!query.success) throw badRequest(z.prettifyError(query.error));
    return context.json(events.list(query.data));
  });
  addStream(app, events);
  app.get('/v1/events/:id', (context) => {
    const id = context.req.param('id');
    const shown = events.show(id);
    if (shown === undefined) {
      throw badInput('no-such-event', `No event has the id or the sequence "${id}"`, {
        remedy: "Run 'rollcall events list' to see the sequences.",
      });
    }
    return context.json(shown);
  });
  app.post('/v1/events/resend', async (context) => {
    const range = rangeSchema.safeParse(parseJson(await context.req.text()));
    if (!range.success) throw badRequest(z.prettifyError(range.error));
    return context.json(await events.resend(range.data.from, range.data.to, actorOf(context)));
  });
}

function addStream(app: Hono, events: EventControl): void {
  app.get('/v1/events/stream', (context) =>
    streamText(context, async (stream) => {
      const waiting = new DropOldestQueue<unknown>(tailBacklog);
      let wake: () => void = () => undefined;
      const unsubscribe = events.onEvent((event) => {
        waiting.push(event);
        wake();
      });
      stream.onAbort(() => {
        unsubscribe();
        wake();
      });
      // An empty line tells the reader that it is subscribed: nothing recorded after it will be missed.
      await stream.writeln('');
      let toldPassedOver = 0;
      while (!stream.aborted) {
        const passedOver = waiting.dropped - toldPassedOver;
        if (passedOver > 0) {
          toldPassedOver += passedOver;
          await stream.writeln(JSON.stringify({ passedOver }));
        }
        const event = waiting.shift();
        if (event !== undefined) await stream.writeln(JSON.stringify(event));
        else
          await new Promise<void>((resolve) => {
            wake = resolve;
          });
      }
    }),
  );
}
