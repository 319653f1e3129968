import assert from 'node:assert/strict';
import { once } from 'node:events';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { json } from 'node:stream/consumers';
import { describe, test } from 'node:test';
import { collectRecord } from '../../daemon/cli/export/person-record.js';
import { openImport } from '../../daemon/cli/import/open-import.js';
import { allPersons } from '../../daemon/cli/person/all-persons.js';
import type { EnrolmentResult } from '../../daemon/contract/enrolment.js';
import type { ControlClient } from '../../daemon/core/api/client.js';
import { exportLines } from '../../daemon/core/persons/person-export.js';
import { isRollcallError } from '../../daemon/kernel/errors.js';
import { personId } from '../../daemon/kernel/ids.js';
import { attendanceFact } from '../support/facts.js';
import { paintFace, paintWall } from '../support/painted-faces.js';
import { passageOf } from '../support/passage-fixture.js';
import { type PersonServer, startPersonServer } from '../support/person-server.js';
import { until } from '../support/until.js';

const consent = { basis: 'consent', dateIso: '2026-01-15', reference: 'form 7' };

interface More {
  readonly name?: string;
  readonly photographs?: readonly Buffer[];
  readonly externalId?: string;
  readonly notes?: string;
  readonly consent?: typeof consent;
  readonly isDuplicateAllowed?: boolean;
}

function request(face: string, more: More = {}) {
  return { name: face, photographs: [paintFace(face, 1), paintFace(face, 2)], ...more };
}

type EnrolmentMore = More & { readonly isDryRun?: boolean; readonly idempotencyKey?: string };

function add(client: ControlClient, face: string, more: EnrolmentMore = {}): Promise<EnrolmentResult> {
  return client.call('persons.enrol', request(face, more));
}

async function enrol(client: ControlClient, face: string, more: EnrolmentMore = {}): Promise<string> {
  const result = await add(client, face, more);
  assert.ok(result.outcome === 'enrolled', JSON.stringify(result));
  return result.person.id;
}

async function names(
  client: ControlClient,
  removed: 'excluded' | 'included' = 'excluded',
): Promise<readonly string[]> {
  return (await allPersons(client, removed)).map(({ name }) => name);
}

const show = (client: ControlClient, id: string) => client.call('persons.show', { id });

/** A test with an empty gallery behind the local API. */
function served(name: string, work: (client: ControlClient, server: PersonServer) => Promise<void>): void {
  test(name, async () => {
    await using server = await startPersonServer();
    await work(server.client, server);
  });
}

describe('enrolment', () => {
  served('stores a profile, trimmed and normalised', async (client) => {
    const id = await enrol(client, 'ada', {
      name: ' Ada\u0301 ',
      externalId: ' 17 ',
      notes: 'night\nshift',
      consent,
    });
    const { enrolledAt, photographIds, photographId = '', ...shown } = await show(client, id);
    assert.match(enrolledAt, /^2026-03-02T08:/);
    assert.equal(photographIds.length, 2);
    assert.ok(photographIds.includes(photographId));
    assert.deepEqual(shown, {
      ...{ id, name: 'Ad\u00e1', externalId: '17', notes: 'night\nshift', consent },
      ...{ state: 'active', templates: 2, photographs: 2, revision: 1, consentState: 'recorded' },
    });
  });

  served('stores nothing of a person whom a rule refuses', async (client) => {
    const id = await enrol(client, 'ada', { externalId: '17' });
    const wall = await add(client, 'bea', { photographs: [paintFace('bea'), paintWall()] });
    assert.ok(wall.outcome === 'refused');
    assert.deepEqual(
      wall.photographs.map(({ outcome }) => outcome),
      ['enrolled', 'refused'],
    );
    const similar = await add(client, 'ada', { name: 'Eve' });
    assert.ok(similar.outcome === 'similar' && similar.personId === id);
    const taken = await add(client, 'bea', { externalId: '17' });
    assert.deepEqual(taken, { outcome: 'external-id-taken', personId: id });
    await assert.rejects(add(client, 'bea', { name: ' ' }), { code: 'profile-refused' });
    const tomorrow = { ...consent, dateIso: '2999-01-01' };
    await assert.rejects(add(client, 'bea', { consent: tomorrow }), { code: 'profile-refused' });
    assert.deepEqual(await names(client, 'included'), ['ada']);
  });

  served('takes photographs of many megabytes, and refuses more than 64 MiB together', async (client) => {
    const large = Buffer.alloc(20 * 1024 * 1024, 1);
    const three = await add(client, 'ada', { photographs: [large, large, large] });
    assert.ok(three.outcome === 'refused', JSON.stringify(three));
    assert.deepEqual(
      three.photographs.map((photograph) => photograph.outcome === 'refused' && photograph.code),
      ['no-face', 'no-face', 'no-face'],
    );
    const four = add(client, 'ada', { photographs: [large, large, large, large] });
    await assert.rejects(four, { code: 'request-too-large' });
    const one = add(client, 'ada', { photographs: [Buffer.alloc(33 * 1024 * 1024)] });
    await assert.rejects(one, { code: 'request-too-large' });
  });

  served('refuses photographs of different people', async (client) => {
    const codes = async (...faces: readonly string[]) => {
      const photographs = faces.map((face, view) => paintFace(face, view));
      const result = await add(client, 'ada', { photographs, isDuplicateAllowed: true });
      assert.ok(result.outcome === 'refused', JSON.stringify(result));
      return result.photographs.map((each) => (each.outcome === 'refused' ? each.code : each.outcome));
    };
    const other = 'different-person';
    assert.deepEqual(await codes('ada', 'bea'), [other, other], 'either may be the wrong one');
    assert.deepEqual(await codes('ada', 'bea', 'ada'), ['enrolled', other, 'enrolled'], 'a majority decides');
    assert.deepEqual(await codes('ada', 'bea', 'ada', 'bea'), [other, other, other, other]);
    assert.deepEqual(await names(client, 'included'), []);
  });

  served('stores nothing in a dry run, and a duplicate only if it is allowed', async (client) => {
    assert.equal((await add(client, 'ada', { isDryRun: true })).outcome, 'enrollable');
    assert.deepEqual(await names(client), []);
    await enrol(client, 'ada');
    await enrol(client, 'ada', { name: 'twin', isDuplicateAllowed: true });
    assert.deepEqual(await names(client), ['ada', 'twin']);
  });

  served('with an idempotency key gives the same answer again and enrols once', async (client) => {
    const idempotencyKey = 'a1b2c3d4e5';
    const more = { externalId: '17', idempotencyKey };
    const [first, together] = await Promise.all([add(client, 'ada', more), add(client, 'ada', more)]);
    assert.ok(first.outcome === 'enrolled');
    assert.deepEqual(together, first, 'also while the first is under way');
    assert.deepEqual(await add(client, 'ada', more), first);
    for (const other of [{ notes: 'x' }, { photographs: [paintFace('ada', 3)] }]) {
      const reused = add(client, 'ada', { ...more, ...other });
      await assert.rejects(reused, { code: 'idempotency-key-reused' });
    }
    assert.deepEqual(await names(client, 'included'), ['ada']);
    await client.call('persons.erase', { id: first.person.id });
    const anew = await add(client, 'ada', more);
    assert.ok(anew.outcome === 'enrolled' && anew.person.id !== first.person.id, 'the erased is forgotten');
  });

  served('takes the idempotency key from the header, too', async (client, { socketPath }) => {
    const send = async (headers: Readonly<Record<string, string>>, fields: object) => {
      const form = new FormData();
      form.append(
        'document',
        new Blob([JSON.stringify({ name: 'ada', ...fields })], { type: 'application/json' }),
      );
      form.append('photographs', new Blob([paintFace('ada', 1)]));
      const packed = new Response(form);
      const body = Buffer.from(await packed.arrayBuffer());
      const type = packed.headers.get('content-type') ?? '';
      const path = '/api/v1/persons';
      const asked = httpRequest({
        socketPath,
        path,
        method: 'POST',
        headers: { ...headers, 'content-type': type },
      });
      asked.end(body);
      const [answer] = (await once(asked, 'response')) as [IncomingMessage];
      return { status: answer.statusCode, said: Object(await json(answer)) };
    };
    const header = { 'idempotency-key': 'a1b2c3d4e5' };
    const first = await send(header, {});
    assert.equal(first.said.data.outcome, 'enrolled');
    const again = await send(header, { idempotencyKey: 'a1b2c3d4e5' });
    assert.deepEqual(again.said.data, first.said.data, 'the field means the same');
    assert.equal((await send(header, { notes: 'x' })).said.error.code, 'idempotency-key-reused');
    for (const [key, fields] of [
      ['short', {}],
      ['with a space in it', {}],
      ['a1b2c3d4e5', { idempotencyKey: 'another-key' }],
    ] as const) {
      const refused = await send({ 'idempotency-key': key }, fields);
      assert.equal(refused.status, 400, key);
      assert.equal(refused.said.error.code, 'bad-request');
    }
    assert.deepEqual(await names(client, 'included'), ['ada']);
  });

  served('with an idempotency key examines refused photographs again', async (client) => {
    const more = { idempotencyKey: 'a1b2c3d4e5', photographs: [paintWall()] };
    assert.equal((await add(client, 'ada', more)).outcome, 'refused');
    assert.equal((await add(client, 'ada', { idempotencyKey: more.idempotencyKey })).outcome, 'enrolled');
  });
});

describe('a list of persons', () => {
  const enrolAll = async (client: ControlClient, faces: readonly string[]) => {
    for (const [index, face] of faces.entries()) await enrol(client, face, { externalId: String(index) });
  };

  served('comes in pages that neither hide nor repeat persons while others change', async (client) => {
    await enrolAll(client, ['dan', 'ada', 'cyd', 'bea', 'eve']);
    const first = await client.call('persons.list', { limit: 2 });
    assert.deepEqual(
      first.items.map(({ name }) => name),
      ['dan', 'ada'],
    );
    assert.equal(first.total, 5);
    // The last person of the first page leaves before the second page is read.
    await client.call('persons.erase', { id: first.items[1]?.id ?? '' });
    await enrol(client, 'fay');
    const second = await client.call('persons.list', { limit: 2, cursor: first.nextCursor });
    const third = await client.call('persons.list', { limit: 2, cursor: second.nextCursor });
    assert.deepEqual(
      [...second.items, ...third.items].map(({ name }) => name),
      ['cyd', 'bea', 'eve', 'fay'],
    );
    assert.equal(third.nextCursor, undefined);
  });

  served('finds a person by the name of now', async (client) => {
    await enrolAll(client, ['dan', 'ada', 'cyd']);
    const found = async (text: string) => (await client.call('persons.list', { text })).items;
    const [ada] = await found('AD');
    assert.equal(ada?.name, 'ada');
    const id = ada?.id ?? '';
    await client.call('persons.update', { id, name: 'Émile', externalId: 'E-9' });
    assert.deepEqual(await found('ada'), []);
    assert.deepEqual([(await found('éMI'))[0]?.id, (await found(' E-9 '))[0]?.id], [id, id]);
    await enrol(client, 'emil', { name: 'Émilie' });
    assert.deepEqual(
      (await found('émil')).map(({ name }) => name),
      ['Émile', 'Émilie'],
    );
    const page = await client.call('persons.list', { text: 'émil', limit: 1, sort: 'newest' });
    const next = await client.call('persons.list', {
      ...{ text: 'émil', limit: 1, sort: 'newest', cursor: page.nextCursor },
    });
    assert.deepEqual(
      [...page.items, ...next.items].map(({ name }) => name),
      ['Émilie', 'Émile'],
    );
    assert.equal(next.nextCursor, undefined);
    await client.call('persons.remove', { id });
    assert.equal((await found('émil')).length, 1);
    await client.call('persons.erase', { id });
    assert.equal((await client.call('persons.list', { text: 'Émile', removed: 'included' })).items.length, 0);
  });

  served('tells names by their ids, without those of unknown persons', async (client) => {
    await enrolAll(client, ['dan', 'ada']);
    const [dan, ada] = await allPersons(client, 'excluded');
    const ids = [ada?.id, 'p-unknown', dan?.id, ada?.id].map((id) => id ?? '');
    const named = await client.call('persons.names', { ids });
    assert.deepEqual(
      named.map(({ id, name }) => [id, name]),
      [
        [ada?.id, 'ada'],
        [dan?.id, 'dan'],
      ],
    );
    const tooMany = Array.from({ length: 101 }, (_, index) => `p-${index}`);
    await assert.rejects(client.call('persons.names', { ids: tooMany }), { code: 'bad-request' });
  });

  served('is sorted and filtered', async (client) => {
    await enrolAll(client, ['dan', 'ada', 'cyd', 'Dora']);
    const [, ada] = await allPersons(client, 'included');
    await client.call('persons.remove', { id: ada?.id ?? '' });
    const named = async (filter: Parameters<typeof client.call<'persons.list'>>[1]) => {
      const { items, total } = await client.call('persons.list', filter);
      return [items.map(({ name }) => name).join(' '), total];
    };
    assert.deepEqual(await named({ sort: 'newest' }), ['Dora cyd dan', 3]);
    assert.deepEqual(await named({ sort: 'name', removed: 'included' }), ['ada cyd dan Dora', 4]);
    assert.deepEqual(await named({ removed: 'only' }), ['ada', 1]);
    assert.deepEqual(await named({ text: 'D' }), ['dan cyd Dora', 3], 'a part of the name, in any case');
    assert.deepEqual(await named({ text: '2' }), ['cyd', 1], 'a whole external id');
    assert.deepEqual(await named({ text: 'D', sort: 'name', limit: 2 }), ['cyd dan', 3]);
    const { nextCursor: behindDan } = await client.call('persons.list', {
      text: 'D',
      sort: 'name',
      limit: 2,
    });
    assert.deepEqual(await named({ text: 'D', sort: 'name', cursor: behindDan }), ['Dora', 3]);
    const { nextCursor } = await client.call('persons.list', { text: 'd', limit: 1 });
    assert.deepEqual(await named({ text: 'd', cursor: nextCursor }), ['cyd Dora', 3]);
    for (const cursor of ['x', '2', '1.2', '-1', `${'9'.repeat(20)}.p-1`]) {
      await assert.rejects(client.call('persons.list', { cursor }), { code: 'bad-request' }, cursor);
    }
    for (const cursor of ['x', '2', '1.2', '-1', `${'9'.repeat(200)}.p-1`, 'é.p-1'])
      await assert.rejects(client.call('persons.list', { cursor, sort: 'name' }), { code: 'bad-request' });
  });

  served('of more persons than one slice holds is whole', async (client, { behind }) => {
    // Copies of one row do not open, and are listed as damaged all the same.
    const id = await enrol(client, 'ada');
    const numbers = 'WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1050)';
    behind.alter(`
      ${numbers} INSERT INTO data_key (id, kek_id, wrapped) SELECT 'k-' || i, kek_id, wrapped FROM data_key, n;
      ${numbers}
      INSERT INTO person (id, state, import_id, data_key_id, revision, profile, enrolled_at_ms, changed_at_ms)
      SELECT printf('p-%026d', i), state, import_id, 'k-' || i, revision, profile, enrolled_at_ms + i, changed_at_ms
      FROM person, n WHERE person.id = '${id}'`);
    const all = await allPersons(client, 'excluded');
    assert.equal(all.length, 1051);
    assert.equal(new Set(all.map((person) => person.id)).size, 1051);
    assert.equal(all[1050]?.name, '(damaged)');
    const { items } = await client.call('persons.list', { sort: 'newest', limit: 1 });
    assert.equal(items[0]?.id, `p-${String(1050).padStart(26, '0')}`);
  });
});

describe('a change of a person', () => {
  served('concerns the given fields only', async (client) => {
    const id = await enrol(client, 'ada', { externalId: '17', notes: 'night shift', consent });
    const renamed = await client.call('persons.update', { id, name: 'Augusta' });
    assert.ok(renamed.outcome === 'updated');
    assert.deepEqual([renamed.person.name, renamed.person.notes], ['Augusta', 'night shift']);
    await client.call('persons.update', { id, notes: null, externalId: '18' });
    const shown = await show(client, id);
    assert.deepEqual([shown.name, shown.externalId, shown.notes], ['Augusta', '18', undefined]);
    assert.deepEqual(shown.consent, consent);
  });

  served('that cannot be made changes nothing', async (client) => {
    const ada = await enrol(client, 'ada', { externalId: '17' });
    const bea = await enrol(client, 'bea');
    const taken = await client.call('persons.update', { id: bea, name: 'x', externalId: '17' });
    assert.deepEqual(taken, { outcome: 'external-id-taken', personId: ada });
    const unnamed = client.call('persons.update', { id: bea, name: '' });
    await assert.rejects(unnamed, { code: 'profile-refused' });
    assert.deepEqual(await names(client), ['ada', 'bea']);
    const own = await client.call('persons.update', { id: ada, externalId: '17' });
    assert.equal(own.outcome, 'updated', 'their own');
  });

  served('based on an older revision is refused', async (client) => {
    const id = await enrol(client, 'ada');
    const { revision } = await show(client, id);
    const changes = ['Augusta', 'Adeline'].map((name) =>
      client.call('persons.update', { id, name, ifRevision: revision }),
    );
    const [first, second] = await Promise.allSettled(changes);
    assert.equal(first?.status, 'fulfilled');
    assert.ok(second?.status === 'rejected');
    assert.equal(second.reason.code, 'changed-meanwhile');
    assert.deepEqual(second.reason.details, { revision: revision + 1 });
    assert.equal((await show(client, id)).name, 'Augusta');
    await client.call('persons.remove', { id });
    const late = client.call('persons.update', { id, notes: 'x', ifRevision: revision + 1 });
    await assert.rejects(late, { code: 'changed-meanwhile' }, 'a removal is a change, too');
    const anyway = await client.call('persons.update', { id, notes: 'x' });
    assert.equal(anyway.outcome, 'updated');
  });

  served('at the moment of a withdrawal does not undo it', async (client, { behind }) => {
    const id = await enrol(client, 'ada', { consent });
    const actor = { actor: 'uid:0', origin: 'test' };
    const change = behind.persons.update(id, { externalId: '18' }, actor);
    // The change has read the person and waits for the external ids by now.
    await Promise.resolve();
    behind.persons.withdrawConsent(id, actor);
    await change;
    const shown = await show(client, id);
    assert.equal(shown.consent?.withdrawnIso, '2026-03-02');
    assert.equal(shown.state, 'removed');
  });
});

describe('the end of a person', () => {
  served('by removal can be undone', async (client) => {
    const id = await enrol(client, 'ada');
    assert.deepEqual(await client.call('persons.restore', { id }), { outcome: 'not-removed' });
    assert.deepEqual(await client.call('persons.remove', { id }), { removed: id });
    assert.deepEqual(await names(client), []);
    assert.deepEqual(await names(client, 'included'), ['ada']);
    const { state, removedAt } = await show(client, id);
    assert.ok(state === 'removed' && removedAt !== undefined);
    await assert.rejects(client.call('persons.remove', { id }), {
      code: 'already-removed',
      details: { removedAt, canBeRestored: true },
    });
    const restored = await client.call('persons.restore', { id });
    assert.ok(restored.outcome === 'restored' && restored.person.state === 'active');
    assert.deepEqual(await names(client), ['ada']);
  });

  served('by erasure leaves nothing, and a certificate', async (client, { behind }) => {
    const id = await enrol(client, 'ada', { externalId: '17' });
    const certificate = await client.call('persons.erase', { id });
    assert.deepEqual([certificate.personId, certificate.scope], [id, 'person']);
    assert.deepEqual(certificate.what, { templates: 2, photographs: 2, evidence: 0, passages: 0 });
    assert.equal(certificate.by, `uid:${process.getuid?.()}`);
    const [entry] = behind.vault.audit.list({ action: 'person.erased' });
    assert.equal(certificate.auditSequence, entry?.sequence);
    assert.match(certificate.auditHash, /^[0-9a-f]{64}$/);
    assert.deepEqual(await names(client, 'included'), []);
    await assert.rejects(client.call('persons.erase', { id }), { code: 'no-such-person' });
    await enrol(client, 'ada', { externalId: '17' });
  });

  served('by withdrawal of consent keeps the proof, and cannot be undone', async (client) => {
    const id = await enrol(client, 'ada', { consent });
    const certificate = await client.call('persons.withdraw-consent', { id });
    assert.equal(certificate.scope, 'biometric-data');
    assert.deepEqual(certificate.what, { templates: 2, photographs: 2, evidence: 0, passages: 0 });
    const shown = await show(client, id);
    assert.deepEqual([shown.state, shown.templates, shown.photographs], ['removed', 0, 0]);
    assert.equal(shown.consent?.reference, 'form 7');
    assert.equal(shown.consent?.withdrawnIso, '2026-03-02');
    assert.deepEqual(await client.call('persons.restore', { id }), { outcome: 'consent-withdrawn' });
    await assert.rejects(client.call('persons.remove', { id }), (error: unknown) => {
      return isRollcallError(error, 'already-removed') && error.details['canBeRestored'] === false;
    });
    await enrol(client, 'ada', { name: 'Ada anew' });
  });

  served('by withdrawal of consent forgets the idempotency key', async (client) => {
    const more = { consent, idempotencyKey: 'a1b2c3d4e5' };
    const id = await enrol(client, 'ada', more);
    await client.call('persons.withdraw-consent', { id });
    const anew = await enrol(client, 'ada', more);
    assert.notEqual(anew, id, 'the answer of before would tell that they are enrolled');
  });

  served('is not found for an unknown person', async (client) => {
    const unknown = { code: 'no-such-person' };
    for (const id of ['p-unknown', '../status', '%00', 'a b?c#d']) {
      await assert.rejects(show(client, id), unknown, id);
      await assert.rejects(client.call('persons.update', { id, name: 'x' }), unknown);
      await assert.rejects(client.call('persons.remove', { id }), unknown);
      await assert.rejects(client.call('persons.restore', { id }), unknown);
      await assert.rejects(client.call('persons.erase', { id }), unknown);
      await assert.rejects(client.call('persons.withdraw-consent', { id }), unknown);
      await assert.rejects(client.call('persons.photographs.list', { id }), unknown);
      await assert.rejects(client.call('persons.export', { id }), unknown);
    }
    const id = await enrol(client, 'ada');
    const missing = client.call('persons.photographs.read', { id, photographId: 'f-none' });
    await assert.rejects(missing, { code: 'no-such-photograph' });
  });
});

describe('an export', () => {
  served('holds profile, photographs, templates and audit entries', async (client) => {
    const id = await enrol(client, 'ada', { consent });
    await enrol(client, 'bea');
    const record = await collectRecord(await client.call('persons.export', { id }));
    assert.deepEqual(record.person, await show(client, id));
    assert.equal(record.templates.length, 2);
    assert.ok(record.templates.every(({ vectorBase64 }) => vectorBase64 !== ''));
    const listed = await client.call('persons.photographs.list', { id });
    assert.deepEqual(
      record.photographs.map(({ id: photographId, storedAt }) => `${photographId} ${storedAt}`).sort(),
      listed.map(({ id: photographId, storedAt }) => `${photographId} ${storedAt}`).sort(),
    );
    assert.deepEqual(
      listed.map((photograph) => photograph.id).sort(),
      [...record.person.photographIds].sort(),
    );
    for (const { id: photographId, jpeg } of record.photographs) {
      assert.deepEqual(await client.call('persons.photographs.read', { id, photographId }), jpeg);
    }
    assert.ok(record.audit.some(({ action }) => action === 'person.exported'));
    const enrolmentOnly = await collectRecord(
      await client.call('persons.export', { id, scope: 'enrolment' }),
    );
    assert.deepEqual(enrolmentOnly.photographs, record.photographs);
    assert.deepEqual([enrolmentOnly.templates, enrolmentOnly.audit], [[], []]);
  });

  served(
    'holds more events and passages than are read at a time, and pictures of events, oldest first',
    async (client, { behind }) => {
      const id = await enrol(client, 'ada');
      const about = personId(id);
      const events = Array.from({ length: 1100 }, () =>
        behind.records.record(attendanceFact({ personId: about })),
      );
      behind.records.record(attendanceFact({ personId: personId('p-other') }));
      const passages = Array.from({ length: 120 }, (_, index) => passageOf(index + 1, { personId: about }));
      for (const passage of passages) behind.records.passages.put(passage);
      const gallery = behind.vault.gallery();
      const picture = {
        kind: 'attendance',
        personId: about,
        cameraId: 'door',
        jpeg: Buffer.from('p'),
      } as const;
      for (const takenAtMs of [3, 1, 2]) {
        gallery.addEvidence({ ...picture, takenAtMs, eventId: `event-${takenAtMs}` });
      }
      const record = await collectRecord(await client.call('persons.export', { id }));
      assert.deepEqual(
        record.events.map((event) => (event as { readonly id: string }).id),
        events.map((event) => event.id),
      );
      assert.deepEqual(
        record.passages.map((passage) => (passage as { readonly id: string }).id),
        passages.map(({ id }) => id),
      );
      assert.deepEqual(
        record.evidence.map(({ eventId, jpeg }) => [eventId, String(jpeg)]),
        [1, 2, 3].map((number) => [`event-${number}`, 'p']),
      );
    },
  );

  served(
    'of a person who is erased meanwhile ends without more of their pictures',
    async (client, { behind }) => {
      const id = await enrol(client, 'ada');
      const lines = behind.persons.export(id, 'everything', { actor: 'uid:0', origin: 'test' });
      assert.ok(lines);
      const kinds: string[] = [];
      for await (const { kind } of lines) {
        if (kind === 'person') await client.call('persons.erase', { id });
        kinds.push(kind);
      }
      assert.ok(!kinds.includes('photograph') && !kinds.includes('template'), kinds.join());
    },
  );

  served(
    'reads events while they are given, in order, and wipes templates that were not read',
    async (client, { behind }) => {
      const id = await enrol(client, 'ada');
      for (let count = 0; count < 501; count += 1) {
        behind.records.record(attendanceFact({ personId: personId(id) }));
      }
      const gallery = behind.vault.gallery();
      const opened: Uint8Array[] = [];
      const watched = new Proxy(gallery, {
        get(target, key) {
          if (key !== 'readTemplates') {
            const value: unknown = Reflect.get(target, key, target);
            return typeof value === 'function' ? value.bind(target) : value;
          }
          return (about: Parameters<typeof target.readTemplates>[0]) => {
            const templates = target.readTemplates(about);
            opened.push(...templates.map(({ bytes }) => bytes));
            return templates;
          };
        },
      });
      let readings = 0;
      const list: typeof behind.records.list = (query) => {
        readings += 1;
        return behind.records.list(query);
      };
      const person = gallery.showPerson(personId(id));
      assert.ok(person);
      const sources = { gallery: watched, records: { ...behind.records, list }, audit: behind.vault.audit };
      for await (const { kind } of exportLines(sources, person)) if (kind === 'template') break;
      assert.equal(opened.length, 2);
      assert.ok(opened.every((bytes) => bytes.every((byte) => byte === 0)));
      for await (const { kind } of exportLines(sources, person)) if (kind === 'event') break;
      assert.equal(readings, 1, 'the second part is read when the first has been given');
    },
  );

  served('is audited once, before its first line', async (client, { behind }) => {
    const id = await enrol(client, 'ada');
    for await (const _ of await client.call('persons.export', { id })) break;
    const entries = behind.vault.audit.list({ action: 'person.exported' });
    assert.deepEqual(
      entries.map(({ subject, details }) => [subject, details]),
      [[id, { scope: 'everything' }]],
    );
  });
});

describe('an import', () => {
  served('appears as a whole when it is committed', async (client) => {
    using session = await openImport(client);
    for (const face of ['ada', 'bea']) {
      assert.equal(
        (await session.stage({ ...request(face), isDuplicateAllowed: false })).outcome,
        'accepted',
      );
    }
    assert.deepEqual(await names(client, 'included'), [], 'staged persons are not listed yet');
    const personIds = await session.commit();
    assert.deepEqual(
      (await allPersons(client, 'excluded')).map(({ id }) => id),
      personIds,
    );
    assert.equal(await session.abandon(), false, 'it is over');
    assert.deepEqual(await names(client), ['ada', 'bea']);
    const late = session.stage({ ...request('cyd'), isDuplicateAllowed: false });
    await assert.rejects(late, { code: 'no-such-import' });
    await assert.rejects(session.commit(), { code: 'no-such-import' });
  });

  served('that is abandoned leaves nothing', async (client, { behind }) => {
    using session = await openImport(client);
    await session.stage({ ...request('ada', { externalId: '17' }), isDuplicateAllowed: false });
    assert.equal(behind.rowCount(), 1);
    assert.equal(await session.abandon(), true);
    assert.equal(await session.abandon(), false);
    assert.equal(behind.rowCount(), 0);
    await assert.rejects(session.commit(), { code: 'no-such-import' });
    await enrol(client, 'ada', { externalId: '17' });
  });

  served('compares its rows with enrolled persons and with one another', async (client) => {
    const ada = await enrol(client, 'ada', { externalId: '17' });
    using session = await openImport(client);
    const stage = (face: string, more: More = {}) =>
      session.stage({ isDuplicateAllowed: false, ...request(face, more) });
    assert.deepEqual(await stage('bea', { externalId: '17' }), {
      outcome: 'external-id-taken',
      personId: ada,
    });
    assert.equal((await stage('ada')).outcome, 'similar');
    assert.equal((await stage('bea', { externalId: '18' })).outcome, 'accepted');
    assert.equal((await stage('cyd', { externalId: '18' })).outcome, 'external-id-taken');
    const twice = await stage('bea', { name: 'Bea again' });
    assert.ok(twice.outcome === 'similar' && twice.name === 'bea');
    assert.equal((await stage('cyd', { photographs: [paintWall()] })).outcome, 'refused');
    const two = await stage('cyd', { photographs: [paintFace('cyd'), paintFace('dan')] });
    assert.equal(two.outcome, 'refused', 'one row is one person');
    assert.equal((await session.commit()).length, 1);
  });

  served('ends with the connection that began it', async (client, { behind }) => {
    const session = await openImport(client);
    await session.stage({ ...request('ada'), isDuplicateAllowed: false });
    assert.equal(behind.rowCount(), 1);
    session[Symbol.dispose]();
    await until('the staged row is forgotten', () => behind.rowCount() === 0);
    await assert.rejects(session.commit(), { code: 'no-such-import' });
  });

  served('ends the answer that holds it open when it is committed', async (client) => {
    const lines = await client.call('imports.begin', {});
    let importId = '';
    for await (const line of lines) {
      importId = line.importId;
      await client.call('imports.stage', { importId, ...request('ada') });
      await client.call('imports.commit', { importId });
    }
    assert.deepEqual(await names(client), ['ada']);
  });

  served('is one of a few at a time', async (client) => {
    const open = await Promise.all(Array.from({ length: 8 }, () => openImport(client)));
    await assert.rejects(openImport(client), { code: 'too-many-imports' });
    await open[0]?.abandon();
    const next = await openImport(client);
    for (const session of [...open, next]) session[Symbol.dispose]();
  });
});

describe('a request that does not follow the contract', () => {
  served('is refused and changes nothing', async (client) => {
    const id = await enrol(client, 'ada');
    const bad = { code: 'bad-request' };
    const { photographs } = request('bea');
    for (const refused of [
      () => client.call('persons.enrol', { name: 'Bea', photographs: [Buffer.alloc(0)] }),
      () => client.call('persons.enrol', { name: 'Bea', photographs: Array(21).fill(photographs[0]) }),
      () => client.call('persons.enrol', { name: 'Bea', photographs, faceNumber: 0 }),
      () => client.call('persons.enrol', { name: 'x'.repeat(401), photographs }),
      () => client.call('persons.update', { id, ...{ state: 'active' } }),
      () => client.call('persons.update', { id, ifRevision: 0 }),
      () => client.call('persons.update', { id, threshold: { similarity: 1.5, reason: 'x' } }),
      () => client.call('persons.list', { limit: 1001 }),
    ]) {
      await assert.rejects(refused(), bad, String(refused));
    }
    assert.equal((await show(client, id)).revision, 1);
    assert.deepEqual(await names(client, 'included'), ['ada']);
  });
});
