import type { Hono } from 'hono';
import { streamText } from 'hono/streaming';
import { decodeEnrolment } from './enrolment-body.js';
import type { PersonControl } from './person-control.js';
import type { ActorOf } from './request-actor.js';

/**
 * Staged imports. `POST /v1/imports` answers with one line, `{ "importId": … }`, and does not end: the import lives as
 * long as the connection. When it closes, however its client ended, what is staged and not committed is forgotten.
 */
export function addImportRoutes(app: Hono, persons: PersonControl, actorOf: ActorOf): void {
  app.post('/v1/imports', async (context) => {
    const actor = actorOf(context);
    const importId = await persons.beginImport(actor);
    return streamText(context, async (stream) => {
      const closed = new Promise<void>((resolve) => stream.onAbort(resolve));
      try {
        await stream.writeln(JSON.stringify({ importId }));
        await closed;
      } finally {
        await persons.abandonImport(importId, actor);
      }
    });
  });
  app.post('/v1/imports/:importId/rows', async (context) => {
    const row = decodeEnrolment(Buffer.from(await context.req.arrayBuffer()));
    return context.json(await persons.stage(context.req.param('importId'), row, actorOf(context)));
  });
  app.post('/v1/imports/:importId/commit', async (context) =>
    context.json(await persons.commitImport(context.req.param('importId'), actorOf(context))),
  );
}
