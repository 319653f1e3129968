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
  const open = new Set<string>();
  app.post('/v1/imports', async (context) => {
    const actor = actorOf(context);
    const importId = await persons.beginImport(actor);
    open.add(importId);
    return streamText(context, async (stream) => {
      const closed = new Promise<void>((resolve) => stream.onAbort(resolve));
      await stream.writeln(JSON.stringify({ importId }));
      await closed;
      if (open.delete(importId)) await persons.abandonImport(importId, actor);
    });
  });
  app.post('/v1/imports/:importId/rows', async (context) => {
    const row = decodeEnrolment(Buffer.from(await context.req.arrayBuffer()));
    return context.json(await persons.stage(context.req.param('importId'), row, actorOf(context)));
  });
  app.post('/v1/imports/:importId/commit', async (context) => {
    const importId = context.req.param('importId');
    const committed = await persons.commitImport(importId, actorOf(context));
    open.delete(importId);
    return context.json(committed);
  });
  app.delete('/v1/imports/:importId', async (context) => {
    const importId = context.req.param('importId');
    if (!open.delete(importId)) return context.json(false);
    return context.json(await persons.abandonImport(importId, actorOf(context)));
  });
}
