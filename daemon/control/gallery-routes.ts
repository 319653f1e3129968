import type { Hono } from 'hono';
import { z } from 'zod';
import { badRequest, parseJson } from './framed-body.js';
import type { GalleryControl } from './gallery-control.js';
import type { ActorOf } from './request-actor.js';

const reEmbedSchema = z.strictObject({ to: z.string().min(1).max(64), acceptsMissing: z.boolean() });

/**
 * The gallery as a whole: `GET /v1/gallery` shows its state, `POST /v1/gallery/verifications` verifies it, `POST
 * /v1/gallery/calibrations` finds the threshold of each person, `PUT` and `DELETE /v1/gallery/re-embedding` begin and cancel a move to another recogniser.
 */
export function addGalleryRoutes(app: Hono, gallery: GalleryControl, actorOf: ActorOf): void {
  app.get('/v1/gallery', (context) => context.json(gallery.status()));
  app.post('/v1/gallery/verifications', async (context) =>
    context.json(await gallery.verify(actorOf(context))),
  );
  app.post('/v1/gallery/calibrations', async (context) =>
    context.json(await gallery.calibrate(actorOf(context))),
  );
  app.put('/v1/gallery/re-embedding', async (context) => {
    const parsed = reEmbedSchema.safeParse(parseJson(await context.req.text()));
    if (!parsed.success) throw badRequest(z.prettifyError(parsed.error));
    return context.json(await gallery.reEmbed(parsed.data, actorOf(context)));
  });
  app.delete('/v1/gallery/re-embedding', async (context) =>
    context.json(await gallery.cancelReEmbed(actorOf(context))),
  );
}
