import type { Hono } from 'hono';
import { streamText } from 'hono/streaming';
import type { Actor } from '../audit/actor.js';
import { badInput } from '../base/errors.js';
import { decodeEnrolment } from './enrolment-body.js';
import type { PersonControl } from './person-control.js';
import type { ActorOf } from './request-actor.js';

/**
 * Staged imports. `POST /v1/imports` answers with one line, `{ "importId": … }`, and does not end: the import lives as
 * long as the connection. When it closes, however its client ended, what is staged and not committed is forgotten.
 */
export function addImportRoutes(app: Hono, persons: PersonControl, actorOf: ActorOf): void {
  const imports = new OpenImports(persons);
  app.post('/v1/imports', async (context) => {
    const actor = actorOf(context);
    const importId = await imports.begin(actor);
    return streamText(context, async (stream) => {
      const closed = new Promise<void>((resolve) => stream.onAbort(resolve));
      await stream.writeln(JSON.stringify({ importId }));
      await closed;
      await imports.abandon(importId, actor);
    });
  });
  app.post('/v1/imports/:importId/rows', async (context) => {
    const importId = context.req.param('importId');
    const row = decodeEnrolment(Buffer.from(await context.req.arrayBuffer()));
    return context.json(await imports.run(importId, () => persons.stage(importId, row, actorOf(context))));
  });
  app.post('/v1/imports/:importId/commit', async (context) =>
    context.json(await imports.commit(context.req.param('importId'), actorOf(context))),
  );
  app.delete('/v1/imports/:importId', async (context) =>
    context.json(await imports.abandon(context.req.param('importId'), actorOf(context))),
  );
}

/** Imports whose clients are there, each with what is being done for it: nothing is abandoned amid a row. */
class OpenImports {
  readonly #persons: PersonControl;
  readonly #working = new Map<string, Set<Promise<unknown>>>();

  constructor(persons: PersonControl) {
    this.#persons = persons;
  }

  async begin(actor: Actor): Promise<string> {
    const importId = await this.#persons.beginImport(actor);
    this.#working.set(importId, new Set());
    return importId;
  }

  /** @throws `no-such-import` */
  async run<T>(importId: string, start: () => Promise<T>): Promise<T> {
    const working = this.#working.get(importId);
    if (working === undefined) {
      throw badInput('no-such-import', 'there is no such import under way', {
        remedy: 'begin a new one; it was committed or abandoned, or the daemon was restarted',
      });
    }
    const work = start();
    working.add(work);
    try {
      return await work;
    } finally {
      working.delete(work);
    }
  }

  commit(importId: string, actor: Actor): Promise<{ readonly personIds: readonly string[] }> {
    return this.run(importId, async () => {
      const committed = await this.#persons.commitImport(importId, actor);
      this.#working.delete(importId);
      return committed;
    });
  }

  /** False where the import is over. */
  async abandon(importId: string, actor: Actor): Promise<boolean> {
    const working = this.#working.get(importId);
    while (working !== undefined && working.size > 0) await Promise.allSettled(working);
    if (!this.#working.delete(importId)) return false;
    return await this.#persons.abandonImport(importId, actor);
  }
}
