import assert from 'node:assert/strict';
import {
  copyFileSync,
  cpSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { type NewAuditEntry, recordedDetails } from '../../daemon/core/audit/audit-entry.js';
import type { AuditLog } from '../../daemon/core/audit/audit-log.js';
import type { AcceptedCommand } from '../../daemon/core/commands/command-memory.js';
import type { RecordStores } from '../../daemon/core/compose/record-stores.js';
import {
  checkLossEveryMs,
  lossReportedForMs,
  lossReporter,
} from '../../daemon/core/conditions/records-loss.js';
import { checkPlaceEveryMs, recordsPlaceWatch } from '../../daemon/core/conditions/records-place-watch.js';
import type { ConditionPort } from '../../daemon/core/delivery/condition-port.js';
import { recordsApplicationId, recordsMigrations } from '../../daemon/core/records/records-schema.js';
import { positionOf } from '../../daemon/core/records/recovery/marked-database.js';
import { RecordsMark } from '../../daemon/core/records/recovery/records-mark.js';
import { salvageInto } from '../../daemon/core/records/recovery/salvage.js';
import { openDatabase } from '../../daemon/host/sqlite.js';
import { Sqlite } from '../../daemon/host/sqlite-driver.js';
import { operational } from '../../daemon/kernel/errors.js';
import { silentLogger } from '../../daemon/kernel/logger.js';
import { seededRandom } from '../../daemon/kernel/random.js';
import { VirtualClock } from '../../daemon/kernel/virtual-clock.js';
import { assortedFacts, attendanceFact } from '../support/facts.js';
import {
  loseRecords,
  markPathIn,
  memoryTrail,
  openMarkedRecords,
  recordsPathIn,
  sealWith,
} from '../support/marked-records.js';
import { openMemoryDatabase } from '../support/memory-database.js';
import { gapsOf, waitingSequences } from '../support/outbox-records.js';
import { passageIdOf, passageOf } from '../support/passage-fixture.js';
import { memoryLog, temporaryFolder } from '../support/published-box.js';

const limits = { commands: 32, bytes: 1e6 };

const commandIssuedAt = (commandId: string, issuedAtMs: number): AcceptedCommand => ({
  ...{ issuerId: 'centre', keyId: 'key', name: 'set-camera', arguments: '{}' },
  ...{ commandId, issuedAtMs, expiresAtMs: issuedAtMs + 86_400_000, claimsHash: new Uint8Array(32) },
});

const shownEntry = { sequence: 1, atMs: 0, actor: 'daemon', origin: 'start', hash: '' };

/** Of a box with 30 events, of which the first ten have left the outbox; closed. Made once: each test has a copy. */
const pristine = temporaryFolder();
before(async () => {
  await using records = openMarkedRecords({ folder: pristine.path });
  records.recordAll(assortedFacts(30));
  records.outbox.acknowledge(Array.from({ length: 10 }, (_, index) => index + 1));
});
after(() => pristine[Symbol.dispose]());

function boxWithEvents() {
  const folder = temporaryFolder();
  cpSync(pristine.path, folder.path, { recursive: true });
  return folder;
}

/** What the box reports about the loss, and the numbers that it continues with. */
function toldBy(records: RecordStores) {
  const told = records.loss.reported();
  const next = records.record(attendanceFact()).sequence;
  return { loss: told?.loss, gap: told?.gap, next, gaps: gapsOf(records).map(({ said }) => said) };
}

describe('a records.db that is removed while it is open', () => {
  test('is written back with everything, also what was recorded after', async () => {
    using folder = boxWithEvents();
    const path = recordsPathIn(folder.path);
    {
      await using records = openMarkedRecords({ folder: folder.path });
      assert.equal(records.isInPlace(), true);
      for (const log of ['', '-wal', '-shm']) rmSync(`${path}${log}`, { force: true });
      assert.equal(records.isInPlace(), false);
      records.recordAll(assortedFacts(5));
    }
    await using again = openMarkedRecords({ folder: folder.path });
    assert.equal(again.loss.reported(), undefined);
    assert.equal(again.list({ limit: 100 }).length, 35);
    assert.equal(statSync(path).mode & 0o777, 0o600);
  });

  test('stays beside the file that took its place', async () => {
    using folder = boxWithEvents();
    const path = recordsPathIn(folder.path);
    {
      await using records = openMarkedRecords({ folder: folder.path });
      records.recordAll(assortedFacts(5));
      copyFileSync(recordsPathIn(pristine.path), `${path}.other`);
      for (const log of ['-wal', '-shm']) rmSync(`${path}${log}`, { force: true });
      renameSync(`${path}.other`, path);
    }
    const displaced = readdirSync(dirname(path)).filter((name) => name.includes('.displaced-'));
    assert.equal(displaced.length, 1);
    const saved = new Sqlite(join(dirname(path), displaced[0] ?? ''), { readonly: true });
    assert.equal(saved.prepare('SELECT count(*) FROM event').pluck().get(), 35);
    saved.close();
  });

  test('ends the daemon once, which starts again with it', async () => {
    const clock = new VirtualClock();
    let isInPlace = true;
    const ends: Error[] = [];
    const records = { isInPlace: () => isInPlace };
    const onRemoved = (error: Error): void => void ends.push(error);
    await using watch = recordsPlaceWatch({ records, onRemoved, clock, logger: silentLogger }).start();
    await watch.settled();
    assert.deepEqual(ends, []);
    isInPlace = false;
    for (let round = 0; round < 3; round++) {
      clock.advanceBy(checkPlaceEveryMs);
      await watch.settled();
    }
    assert.deepEqual(
      ends.map((error) => (error as { code?: string }).code),
      ['records-removed'],
    );
  });
});

describe('a lost records.db', () => {
  test('is recognised by its mark, which has the number up to which all events were sent', () => {
    using folder = boxWithEvents();
    const database = openDatabase(recordsPathIn(folder.path), {
      migrations: recordsMigrations,
      applicationId: recordsApplicationId,
    });
    const { event, settled } = positionOf(database)();
    database.close();
    assert.deepEqual([event, settled], [30, 10]);
  });

  for (const [what, lose] of [
    ['removed', loseRecords],
    ['emptied', (folder: string) => truncateSync(recordsPathIn(folder), 0)],
  ] as const) {
    test(`numbers continue above the reserved ones, and the gap is recorded, if the file was ${what}`, async () => {
      using folder = boxWithEvents();
      const options = { folder: folder.path };
      lose(folder.path);
      await using records = openMarkedRecords(options);
      const { gap, ...told } = toldBy(records);
      assert.deepEqual(gap, { first: 11, last: 1000, count: 990 });
      const said = { firstSequence: 11, lastSequence: 1000, counts: { lost: 990 }, reason: 'lost' };
      // Behind the gap comes the notice that who is enrolled has to be compared.
      assert.deepEqual(told, { loss: 'missing', next: 1003, gaps: [said] });
      assert.ok(records.takeStateSequences(1) > 0);
    });
  }

  test('is not reported if a power cut undoes a passage that no event needed', async () => {
    using folder = boxWithEvents();
    const options = { folder: folder.path };
    const before = readFileSync(recordsPathIn(folder.path));
    {
      await using records = openMarkedRecords(options);
      records.passages.put(passageOf(1));
    }
    writeFileSync(recordsPathIn(folder.path), before);
    {
      await using records = openMarkedRecords(options);
      assert.equal(records.loss.reported(), undefined);
      assert.deepEqual(records.passages.list({ limit: 1 }), []);
      records.record(attendanceFact(), ({ id }) => records.passages.put(passageOf(1, { events: [id] })));
    }
    // With an event it is different.
    writeFileSync(recordsPathIn(folder.path), before);
    await using records = openMarkedRecords(options);
    assert.equal(records.loss.reported()?.loss, 'older');
  });

  test('numbers of state messages are not repeated either', async () => {
    using folder = temporaryFolder();
    const options = { folder: folder.path };
    let last = 0;
    {
      await using records = openMarkedRecords(options);
      last = records.takeStateSequences(32);
    }
    loseRecords(folder.path);
    await using records = openMarkedRecords(options);
    assert.ok(records.takeStateSequences(1) > last);
  });

  test('is detected by the second store when the mark is also lost', async () => {
    using folder = boxWithEvents();
    const trail = memoryTrail();
    trail.note({ eventTo: 1000, stateTo: 1000 });
    const options = { folder: folder.path, trail };
    loseRecords(folder.path);
    rmSync(markPathIn(folder.path));
    await using records = openMarkedRecords(options);
    const { loss, next } = toldBy(records);
    assert.equal(loss, 'missing');
    assert.ok(next > 1000, `number ${next} was reserved before`);
  });

  test('a new box and one of an earlier release report no loss', async () => {
    using folder = temporaryFolder();
    const options = { folder: folder.path };
    {
      await using records = openMarkedRecords(options);
      assert.equal(records.loss.reported(), undefined);
      assert.equal(records.record(attendanceFact()).sequence, 1);
    }
    await using records = openMarkedRecords(options);
    assert.equal(records.loss.reported(), undefined);
    assert.equal(records.record(attendanceFact()).sequence, 2);
  });

  test('a gap that was lost before its delivery is recorded again', async () => {
    using folder = boxWithEvents();
    const options = { folder: folder.path };
    const firsts: (number | undefined)[] = [];
    for (const _loss of [1, 2]) {
      loseRecords(folder.path);
      await using records = openMarkedRecords(options);
      firsts.push(records.loss.reported()?.gap?.first);
    }
    assert.deepEqual(firsts, [11, 11]);
  });

  test('is reported for a week, and once in the audit log', async () => {
    using folder = boxWithEvents();
    loseRecords(folder.path);
    const clock = new VirtualClock();
    await using records = openMarkedRecords({ folder: folder.path, clock });
    const said: string[] = [];
    const entries: NewAuditEntry[] = [];
    const conditions: ConditionPort = {
      begin: () => undefined,
      end: (condition) => void said.push(`end ${condition}`),
      change: (condition, _details, { active = [] }) => void said.push(`${condition} ${active.join()}`),
    };
    const audit: Pick<AuditLog, 'append' | 'list'> = {
      append: (entry) => ({ sequence: entries.push(entry), hash: '' }),
      list: () =>
        entries.map((entry) => ({
          ...shownEntry,
          action: entry.action,
          details: recordedDetails(entry.details ?? {}),
        })),
    };
    await using news = lossReporter({ records, audit, conditions, clock, logger: silentLogger }).start();
    await news.settled();
    clock.advanceBy(checkLossEveryMs);
    await news.settled();
    assert.deepEqual(said, ['records-lost missing', 'records-lost missing']);
    assert.deepEqual(
      entries.map(({ action, details }) => [action, details?.['loss'], details?.['lost']]),
      [['records.lost', 'missing', 990]],
    );
    clock.advanceBy(lossReportedForMs);
    await news.settled();
    clock.advanceBy(checkLossEveryMs);
    await news.settled();
    assert.equal(said.at(-1), 'end records-lost');
    assert.equal(records.loss.reported(), undefined);
  });

  test('numbers continue after a second loss', async () => {
    using folder = boxWithEvents();
    const options = { folder: folder.path };
    const seen = new Set<number>();
    for (const _loss of [1, 2, 3]) {
      loseRecords(folder.path);
      await using records = openMarkedRecords(options);
      for (const { sequence } of records.list({ limit: 100 })) {
        assert.ok(!seen.has(sequence), `number ${sequence} was given twice`);
        seen.add(sequence);
      }
    }
    assert.equal(seen.size, 6);
  });
});

test('the mark beside records.db is closed to others, and reserves no number twice', async () => {
  using folder = temporaryFolder();
  const trail = memoryTrail();
  await using records = openMarkedRecords({ folder: folder.path, trail });
  const modes = [markPathIn(folder.path), dirname(markPathIn(folder.path))].map(
    (path) => statSync(path).mode,
  );
  assert.deepEqual(
    modes.map((mode) => mode & 0o777),
    [0o600, 0o700],
  );
  const [{ eventTo } = assert.fail()] = trail.all;
  const reservedFor = (count: number): number => {
    records.recordAll(assortedFacts(count));
    return trail.all.at(-1)?.eventTo ?? 0;
  };
  assert.equal(reservedFor(eventTo), eventTo);
  const before = trail.all.length;
  assert.equal(before, 1, 'the last number of a block needs no new one');
  assert.equal(reservedFor(1), eventTo + 1001);
  assert.equal(trail.all.length, 2);
});

test('a mark that cannot be written is one warning, until it can be written again', () => {
  using folder = temporaryFolder();
  const log = memoryLog();
  const seal = sealWith('a key');
  const mark = RecordsMark.open({
    ...{ path: markPathIn(folder.path), trail: memoryTrail(), clock: new VirtualClock(), logger: log.logger },
    seal: {
      ...seal,
      seal(text) {
        if (isFull) throw operational('disk-full', 'there is no space');
        return seal.seal(text);
      },
    },
  });
  let isFull = false;
  const position = { lineage: 'a', revision: 1, event: 0, state: 0, settled: 0, centre: 0 };
  mark.begin(position);
  const warned = (given: boolean): number => {
    isFull = given;
    mark.note(position);
    return log.lines.length;
  };
  assert.deepEqual([true, true, false, true].map(warned), [1, 1, 1, 2]);
  mark[Symbol.dispose]();
});

describe('an older copy of records.db', () => {
  test('is detected although no block of numbers was used up, and repeats no number', async () => {
    using folder = boxWithEvents();
    const options = { folder: folder.path };
    const copy = join(folder.path, 'copy.db');
    copyFileSync(recordsPathIn(folder.path), copy);
    {
      await using records = openMarkedRecords(options);
      for (const fact of assortedFacts(5)) records.record(fact);
      records.outbox.acknowledge([11, 12, 13]);
    }
    loseRecords(folder.path);
    copyFileSync(copy, recordsPathIn(folder.path));
    await using records = openMarkedRecords(options);
    // What it holds still waits; what has left the outbox since does not come back.
    assert.deepEqual(waitingSequences(records.outbox).slice(0, 2), [14, 15]);
    const { loss, gap } = toldBy(records);
    assert.deepEqual({ loss, gap }, { loss: 'older', gap: { first: 31, last: 1000, count: 970 } });
    assert.equal(records.list({ limit: 100, toSequence: 30 }).length, 30);
  });

  test('sends every event that may not have left the box, also if the copy was made in the middle of a write', async () => {
    using folder = boxWithEvents();
    const options = { folder: folder.path };
    const copy = join(folder.path, 'copy.db');
    copyFileSync(recordsPathIn(folder.path), copy);
    {
      // Pages from different moments: an event of which the outbox knows nothing.
      const database = new Sqlite(copy);
      database.prepare('DELETE FROM outbox WHERE sequence = 15').run();
      database.close();
    }
    {
      await using records = openMarkedRecords(options);
      records.record(attendanceFact());
    }
    loseRecords(folder.path);
    copyFileSync(copy, recordsPathIn(folder.path));
    await using records = openMarkedRecords(options);
    assert.equal(records.loss.reported()?.loss, 'older');
    const waiting = waitingSequences(records.outbox).filter((sequence) => sequence <= 30);
    assert.deepEqual(
      waiting,
      Array.from({ length: 20 }, (_, index) => index + 11),
    );
  });

  test('executes no waiting command and accepts no earlier one', async () => {
    using folder = temporaryFolder();
    const clock = new VirtualClock();
    const options = { folder: folder.path, clock };
    const copy = join(folder.path, 'copy.db');
    {
      await using records = openMarkedRecords(options);
      records.commands.memory.accept(commandIssuedAt('waits', clock.wallMs()), limits);
    }
    copyFileSync(recordsPathIn(folder.path), copy);
    const executed = commandIssuedAt('executed later', clock.wallMs() + 30_000);
    {
      await using records = openMarkedRecords(options);
      records.commands.memory.accept(executed, limits);
    }
    loseRecords(folder.path);
    copyFileSync(copy, recordsPathIn(folder.path));
    await using records = openMarkedRecords(options);
    const { memory } = records.commands;
    assert.equal(memory.nextWaiting(), undefined);
    assert.equal(memory.accept(executed, limits).outcome, 'memory-lost');
    assert.equal(memory.accept(commandIssuedAt('waits', clock.wallMs()), limits).outcome, 'memory-lost');
    const fresh = commandIssuedAt('given since', clock.wallMs() + 121_000);
    assert.equal(memory.accept(fresh, limits).outcome, 'accepted');
  });

  test('is also reported for a file without its write-ahead log after a kill', async () => {
    using folder = temporaryFolder();
    using killed = temporaryFolder();
    await using records = openMarkedRecords({ folder: folder.path });
    for (const fact of assortedFacts(8)) records.record(fact);
    // What a kill leaves: the files as they are while the records are open.
    cpSync(folder.path, killed.path, { recursive: true });
    rmSync(`${recordsPathIn(killed.path)}-wal`);
    await using after = openMarkedRecords({ folder: killed.path });
    const { loss, gap } = toldBy(after);
    assert.deepEqual({ loss, first: gap?.first, last: gap?.last }, { loss: 'older', first: 1, last: 1000 });
  });

  test('a kill alone loses nothing and reports nothing', async () => {
    using folder = temporaryFolder();
    using killed = temporaryFolder();
    await using records = openMarkedRecords({ folder: folder.path });
    for (const fact of assortedFacts(8)) records.record(fact);
    cpSync(folder.path, killed.path, { recursive: true });
    await using after = openMarkedRecords({ folder: killed.path });
    const { loss, next } = toldBy(after);
    assert.deepEqual({ loss, next }, { loss: undefined, next: 9 });
  });

  test('is detected by the second store when an older mark was also put back', async () => {
    using folder = boxWithEvents();
    using older = temporaryFolder();
    const options = { folder: folder.path, trail: memoryTrail() };
    cpSync(folder.path, older.path, { recursive: true });
    {
      await using records = openMarkedRecords(options);
      records.recordAll(assortedFacts(1500));
    }
    loseRecords(folder.path);
    cpSync(older.path, folder.path, { recursive: true });
    await using records = openMarkedRecords(options);
    const { loss, next } = toldBy(records);
    assert.equal(loss, 'older');
    assert.ok(next > 1530, `number ${next} was given before`);
  });

  test('is unproven when the mark is sealed with another key', async () => {
    using folder = boxWithEvents();
    await using records = openMarkedRecords({ folder: folder.path, key: 'another key' });
    const { loss, next } = toldBy(records);
    assert.equal(loss, 'unproven');
    assert.ok(next > 1030, `number ${next} may have been given`);
    assert.equal(records.list({ limit: 100, toSequence: 30 }).length, 30);
  });
});

const pageBytes = 4096;

/** Overwrites a page of records.db, of which the first is 1, with other bytes. */
function spoilPage(folder: string, page: number, seed: number): void {
  const bytes = readFileSync(recordsPathIn(folder));
  const random = seededRandom(seed);
  for (let at = (page - 1) * pageBytes; at < page * pageBytes; at += 1)
    bytes[at] = Math.floor(random.unit() * 256);
  writeFileSync(recordsPathIn(folder), bytes);
}

const pageCount = (folder: string): number => statSync(recordsPathIn(folder)).size / pageBytes;

/** Leaves no free pages: a fault in one harms nothing, and nothing notices it. */
function vacuum(folder: string): void {
  const db = new Sqlite(recordsPathIn(folder));
  db.exec('VACUUM');
  db.close();
}

const keptFiles = (folder: string): readonly string[] =>
  readdirSync(dirname(recordsPathIn(folder))).filter((name) => name.startsWith('records.db.damaged-'));

/** What a box had recorded, by sequence. */
function recordedIn(records: RecordStores) {
  const stored = records.list({ limit: 10_000 });
  return new Map(
    stored.map(({ sequence, id, payload }) => [sequence, `${id} ${Buffer.from(payload).toString()}`]),
  );
}

async function recordedAt(folder: string) {
  await using records = openMarkedRecords({ folder });
  return recordedIn(records);
}

function writeAt(path: string, offset: number, text: string): void {
  const bytes = readFileSync(path);
  bytes.write(text, offset);
  writeFileSync(path, bytes);
}

describe('a damaged records.db', () => {
  test('gives back only events that say their own id and number, and are of a kind that the box knows', () => {
    using folder = temporaryFolder();
    const path = join(folder.path, 'damaged.db');
    const payload = (said: object): Buffer => Buffer.from(JSON.stringify(said));
    const right = { id: 'e-1', sequence: '1' };
    {
      const damaged = openDatabase(path, {
        migrations: recordsMigrations,
        applicationId: recordsApplicationId,
      });
      const put = damaged.db.prepare(
        'INSERT INTO event (sequence, id, kind, occurred_at_ms, recorded_at_ms, payload) VALUES (?, ?, ?, 0, 0, ?)',
      );
      for (const [sequence, id, kind, said] of [
        [1, 'e-1', 'attendance', payload(right)],
        [2, 'e-2', 'attendance', payload({ id: 'e-1', sequence: '2' })],
        [3, 'e-3', 'attendance', payload({ id: 'e-3', sequence: '2' })],
        [4, 'e-4', 'attendance', payload({ id: 'e-4' })],
        [5, 'e-5', 'attendance', payload({ sequence: '5' })],
        [6, 'e-6', 'gossip', payload({ id: 'e-6', sequence: '6' })],
        [7, 'e-7', 'attendance', payload([])],
        [9, 'e-9', 'attack', payload({ id: 'e-9', sequence: '9' })],
      ] as const) {
        put.run(sequence, id, kind, said);
      }
      damaged.db.prepare("INSERT INTO counter VALUES ('odd', ?)").run(2n ** 60n);
      damaged.close();
    }
    const into = openMemoryDatabase(recordsMigrations);
    const salvaged = salvageInto(into, path);
    assert.deepEqual(salvaged.get('event'), { rows: 2, isWhole: false });
    // A number that no counter can have reached, and the box could not count on from.
    assert.equal(salvaged.get('counter')?.isWhole, false);
    assert.equal(into.db.prepare("SELECT count(*) FROM counter WHERE name = 'odd'").pluck().get(), 0);
    assert.deepEqual(into.db.prepare('SELECT sequence FROM event ORDER BY sequence').pluck().all(), [1, 9]);
  });

  test('is kept, unreadable to others, and its readable part is used, whichever page is bad', async () => {
    using large = boxWithEvents();
    const passages = 200;
    {
      await using records = openMarkedRecords({ folder: large.path });
      records.recordAll(assortedFacts(210));
      records.outbox.acknowledge(Array.from({ length: 90 }, (_, index) => index + 11));
      for (let number = 1; number <= passages; number += 1) records.passages.put(passageOf(number));
    }
    vacuum(large.path);
    const pages = pageCount(large.path);
    const before = await recordedAt(large.path);
    let withLosses = 0;
    const passagesLeft = new Set<number>();
    for (let page = 1; page <= pages; page += 11) {
      using folder = temporaryFolder();
      cpSync(large.path, folder.path, { recursive: true });
      spoilPage(folder.path, page, page);
      await using records = openMarkedRecords({ folder: folder.path });
      const told = records.loss.reported();
      assert.equal(told?.loss, 'damaged', `page ${page}`);
      const [kept, ...others] = keptFiles(folder.path);
      assert.deepEqual([others, told.keptAs], [[], join(dirname(recordsPathIn(folder.path)), kept ?? '')]);
      assert.equal(statSync(told.keptAs ?? '').mode & 0o777, 0o600);
      const after = [...recordedIn(records)].filter(([sequence]) => sequence <= 1000);
      for (const [sequence, event] of after) assert.equal(event, before.get(sequence), `page ${page}`);
      // All that may not have left the outbox waits, or is stated as lost.
      const waiting = new Set(waitingSequences(records.outbox));
      const there = new Set(after.map(([sequence]) => sequence));
      for (let sequence = 101; sequence <= 240; sequence += 1)
        assert.equal(waiting.has(sequence), there.has(sequence), `page ${page}, number ${sequence}`);
      const missing = 900 - after.filter(([sequence]) => sequence > 100).length;
      assert.equal(told.gap?.count, missing, `page ${page}`);
      assert.ok(records.record(attendanceFact()).sequence > 1000);
      if (after.length < 240) withLosses += 1;
      const left = records.passages.list({ limit: passages });
      for (const { number, id } of left) assert.equal(id, passageIdOf(number), `page ${page}`);
      passagesLeft.add(left.length);
    }
    assert.ok(withLosses > 0, 'no page held events');
    assert.ok(passagesLeft.has(passages) && passagesLeft.size > 1, `passages left: ${[...passagesLeft]}`);
  });

  for (const [what, damage] of [
    ['cut in the middle', (path: string) => truncateSync(path, Math.floor(statSync(path).size / 2))],
    ['cut within its first page', (path: string) => truncateSync(path, 100)],
    ['a text', (path: string) => writeFileSync(path, 'not a database, but a text of some length')],
    ['zeroed', (path: string) => writeFileSync(path, Buffer.alloc(statSync(path).size))],
    ['a database with another application id', (path: string) => writeAt(path, 68, 'else')],
  ] as const) {
    test(`does not stop the box if it is ${what}`, async () => {
      using folder = boxWithEvents();
      damage(recordsPathIn(folder.path));
      {
        await using records = openMarkedRecords({ folder: folder.path });
        const { loss, next } = toldBy(records);
        assert.deepEqual({ loss, next }, { loss: 'damaged', next: 1003 });
      }
      await using again = openMarkedRecords({ folder: folder.path });
      assert.equal(toldBy(again).next, 1004);
    });
  }

  test('is reported immediately when a transaction finds it', async () => {
    using folder = temporaryFolder();
    const met: Error[] = [];
    const options = { folder: folder.path, onDamaged: (error: Error) => void met.push(error) };
    await using records = openMarkedRecords(options);
    const damage = operational('database-damaged', 'a page is bad');
    const meet = () => {
      throw damage;
    };
    assert.throws(() => records.record(attendanceFact(), meet), damage);
    assert.deepEqual(met, [damage]);
  });

  test('a foreign database is not changed', async () => {
    using folder = boxWithEvents();
    using other = temporaryFolder();
    const foreign = new Sqlite(join(other.path, 'foreign.db'));
    foreign.exec('CREATE TABLE theirs (a); PRAGMA application_id = 7');
    foreign.close();
    copyFileSync(join(other.path, 'foreign.db'), recordsPathIn(folder.path));
    assert.throws(() => openMarkedRecords({ folder: folder.path }), { code: 'database-foreign' });
    assert.deepEqual(keptFiles(folder.path), []);
  });
});
