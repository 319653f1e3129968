import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Hono } from 'hono';
import { z } from 'zod';
import { badRequest, parseJson } from './framed-body.js';
import type { GalleryCalibrationReport, GalleryControl } from './gallery-control.js';
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
  app.post('/v1/gallery/calibrations', async (context) => {
    const report = await gallery.calibrate(actorOf(context));
    context.header('content-type', 'application/json');
    return context.body(encoded(calibrationText(report)));
  });
  app.put('/v1/gallery/re-embedding', async (context) => {
    const parsed = reEmbedSchema.safeParse(parseJson(await context.req.text()));
    if (!parsed.success) throw badRequest(z.prettifyError(parsed.error));
    return context.json(await gallery.reEmbed(parsed.data, actorOf(context)));
  });
  app.delete('/v1/gallery/re-embedding', async (context) =>
    context.json(await gallery.cancelReEmbed(actorOf(context))),
  );
}

/** Persons or pairs that become text between two turns of the event loop: about a millisecond. */
const slicePersons = 200;

/** The report as JSON, in parts: the text of 10,000 persons takes longer to make than the event loop may be held. */
export async function* calibrationText(report: GalleryCalibrationReport): AsyncGenerator<string> {
  const { persons, alike, ...figures } = report;
  yield JSON.stringify(figures).slice(0, -1);
  for (const [key, list] of Object.entries({ persons, alike })) {
    yield `,"${key}":[`;
    for (let from = 0; from < list.length; from += slicePersons) {
      const text = JSON.stringify(list.slice(from, from + slicePersons)).slice(1, -1);
      yield from === 0 ? text : `,${text}`;
      await nextTurn();
    }
    yield ']';
  }
  yield '}';
}

function encoded(texts: AsyncGenerator<string>): ReadableStream<Uint8Array> {
  return ReadableStream.from(texts).pipeThrough(new TextEncoderStream());
}
