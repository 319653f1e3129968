import { Hono } from 'hono';
import { streamText } from 'hono/streaming';
import { z } from 'zod';
import { DropOldestQueue } from '../base/bounded-queue.js';
import { isRollcallError, messageOf, type RollcallError } from '../base/errors.js';
import type { Logger } from '../base/logger.js';
import { addAttendanceRoutes } from './attendance-routes.js';
import { addAuditRoutes } from './audit-routes.js';
import { addBackupRoutes } from './backup-routes.js';
import type { BoxControl } from './box-control.js';
import { addGalleryRoutes } from './gallery-routes.js';
import { addKeyRoutes } from './key-routes.js';
import { noSuch } from './no-such.js';
import { addPersonRoutes } from './person-routes.js';
import type { ActorOf } from './request-actor.js';
import { addRetentionRoutes } from './retention-routes.js';

/** Events kept for a subscriber that reads too slowly. */
const tailBacklog = 1000;

/** An error as the API sends it. */
export function problem(error: RollcallError) {
  const { kind, code, message, remedy, details } = error;
  return { error: { kind, code, message, remedy, details } };
}

/** The local API, version 1. JSON in and out; errors as `{ error: { kind, code, message, remedy, details } }`. */
export function controlRoutes(box: BoxControl, logger: Logger, actorOf: ActorOf): Hono {
  const app = new Hono();
  app.onError((error, context) => {
    if (isRollcallError(error) && error.kind === 'input') return context.json(problem(error), 400);
    const about = { path: context.req.routePath, error };
    if (isRollcallError(error) && error.kind === 'operational') {
      logger.warn('a control request could not be served', about);
      return context.json(problem(error), 503);
    }
    logger.error('a control request failed', about);
    return context.json({ error: { kind: 'defect', code: 'internal', message: messageOf(error) } }, 500);
  });
  app.get('/v1/status', (context) => context.json(box.status()));
  app.post('/v1/cameras/:id/test', async (context) => {
    const id = context.req.param('id');
    const result = await box.testCamera(id);
    if (result === undefined) throw noSuch('camera', id, 'rollcall camera list');
    return context.json(result);
  });
  addPersonRoutes(app, box.persons, actorOf);
  addAuditRoutes(app, box.audit, actorOf);
  addKeyRoutes(app, box.keys, actorOf);
  addGalleryRoutes(app, box.gallery, actorOf);
  addBackupRoutes(app, box.backups, actorOf);
  addRetentionRoutes(app, box.retention, actorOf);
  addAttendanceRoutes(app, box.attendance, actorOf, logger);
  addEventRoutes(app, box);
  return app;
}

function addEventRoutes(app: Hono, box: BoxControl): void {
  app.get('/v1/events', (context) => {
    const limit = z.coerce.number().int().min(0).max(10_000).catch(100).parse(context.req.query('limit'));
    return context.json(box.recentEvents(limit));
  });
  app.get('/v1/events/stream', (context) =>
    streamText(context, async (stream) => {
      const waiting = new DropOldestQueue<unknown>(tailBacklog);
      let wake: () => void = () => undefined;
      const unsubscribe = box.onEvent((payload) => {
        waiting.push(payload);
        wake();
      });
      stream.onAbort(() => {
        unsubscribe();
        wake();
      });
      // An empty line tells the reader that it is subscribed: nothing recorded after it will be missed.
      await stream.writeln('');
      while (!stream.aborted) {
        const payload = waiting.shift();
        if (payload !== undefined) await stream.writeln(JSON.stringify(payload));
        else
          await new Promise<void>((resolve) => {
            wake = resolve;
          });
      }
    }),
  );
}
