import type { Context, Hono } from 'hono';
import { streamText } from 'hono/streaming';
import { z } from 'zod';
import type { Logger } from '../base/logger.js';
import { isCalendarDate } from '../domain/calendar-date.js';
import type { AttendanceControl, AttendanceReport } from './attendance-control.js';
import { badRequest, parseJson } from './framed-body.js';
import type { ActorOf } from './request-actor.js';

const date = z.string().refine(isCalendarDate, { error: 'must be a day, as YYYY-MM-DD' });

const querySchema = z.strictObject({ from: date, to: date, person: z.string().optional() });

const correctionSchema = z.strictObject({
  person: z.string(),
  date,
  kind: z.enum(['in', 'out', 'absence-excused', 'as-recorded']),
  time: z.string().optional(),
  reason: z.string(),
});

/**
 * Attendance: `GET /v1/attendance/today` and `GET /v1/attendance` report, as lines of JSON: the head, one line a row, and
 * `{"isWhole":true}` in the end; `POST /v1/attendance/corrections` corrects.
 */
export function addAttendanceRoutes(
  app: Hono,
  attendance: AttendanceControl,
  actorOf: ActorOf,
  logger: Logger,
): void {
  app.get('/v1/attendance/today', async (context) =>
    streamReport(context, await attendance.today(actorOf(context)), logger),
  );
  app.get('/v1/attendance', async (context) => {
    const query = querySchema.safeParse(context.req.query());
    if (!query.success) throw badRequest(z.prettifyError(query.error));
    return streamReport(context, await attendance.report(query.data, actorOf(context)), logger);
  });
  app.post('/v1/attendance/corrections', async (context) => {
    const request = correctionSchema.safeParse(parseJson(await context.req.text()));
    if (!request.success) throw badRequest(z.prettifyError(request.error));
    return context.json(await attendance.correct(request.data, actorOf(context)));
  });
}

function streamReport(context: Context, { head, rows }: AttendanceReport, logger: Logger): Response {
  // Names of people: nothing on the way may keep them.
  context.header('cache-control', 'no-store');
  return streamText(
    context,
    async (stream) => {
      await stream.writeln(JSON.stringify(head));
      for await (const some of rows) {
        if (stream.aborted) return;
        await stream.write(some.map((row) => `${JSON.stringify(row)}\n`).join(''));
      }
      await stream.writeln(JSON.stringify({ isWhole: true }));
    },
    // The answer has begun: that it has no end tells the reader.
    async (error) => logger.error('a report on attendance could not be finished', { error }),
  );
}
