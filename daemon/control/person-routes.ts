import type { Context, Hono } from 'hono';
import { z } from 'zod';
import { badInput, type RollcallError } from '../base/errors.js';
import { decodeEnrolment, givenConsentSchema } from './enrolment-body.js';
import { badRequest, parseJson } from './framed-body.js';
import { addImportRoutes } from './import-routes.js';
import { noSuch } from './no-such.js';
import type { PersonControl, RemoveResult } from './person-control.js';
import { encodePersonRecord } from './person-record-body.js';
import type { ActorOf } from './request-actor.js';

const changeSchema = z.strictObject({
  name: z.string().optional(),
  externalId: z.string().nullable().optional(),
  notes: z.string().nullable().optional(),
  consent: givenConsentSchema.nullable().optional(),
  threshold: z
    .strictObject({ similarity: z.number().gt(-1).lt(1), reason: z.string() })
    .nullable()
    .optional(),
});

const scopeSchema = z.enum(['everything', 'enrolment']);

/** A person's export is personal data throughout: nothing on the way may keep it. */
const privately = { 'cache-control': 'no-store' } as const;

/** Everything about persons. A person whom nobody knows is `no-such-person`; other outcomes are in the answers. */
export function addPersonRoutes(app: Hono, persons: PersonControl, actorOf: ActorOf): void {
  app.get('/v1/persons', async (context) => {
    const isRemovedIncluded = context.req.query('removed') === 'included';
    return context.json(await persons.list({ isRemovedIncluded }, actorOf(context)));
  });
  app.post('/v1/persons', async (context) => {
    const request = decodeEnrolment(await bodyOf(context));
    return context.json(await persons.add(request, actorOf(context)));
  });
  app.get('/v1/persons/:id', async (context) => {
    const id = context.req.param('id');
    return context.json(found(id, await persons.show(id, actorOf(context))));
  });
  app.patch('/v1/persons/:id', async (context) => {
    const change = changeSchema.safeParse(parseJson(await context.req.text()));
    if (!change.success) throw badRequest(z.prettifyError(change.error));
    return context.json(await persons.update(context.req.param('id'), change.data, actorOf(context)));
  });
  addEndings(app, persons, actorOf);
  addReadings(app, persons, actorOf);
  addImportRoutes(app, persons, actorOf);
}

/** Ways to end that somebody is recognised, and the way back. */
function addEndings(app: Hono, persons: PersonControl, actorOf: ActorOf): void {
  app.post('/v1/persons/:id/remove', async (context) => {
    const id = context.req.param('id');
    const result = await persons.remove(id, actorOf(context));
    if (result.outcome === 'no-such-person') throw noSuchPerson(id);
    if (result.outcome === 'already-removed') throw alreadyRemoved(id, result);
    return context.json({ removed: id });
  });
  app.post('/v1/persons/:id/restore', async (context) =>
    context.json(await persons.restore(context.req.param('id'), actorOf(context))),
  );
  app.post('/v1/persons/:id/erase', async (context) => {
    const id = context.req.param('id');
    return context.json(found(id, await persons.erase(id, actorOf(context))));
  });
  app.post('/v1/persons/:id/withdraw', async (context) => {
    const id = context.req.param('id');
    return context.json(found(id, await persons.withdrawConsent(id, actorOf(context))));
  });
}

function addReadings(app: Hono, persons: PersonControl, actorOf: ActorOf): void {
  app.post('/v1/persons/:id/export', async (context) => {
    const id = context.req.param('id');
    const scope = scopeSchema.safeParse(context.req.query('scope') ?? 'everything');
    if (!scope.success) throw badRequest('scope is everything or enrolment');
    const record = found(id, await persons.exportPerson(id, scope.data, actorOf(context)));
    const body = encodePersonRecord(record);
    return context.body(Uint8Array.from(body), 200, {
      ...privately,
      'content-type': 'application/octet-stream',
    });
  });
  app.get('/v1/persons/:id/photographs/:photographId', async (context) => {
    const { id, photographId } = context.req.param();
    const jpeg = await persons.readPhotograph(id, photographId, actorOf(context));
    if (jpeg === undefined) throw noSuch('photograph', photographId, `rollcall person show ${id}`);
    return context.body(Uint8Array.from(jpeg), 200, { ...privately, 'content-type': 'image/jpeg' });
  });
}

/** The whole body of a request. */
async function bodyOf(context: Context): Promise<Buffer> {
  return Buffer.from(await context.req.arrayBuffer());
}

function found<T>(id: string, value: T | undefined): T {
  if (value === undefined) throw noSuchPerson(id);
  return value;
}

function noSuchPerson(id: string): RollcallError {
  return noSuch('person', id, 'rollcall person list');
}

function alreadyRemoved(
  id: string,
  { removedAt, canBeRestored }: Extract<RemoveResult, { outcome: 'already-removed' }>,
): RollcallError {
  const restore = canBeRestored ? `'rollcall person restore ${id}' recognises them again; ` : '';
  return badInput('already-removed', `the person ${id} was removed on ${removedAt} already`, {
    remedy: `nothing is needed; ${restore}'rollcall person erase ${id}' erases everything held on them`,
    details: { removedAt },
  });
}
