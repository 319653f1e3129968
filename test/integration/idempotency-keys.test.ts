import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import type { OperationDeclaration } from '../../daemon/contract/operation.js';
import { type OperationId, operations } from '../../daemon/contract/operations.js';
import type { Scope } from '../../daemon/contract/scopes.js';
import { Creations } from '../../daemon/core/api/idempotency.js';
import type { KeptRequest, RequestPlace } from '../../daemon/core/api/kept-requests.js';
import { writeInput } from '../../daemon/core/api/written-input.js';
import { openRecordStores, type RecordStores } from '../../daemon/core/compose/record-stores.js';
import { Sqlite } from '../../daemon/host/sqlite-driver.js';
import { systemRandom } from '../../daemon/host/system-random.js';
import { badInput, defect, operational } from '../../daemon/kernel/errors.js';
import { personId } from '../../daemon/kernel/ids.js';
import { silentLogger } from '../../daemon/kernel/logger.js';
import { VirtualClock } from '../../daemon/kernel/virtual-clock.js';
import { exitOf } from '../../scripts/child-end.js';
import { readExamples } from '../../scripts/operation-examples/read.js';
import { builtChild, root } from '../support/built.js';
import { temporaryDirectory, tester } from '../support/gallery-fixture.js';
import { openGalleryPersons } from '../support/gallery-persons.js';
import { keyedEnrolment } from '../support/keyed-enrolment.js';
import { networkCaller, type Said, startOperationsServer } from '../support/operations-server.js';
import { paintFace } from '../support/painted-faces.js';
import { until } from '../support/until.js';

const at = (actor: string, key: string): RequestPlace => ({ actor, operation: 'persons.enrol', key });
const done = (objectId: string): KeptRequest => ({ state: 'done', content: 'c', objectId, answer: '{}' });
const found = (objectId: string) => ({ ...done(objectId), isSame: true });
const hourMs = 60 * 60_000;

function open(folder: string, clock: VirtualClock, auditKeys = [Buffer.alloc(32, 1)]): RecordStores {
  const encode = () => new Uint8Array();
  return openRecordStores({
    path: join(folder, 'records.db'),
    auditKeys,
    encode,
    clock,
    random: systemRandom,
  });
}

describe('idempotency keys', () => {
  test('belong to one caller each, last 24 hours over restarts, and go with an erased person', async (t) => {
    const folder = temporaryDirectory(t);
    const clock = new VirtualClock(0);
    {
      await using records = open(folder, clock);
      records.requests.keep(at('user:1', 'key'), done('p-1'), ['p-1']);
      records.requests.keep(at('user:1', 'other'), done('p-2'), ['p-2']);
      for (const person of ['p-3', 'p-4']) records.requests.keep(at('user:1', person), done('p-5'), [person]);
      records.requests.forget('p-3');
      records.retention.forgetAbout(personId('p-4'));
    }
    await using records = open(folder, clock);
    const { requests } = records;
    assert.deepEqual(requests.find(at('user:1', 'key'), 'c'), found('p-1'));
    assert.equal(requests.find(at('user:2', 'key'), 'c'), undefined);
    assert.equal(requests.find({ ...at('user:1', 'key'), operation: 'roles.create' }, 'c'), undefined);
    for (const person of ['p-3', 'p-4']) assert.equal(requests.find(at('user:1', person), 'c'), undefined);
    clock.advanceBy(24 * hourMs - 1);
    assert.equal(requests.find(at('user:1', 'other'), 'c')?.objectId, 'p-2');
    clock.advanceBy(1);
    assert.equal(requests.find(at('user:1', 'other'), 'c'), undefined);

    const file = new Sqlite(join(folder, 'records.db'), { readonly: true });
    const rows = file.prepare('SELECT count(*) FROM kept_request').pluck();
    assert.equal(rows.get(), 2);
    records.retention.emptyLog();
    assert.equal(rows.get(), 0, 'a day ends without a new request, too');
    file.close();
  });

  test('of a clock that was years ahead are forgotten', async (t) => {
    const folder = temporaryDirectory(t);
    {
      await using records = open(folder, new VirtualClock(900 * 24 * hourMs));
      records.requests.keep(at('user:1', 'of a wrong clock'), done('p-1'));
    }
    await using records = open(folder, new VirtualClock(24 * hourMs));
    assert.equal(records.requests.find(at('user:1', 'of a wrong clock'), 'c'), undefined);
    records.retention.emptyLog();
    const file = new Sqlite(join(folder, 'records.db'), { readonly: true });
    assert.equal(file.prepare('SELECT count(*) FROM kept_request').pluck().get(), 0);
    file.close();
  });

  test('are sealed by a key of the box, also after the box got another one', async (t) => {
    const folder = temporaryDirectory(t);
    const clock = new VirtualClock(0);
    {
      await using records = open(folder, clock);
      records.requests.keep(at('uid:0', 'a secret key'), { ...done('p-1'), answer: '"Ada"' }, ['p-1']);
    }
    const bytes = readdirSync(folder).map((name) => readFileSync(join(folder, name)).toString('latin1'));
    assert.doesNotMatch(bytes.join(), /a secret key|Ada|uid:0/);
    {
      await using records = open(folder, clock, [Buffer.alloc(32, 2)]);
      assert.equal(records.requests.find(at('uid:0', 'a secret key'), 'c'), undefined, 'the key of a thief');
    }
    await using records = open(folder, clock, [Buffer.alloc(32, 3), Buffer.alloc(32, 1)]);
    assert.equal(records.requests.find(at('uid:0', 'a secret key'), 'c')?.answer, '"Ada"');
    assert.equal(records.requests.find(at('uid:0', 'a secret key'), 'other')?.isSame, false);
    records.requests.keep(at('uid:0', 'a secret key'), done('p-2'));
    assert.equal(
      records.requests.find(at('uid:0', 'a secret key'), 'c')?.objectId,
      'p-2',
      'replaces the old',
    );
  });

  test('answer with nothing that somebody else wrote into the file, moved or prolonged', async (t) => {
    const folder = temporaryDirectory(t);
    const clock = new VirtualClock(hourMs);
    await using records = open(folder, clock);
    const { requests } = records;
    requests.keep(at('uid:0', 'the first'), done('p-1'));
    requests.keep(at('uid:0', 'the second'), done('p-2'));
    const file = new Sqlite(join(folder, 'records.db'));
    const changeTo = (sql: string) => {
      file.exec(sql);
      return [requests.find(at('uid:0', 'the first'), 'c'), requests.find(at('uid:0', 'the second'), 'c')];
    };
    const unknown = { state: 'begun', content: 'c', isSame: true };
    const moved = changeTo(
      `UPDATE kept_request SET sealed = other.sealed
       FROM (SELECT place, sealed FROM kept_request) AS other WHERE other.place <> kept_request.place`,
    );
    assert.deepEqual(moved, [unknown, unknown]);
    requests.keep(at('uid:0', 'the first'), done('p-1'));
    assert.deepEqual(changeTo('UPDATE kept_request SET at_ms = at_ms + 1'), [unknown, unknown]);
    assert.deepEqual(changeTo("UPDATE kept_request SET sealed = x'00'"), [unknown, unknown]);
    file.close();
  });

  test('take a bounded room: whoever sends the most loses the oldest', async (t) => {
    const folder = temporaryDirectory(t);
    const clock = new VirtualClock(1000);
    await using records = open(folder, clock);
    const { requests } = records;
    requests.keep(at('user:quiet', 'the first of all'), done('p-1'));
    clock.advanceBy(1);
    requests.keep(at('uid:0', 'the oldest of many'), done('p-1'));
    const file = new Sqlite(join(folder, 'records.db'));
    file.exec(
      `WITH RECURSIVE number (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM number WHERE n < 9998)
       INSERT INTO kept_request SELECT randomblob(32), caller, sealed, at_ms + n
       FROM (SELECT * FROM kept_request ORDER BY at_ms DESC LIMIT 1), number`,
    );
    clock.advanceBy(20_000);
    assert.ok(requests.find(at('uid:0', 'the oldest of many'), 'c'));
    requests.keep(at('user:quiet', 'the last of all'), done('p-2'));
    const left = file.prepare('SELECT count(*) FROM kept_request').pluck().get();
    file.close();
    assert.equal(left, 10_000);
    assert.equal(requests.find(at('uid:0', 'the oldest of many'), 'c'), undefined);
    assert.ok(requests.find(at('user:quiet', 'the first of all'), 'c'));
  });

  for (const [moment, stored] of [
    ['remembered', 0],
    ['stored', 1],
  ] as const) {
    test(`enrol a person once, also when the box is killed when the key is ${moment}`, async (t) => {
      const directory = temporaryDirectory(t);
      const child = spawn(
        process.execPath,
        [builtChild('test/support/enrolment-child.ts'), directory, moment],
        { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] },
      );
      assert.equal((await exitOf(child)).signal, 'SIGKILL');
      await using box = await openGalleryPersons({ directory });
      assert.equal(box.rowCount(), stored);
      const [before] = await box.vault.gallery().listPersons();
      const first = await box.persons.add(keyedEnrolment, tester);
      const second = await box.persons.add(keyedEnrolment, tester);
      assert.ok(first.outcome === 'enrolled');
      if (before !== undefined) assert.equal(first.person.id, before.id);
      assert.deepEqual(second, first);
      assert.equal(box.rowCount(), 1);
      const other = { ...keyedEnrolment, photographs: [paintFace('ada', 3)] };
      await assert.rejects(box.persons.add(other, tester), { code: 'idempotency-key-reused' });
    });
  }
});

const key = 'a1b2c3d4e5';
const examples = readExamples(root);
/** The example of `enrolments.finish` only checks. */
const dataOf = (id: string): unknown =>
  Object(examples[id === 'enrolments.finish' ? 'persons.enrol' : id]?.answer).data;
const all: Readonly<Record<string, OperationDeclaration>> = operations;

/** Serves an operation with real records. `make` is what its handler does. */
async function serve(
  records: RecordStores,
  id: OperationId,
  make: (input: object) => unknown = () => dataOf(id),
  more: Partial<Parameters<typeof startOperationsServer>[0]> = {},
) {
  const declaration = all[id];
  assert.ok(declaration !== undefined);
  let calls = 0;
  const server = await startOperationsServer({
    operations: { [id]: declaration },
    handlers: {
      [id]: (input: object) => {
        calls += 1;
        return make(input);
      },
    },
    creations: new Creations({ kept: records.requests, logger: silentLogger }),
    ...more,
  });
  /** Sends the example, or what is given, under the key. */
  const send = (input: object = {}, as = 'anna', sentKey = key): Promise<Said> => {
    const secret = Buffer.from('a secret of a test');
    const secrets = Object.entries(declaration.secrets ?? {}).map(([name]) => [name, secret]);
    const files = Object.keys(declaration.files ?? {}).map((name) => [name, [Buffer.from('a photograph')]]);
    const parts = Object.fromEntries([...secrets, ...files]);
    const { path, headers, body } = writeInput(declaration, { ...parts, ...examples[id]?.request, ...input });
    const sent = { ...headers, 'idempotency-key': sentKey };
    return server.ask(declaration.method, path, {
      ...{ as, headers: sent },
      ...(body === undefined ? {} : { body }),
    });
  };
  return { send, calls: () => calls, [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() };
}

function deferred(): { readonly promise: Promise<void>; readonly resolve: () => void } {
  let resolve = (): void => undefined;
  const promise = new Promise<void>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}

const dataIn = ({ body }: Said): unknown => Object(JSON.parse(body)).data;
const isReplayed = ({ headers }: Said): boolean => headers['idempotency-replayed'] === 'true';
const role = { name: 'porter', description: '', scopes: [] };
const person = 'p-0123456789abcdefghjkmnpqrs';

describe('a request with an idempotency key', () => {
  const creating = Object.entries(all).filter(
    ([id, { creates, isLocalOnly }]) =>
      creates !== undefined && isLocalOnly !== true && id !== 'persons.enrol' && examples[id] !== undefined,
  );

  for (const [id, { creates }] of creating) {
    test(`makes nothing again: ${id}`, async (t) => {
      await using records = open(temporaryDirectory(t), new VirtualClock(0));
      await using served = await serve(records, id as OperationId);
      const first = await served.send();
      assert.equal(first.status, 200, first.body);
      const again = await served.send();
      assert.equal(served.calls(), 1);
      const namesPerson = /"p-[0-9a-z]{26}"/.test(first.body);
      if (creates?.lost === undefined && !namesPerson) {
        assert.deepEqual([again.status, dataIn(again)], [200, dataIn(first)]);
        assert.deepEqual([isReplayed(first), isReplayed(again)], [false, true]);
      } else assert.deepEqual([again.status, again.code], [409, 'idempotency-answer-not-kept']);
    });
  }

  test('is refused with other content, and is one of its caller and operation', async (t) => {
    await using records = open(temporaryDirectory(t), new VirtualClock(0));
    await using served = await serve(records, 'roles.create', () => dataOf('roles.create'));
    assert.equal((await served.send(role)).status, 200);
    const other = await served.send({ ...role, scopes: ['events:read'] });
    assert.deepEqual([other.status, other.code], [409, 'idempotency-key-reused']);
    assert.equal(isReplayed(await served.send(role, 'berta')), false);
    assert.equal(served.calls(), 2);
    assert.equal((await served.send(role, 'anna', 'short')).code, 'bad-request');
  });

  test('waits for the first one, and is done anew where that was refused', async (t) => {
    await using records = open(temporaryDirectory(t), new VirtualClock(0));
    let isFirst = true;
    const refuse = deferred();
    await using served = await serve(records, 'roles.create', async () => {
      if (!isFirst) return dataOf('roles.create');
      isFirst = false;
      await refuse.promise;
      throw badInput('name-taken', 'the name is taken');
    });
    const answers = Promise.all([served.send(role), served.send(role), served.send(role)]);
    await until('the first one', () => served.calls() === 1);
    refuse.resolve();
    const outcomes = (await answers).map((said) => said.code ?? (isReplayed(said) ? 'again' : 'made'));
    assert.deepEqual(outcomes.sort(), ['again', 'made', 'name-taken']);
    assert.equal(served.calls(), 2);
  });

  test('has an unknown outcome where the box was killed in between', async (t) => {
    const folder = temporaryDirectory(t);
    const child = spawn(
      process.execPath,
      [builtChild('test/support/creation-child.ts'), folder, 'roles.create', key, JSON.stringify(role)],
      { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] },
    );
    assert.equal((await exitOf(child)).signal, 'SIGKILL');
    await using records = open(folder, new VirtualClock(Date.now()));
    await using served = await serve(records, 'roles.create');
    const again = await served.send(role);
    assert.deepEqual([again.status, again.code], [409, 'idempotency-outcome-unknown']);
    assert.match(again.body, /roles\.list/);
    assert.equal((await served.send({ ...role, description: 'x' })).code, 'idempotency-key-reused');
    assert.equal((await served.send(role, 'anna', 'another-key')).status, 200);
    assert.equal(served.calls(), 1);
  });

  test('is answered after a restart, and has an unknown outcome after a mistake of the program', async (t) => {
    const folder = temporaryDirectory(t);
    {
      await using records = open(folder, new VirtualClock(0));
      await using served = await serve(records, 'roles.create');
      assert.equal((await served.send(role)).status, 200);
      await using failing = await serve(records, 'alerts.mute', () => {
        throw defect('a-mistake', 'of the program');
      });
      assert.equal((await failing.send()).status, 500);
    }
    await using records = open(folder, new VirtualClock(0));
    await using served = await serve(records, 'roles.create');
    assert.ok(isReplayed(await served.send(role)));
    await using failing = await serve(records, 'alerts.mute');
    const again = await failing.send();
    assert.deepEqual([again.status, again.code], [409, 'idempotency-outcome-unknown']);
    assert.match(again.body, /alerts\.mutes/);
    assert.equal(served.calls() + failing.calls(), 0);
  });

  test('leaves no secret in the file, and names what it made', async (t) => {
    const folder = temporaryDirectory(t);
    await using records = open(folder, new VirtualClock(0));
    await using served = await serve(records, 'api-keys.create');
    const kept: KeptRequest[] = [];
    const { keep } = records.requests;
    records.requests.keep = (place, request, persons) => {
      kept.push(request);
      keep(place, request, persons);
    };
    const first = Object(dataIn(await served.send()));
    assert.ok(first.secret.length > 10);
    const again = await served.send();
    const { details, remedy } = Object(JSON.parse(again.body)).error;
    assert.deepEqual(details, { id: first.apiKey.id });
    assert.match(remedy, /api-keys\.revoke/);
    assert.deepEqual(
      kept.map(({ state, answer }) => [state, answer]),
      [
        ['begun', undefined],
        ['done', undefined],
      ],
    );
  });

  test('asks a second person once, and is done after their approval', async (t) => {
    await using records = open(temporaryDirectory(t), new VirtualClock(0));
    const asked: object[] = [];
    let isApproved = false;
    await using served = await serve(records, 'roles.create', undefined, {
      secondPerson: ({ input }) => {
        asked.push(input);
        if (!isApproved) throw badInput('approval-required', 'a second person must approve this first');
      },
    });
    for (let count = 0; count < 2; count += 1) {
      assert.equal((await served.send(role)).code, 'approval-required');
    }
    isApproved = true;
    assert.equal((await served.send(role)).status, 200);
    isApproved = false;
    assert.ok(isReplayed(await served.send(role)), 'nobody is asked to approve what was done');
    assert.equal(asked.length, 3);
  });

  test('is free again where its answer says that nothing was made', async (t) => {
    await using records = open(temporaryDirectory(t), new VirtualClock(0));
    const refused = { outcome: 'refused', photographs: [] };
    await using served = await serve(records, 'persons.photographs.add', () => refused);
    const answers = [await served.send({ id: person }), await served.send({ id: person })];
    assert.deepEqual(answers.map(isReplayed), [false, false]);
    assert.equal(served.calls(), 2);
  });

  test('tells no answer to a caller whose rights have changed, and none that this version does not know', async (t) => {
    await using records = open(temporaryDirectory(t), new VirtualClock(0));
    const scopes = new Set<Scope>(['users:write', 'names:read']);
    await using served = await serve(records, 'roles.create', undefined, {
      callerOf: (name) => ({ ...networkCaller(name), scopes: new Set(scopes) }),
    });
    await served.send(role);
    scopes.delete('names:read');
    assert.equal((await served.send(role)).code, 'idempotency-answer-not-kept');
    scopes.add('names:read');
    assert.ok(isReplayed(await served.send(role)));
    const { find } = records.requests;
    records.requests.find = (place, content) => {
      const kept = find(place, content);
      return kept === undefined ? undefined : { ...kept, answer: '{"name":"porter"}' };
    };
    assert.equal((await served.send(role)).code, 'idempotency-answer-not-kept');
  });

  test('keeps no answer about a person, and nothing of a person who was erased', async (t) => {
    await using records = open(temporaryDirectory(t), new VirtualClock(0));
    const answer = Object(dataOf('attendance.correct'));
    const corrected = { ...answer, correction: { ...answer.correction, person } };
    await using served = await serve(records, 'attendance.correct', () => corrected);
    assert.equal((await served.send()).status, 200);
    assert.equal((await served.send()).code, 'idempotency-answer-not-kept');
    records.retention.forgetAbout(personId(person));
    assert.equal((await served.send()).status, 200);
    assert.equal(served.calls(), 2);
  });

  test('has an unknown outcome after an error that may come late, and none while the box is busy', async (t) => {
    await using records = open(temporaryDirectory(t), new VirtualClock(0));
    for (const [code, again] of [
      ['busy', 'busy'],
      ['disk-full', 'idempotency-outcome-unknown'],
    ] as const) {
      await using served = await serve(records, 'roles.create', () => {
        throw operational(code, 'not now');
      });
      assert.equal((await served.send(role)).code, code);
      assert.equal((await served.send(role)).code, again);
    }
  });

  test('hides no secret in a hash: two passwords are the same content', async (t) => {
    await using records = open(temporaryDirectory(t), new VirtualClock(0));
    await using served = await serve(records, 'users.create');
    const first = await served.send({ password: 'the first of two passwords' });
    assert.equal(first.status, 200, first.body);
    const again = await served.send({ password: 'the second of two passwords' });
    assert.equal(again.code, 'idempotency-answer-not-kept');
  });
});
