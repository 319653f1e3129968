import assert from 'node:assert/strict';
import {
  chmodSync,
  closeSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { recordsMigrations } from '../../daemon/core/records/records-schema.js';
import { markedDatabase, positionOf } from '../../daemon/core/records/recovery/marked-database.js';
import {
  type Mark,
  RecordsMark,
  type RecordsPosition,
  reservedBehind,
} from '../../daemon/core/records/recovery/records-mark.js';
import type { OpenDatabase } from '../../daemon/host/sqlite.js';
import { isRollcallError, operational } from '../../daemon/kernel/errors.js';
import { silentLogger } from '../../daemon/kernel/logger.js';
import { VirtualClock } from '../../daemon/kernel/virtual-clock.js';
import { memoryTrail, sealWith } from '../support/marked-records.js';
import { openMemoryDatabase } from '../support/memory-database.js';
import { temporaryFolder } from '../support/published-box.js';

const slotBytes = 512;
const billion = 1_000_000_000;
const position: RecordsPosition = {
  ...{ lineage: 'file-1', revision: 3, event: 5, state: 7 },
  ...{ settled: 4, centre: 2 },
};

function start() {
  const folder = temporaryFolder();
  const path = join(folder.path, 'keys', 'mark');
  const clock = new VirtualClock(1_000);
  const trail = memoryTrail();
  const warnings: string[] = [];
  const logger = { ...silentLogger, warn: (line: string) => void warnings.push(line) };
  const open = (key = 'a key') => RecordsMark.open({ path, seal: sealWith(key), trail, clock, logger });
  /** What the next start finds. */
  const found = (key?: string) => {
    using mark = open(key);
    return mark.found;
  };
  const proven = (): Mark => {
    const now = found();
    assert.ok(now.kind === 'proven');
    return now.mark;
  };
  const writeAt = (offset: number, text: string): void => {
    const file = openSync(path, 'r+');
    writeSync(file, text, offset);
    closeSync(file);
  };
  return {
    path,
    clock,
    trail,
    warnings,
    open,
    found,
    proven,
    writeAt,
    [Symbol.dispose]: () => folder[Symbol.dispose](),
  };
}

describe('the mark of the records', () => {
  test('is closed to others, and has nothing to say before its first start', () => {
    using box = start();
    assert.deepEqual(box.found(), { kind: 'none' });
    assert.equal(statSync(box.path).mode & 0o777, 0o600);
    assert.equal(statSync(join(box.path, '..')).mode & 0o777, 0o700);
    using mark = box.open();
    mark.note(position);
    mark.reserve(position);
    mark.noteSealed();
    assert.equal(readFileSync(box.path).length, 0);
    assert.deepEqual(box.trail.all, []);
  });

  test('has the position where it begins, with reserved numbers, in both of its slots', () => {
    using box = start();
    {
      using mark = box.open();
      mark.begin(position);
    }
    assert.deepEqual(box.proven(), {
      ...{ ...position, eventTo: 1_005, stateTo: billion + 7, isClosed: false },
      ...{ atMs: 1_000, writing: 4 },
    });
    assert.deepEqual(box.trail.all, [{ eventTo: 1_005, stateTo: billion + 7 }]);
    const file = readFileSync(box.path, 'utf8');
    assert.equal(file.length, 2 * slotBytes);
    assert.equal(file[slotBytes - 1], '\n');
    assert.ok([file.slice(0, slotBytes), file.slice(slotBytes)].every((slot) => slot.includes('"event":5')));
  });

  test('follows each transaction in turn, and knows whether the records were closed', () => {
    using box = start();
    using mark = box.open();
    mark.begin(position);
    box.clock.advanceBy(500.5);
    mark.note({ ...position, revision: 4, event: 6, settled: 1 });
    assert.deepEqual(
      (({ revision, event, settled, atMs, isClosed, writing }) => [
        revision,
        event,
        settled,
        atMs,
        isClosed,
        writing,
      ])(box.proven()),
      [4, 6, 4, 1_500, false, 5],
      'what has left the outbox never decreases',
    );
    mark.note({ ...position, revision: 5, settled: 9 }, true);
    assert.deepEqual([box.proven().revision, box.proven().settled, box.proven().isClosed], [5, 9, true]);
    mark.begin({ ...position, settled: 2 });
    assert.deepEqual([box.proven().settled, box.proven().isClosed], [9, false]);
  });

  test('keeps the other slot while one is written', () => {
    using box = start();
    using mark = box.open();
    mark.begin(position);
    mark.note({ ...position, revision: 4 });
    mark.note({ ...position, revision: 5 });
    const [newest, other] = box.proven().writing % 2 === 0 ? [0, slotBytes] : [slotBytes, 0];
    box.writeAt(newest, 'torn');
    assert.equal(box.proven().revision, 4);
    box.writeAt(other, 'torn');
    assert.deepEqual(box.found(), { kind: 'unproven' });
  });

  test('is unproven under another key, or without a seal', () => {
    using box = start();
    {
      using mark = box.open();
      mark.begin(position);
    }
    assert.deepEqual(box.found('another key'), { kind: 'unproven' });
    writeFileSync(box.path, 'x'.repeat(40));
    assert.deepEqual(box.found(), { kind: 'unproven' });
    const text = JSON.stringify({ lineage: 'x' });
    writeFileSync(box.path, `${sealWith('a key').seal(text)} ${text}`);
    assert.deepEqual(box.found(), { kind: 'unproven' }, 'not in its form');
  });

  test('reserves numbers in blocks, of each kind for itself', () => {
    using box = start();
    using mark = box.open();
    mark.begin(position);
    box.trail.note({ eventTo: 0, stateTo: 0 });
    const count = box.trail.all.length;
    mark.reserve({ event: 1_005, state: billion + 7 });
    assert.equal(box.trail.all.length, count);
    mark.reserve({ event: 1_005, state: billion + 8 });
    assert.deepEqual(mark.trailed, { eventTo: 1_005, stateTo: 2 * billion + 8 });
    mark.begin(position);
    mark.reserve({ event: 1_006, state: 2 * billion + 8 });
    assert.deepEqual(mark.trailed, { eventTo: 2_006, stateTo: 2 * billion + 8 });
    assert.deepEqual([box.proven().eventTo, box.proven().stateTo], [2_006, 2 * billion + 8]);
    assert.deepEqual(reservedBehind({ event: 1, state: 2 }), { eventTo: 1_001, stateTo: billion + 2 });
  });

  test('reserves from the first number on', () => {
    using box = start();
    using mark = box.open();
    mark.begin({ ...position, event: 1, state: 1, settled: 0 });
    const { eventTo, stateTo, settled } = box.proven();
    assert.deepEqual([eventTo, stateTo, settled], [1_001, billion + 1, 0]);
  });

  test('goes on with its reservations and its count of writes after a restart', () => {
    using box = start();
    {
      using mark = box.open();
      mark.begin(position);
    }
    using mark = box.open();
    mark.begin({ ...position, event: 900 });
    assert.deepEqual([box.proven().eventTo, box.proven().writing, box.trail.all.length], [1_005, 6, 1]);
  });

  test('announces the next name of the file with numbers of its own, also as the first thing it says', () => {
    using box = start();
    {
      using mark = box.open();
      mark.announce('', 'file-2', { eventTo: 10, stateTo: 20 });
    }
    const first = box.proven();
    assert.deepEqual(
      [first.lineage, first.nextLineage, first.eventTo, first.stateTo, first.isClosed],
      ['', 'file-2', 10, 20, false],
    );
    assert.deepEqual(
      [first.revision, first.event, first.state, first.settled, first.centre, first.writing],
      [0, 0, 0, 0, 0, 2],
    );
    assert.deepEqual(box.trail.all, [{ eventTo: 10, stateTo: 20 }]);
    using mark = box.open();
    mark.begin(position);
    mark.announce('recovering', 'file-3', { eventTo: 2_000, stateTo: 3 * billion });
    const then = box.proven();
    assert.deepEqual([then.lineage, then.nextLineage, then.event], ['file-1', 'file-3', 5]);
    mark.begin(position);
    assert.equal(box.proven().nextLineage, undefined, 'the file has its name');
  });

  test('remembers that the rows are sealed, in both places', () => {
    using box = start();
    {
      using mark = box.open();
      mark.begin(position);
      assert.equal(mark.isSealed, false);
      mark.noteSealed();
      assert.equal(mark.isSealed, true);
      const { writing } = box.proven();
      mark.noteSealed();
      assert.equal(box.proven().writing, writing, 'it is written once');
    }
    assert.equal(box.proven().isSealed, true);
    assert.deepEqual(box.trail.last(), { eventTo: 1_005, stateTo: billion + 7, isSealed: true });
    {
      using alone = RecordsMark.open({
        ...{ path: box.path, seal: sealWith('a key'), trail: memoryTrail(), clock: box.clock },
        logger: silentLogger,
      });
      assert.equal(alone.isSealed, true, 'without the second store');
    }
    rmSync(box.path);
    {
      using first = box.open();
      first.announce('recovering', 'file-4', { eventTo: 1, stateTo: 2 });
    }
    assert.equal(box.proven().isSealed, true);
    rmSync(box.path);
    using mark = box.open();
    assert.equal(mark.isSealed, true, 'as the second store knows');
    mark.begin(position);
    assert.equal(box.proven().isSealed, true);
    mark.announce('recovering', 'file-4', { eventTo: 1, stateTo: 2 });
    assert.deepEqual(box.trail.last(), { eventTo: 1, stateTo: 2, isSealed: true });
  });

  test('that cannot be opened says which file, and what to do', () => {
    using box = start();
    box.found();
    chmodSync(box.path, 0o600);
    rmSync(box.path);
    assert.throws(
      () =>
        RecordsMark.open({
          path: join(box.path, '..'),
          ...{ seal: sealWith('a key'), trail: box.trail, clock: box.clock, logger: silentLogger },
        }),
      (error) =>
        isRollcallError(error, 'records-mark-unusable') &&
        error.retryable &&
        error.remedy !== undefined &&
        error.message.includes(join(box.path, '..')),
    );
  });
});

describe('a database that its mark follows', () => {
  function marked(changes: Partial<OpenDatabase> = {}) {
    const database = { ...openMemoryDatabase(recordsMigrations), ...changes };
    const calls: string[] = [];
    const damages: string[] = [];
    const mark = {
      reserve: ({ revision }: RecordsPosition) => void calls.push(`reserve ${revision}`),
      note: ({ revision }: RecordsPosition) => void calls.push(`note ${revision}`),
    } as unknown as RecordsMark;
    const followed = markedDatabase(database, mark, (error) => void damages.push(error.message));
    return { database, followed, calls, damages };
  }
  const damaged = operational('database-damaged', 'a bad page');

  test('counts its transactions, and reserves their numbers before they are on the disk', () => {
    const { database, followed, calls } = marked();
    const result = followed.transaction(() => {
      calls.push('work');
      assert.equal(
        followed.transaction(() => 'inner'),
        'inner',
      );
      assert.equal(
        followed.unsyncedTransaction(() => 'inner'),
        'inner',
      );
      return 'done';
    });
    assert.equal(result, 'done');
    assert.deepEqual(calls, ['work', 'reserve 1', 'note 1']);
    assert.equal(positionOf(database)().revision, 1);
    followed.unsyncedTransaction(() => undefined);
    assert.equal(positionOf(database)().revision, 1);
    assert.equal(calls.length, 3);
  });

  test('notes nothing of a transaction that failed', () => {
    const { database, followed, calls, damages } = marked();
    assert.throws(() =>
      followed.transaction(() => {
        throw new Error('no');
      }),
    );
    assert.deepEqual([calls, damages], [[], []]);
    assert.equal(positionOf(database)().revision, 0);
  });

  test('tells of damage that a transaction finds, of either kind', () => {
    const { followed, damages } = marked();
    const find = (): never => {
      throw damaged;
    };
    assert.throws(() => followed.transaction(find), damaged);
    assert.throws(() => followed.unsyncedTransaction(find), damaged);
    assert.deepEqual(damages, ['a bad page', 'a bad page']);
  });
});

describe('the position of the records', () => {
  const add = (database: OpenDatabase, sequence: number, kind: string, payload = '{}'): void => {
    database.db
      .prepare(
        `INSERT INTO event (sequence, id, kind, occurred_at_ms, recorded_at_ms, payload) VALUES (?, ?, ?, 1, 1, ?)`,
      )
      .run(sequence, `e-${sequence}`, kind, Buffer.from(payload));
    database.db
      .prepare('INSERT INTO outbox (sequence, kind, size_bytes, since_ms) VALUES (?, ?, 1, 1)')
      .run(sequence, kind);
  };
  const counted = (database: OpenDatabase, name: string, value: number): void =>
    void database.db.prepare('UPDATE counter SET value = ? WHERE name = ?').run(value, name);

  test('is nothing in a new file', () => {
    assert.deepEqual(positionOf(openMemoryDatabase(recordsMigrations))(), {
      ...{ lineage: '', revision: 0, event: 0, state: 0, settled: 0, centre: 0 },
    });
  });

  test('has what the file counts, and up to where nothing waits', () => {
    const database = openMemoryDatabase(recordsMigrations);
    const read = positionOf(database);
    for (const [name, value] of [
      ['revision', 3],
      ['event', 9],
      ['state', 7],
      ['centre', 2],
    ] as const)
      counted(database, name, value);
    database.db.exec("INSERT INTO lineage VALUES ('file-1')");
    assert.deepEqual(read(), { lineage: 'file-1', revision: 3, event: 9, state: 7, settled: 9, centre: 2 });
    add(database, 8, 'camera');
    assert.equal(read().settled, 7);
    add(database, 9, 'gap', '{"data":{"firstSequence":4}}');
    assert.equal(read().settled, 3, 'a gap that waits counts with its first sequence');
    database.db.exec('DELETE FROM outbox WHERE sequence = 9');
    assert.equal(read().settled, 7);
    database.db.exec('DELETE FROM counter');
    assert.deepEqual([read().event, read().revision], [0, 0]);
  });
});
