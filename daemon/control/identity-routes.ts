import type { Hono } from 'hono';
import type { IdentityControl } from './identity-control.js';
import type { ActorOf } from './request-actor.js';

/** The keys that the box is known by: `GET /v1/identity` shows them, `POST /v1/identity/rotations` puts a new one in force. */
export function addIdentityRoutes(app: Hono, identity: IdentityControl, actorOf: ActorOf): void {
  app.get('/v1/identity', async (context) => context.json(await identity.show()));
  app.post('/v1/identity/rotations', async (context) =>
    context.json(await identity.rotate(actorOf(context))),
  );
}
