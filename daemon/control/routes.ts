import { Hono } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { badInput, isRollcallError, messageOf, type RollcallError } from '../base/errors.js';
import type { Logger } from '../base/logger.js';
import { addAlertRoutes } from './alert-routes.js';
import { addAttendanceRoutes } from './attendance-routes.js';
import { addAuditRoutes } from './audit-routes.js';
import { addBackupRoutes } from './backup-routes.js';
import type { BoxControl } from './box-control.js';
import { decodeClip } from './clip-control.js';
import { addEventRoutes } from './event-routes.js';
import { addGalleryRoutes } from './gallery-routes.js';
import { addIdentityRoutes } from './identity-routes.js';
import { addKeyRoutes } from './key-routes.js';
import { noSuch } from './no-such.js';
import { addPersonRoutes } from './person-routes.js';
import type { ActorOf } from './request-actor.js';
import { addRetentionRoutes } from './retention-routes.js';
import { addTrustRoutes } from './trust-routes.js';

/** An error as the API sends it. */
export function problem(error: RollcallError) {
  const { kind, code, message, remedy, details } = error;
  return { error: { kind, code, message, remedy, details } };
}

/** Largest request body, bytes: an enrolment with many photographs. */
const maximumBodyBytes = 64 * 1024 * 1024;

const tooLarge = problem(
  badInput('request-too-large', `the request is larger than ${maximumBodyBytes / 1024 / 1024} MiB`, {
    remedy: 'send fewer or smaller photographs; 2000 pixels on the longer side are plenty',
  }),
);

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
  // Counts also what comes without saying how long it is.
  app.use(bodyLimit({ maxSize: maximumBodyBytes, onError: (context) => context.json(tooLarge, 413) }));
  app.get('/v1/status', (context) => context.json(box.status()));
  app.get('/v1/host', async (context) => context.json(await box.hostReport()));
  app.post('/v1/cameras/:id/test', async (context) => {
    const id = context.req.param('id');
    const result = await box.testCamera(id);
    if (result === undefined) throw noSuch('camera', id, 'rollcall camera list');
    return context.json(result);
  });
  app.post('/v1/cameras/:id/release', async (context) => {
    const id = context.req.param('id');
    const isReleased = await box.releaseCamera(id, actorOf(context));
    if (isReleased === undefined) throw noSuch('camera', id, 'rollcall camera list');
    return context.json({ isReleased });
  });
  app.post('/v1/liveness', async (context) => {
    const request = decodeClip(Buffer.from(await context.req.arrayBuffer()));
    return context.json(await box.judgeClip(request));
  });
  addPersonRoutes(app, box.persons, actorOf);
  addAuditRoutes(app, box.audit, actorOf);
  addKeyRoutes(app, box.keys, actorOf);
  addIdentityRoutes(app, box.identity, actorOf);
  addGalleryRoutes(app, box.gallery, actorOf);
  addBackupRoutes(app, box.backups, actorOf);
  addRetentionRoutes(app, box.retention, actorOf);
  addAlertRoutes(app, box.alerts);
  addAttendanceRoutes(app, box.attendance, actorOf, logger);
  addTrustRoutes(app, box.trust, actorOf);
  addEventRoutes(app, box.events, actorOf);
  return app;
}
