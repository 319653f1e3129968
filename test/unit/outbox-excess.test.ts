import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { outboxReportOf, outboxResendingOf } from '../../daemon/core/records/outbox/outbox.js';
import { limitOutbox, outboxLimiter } from '../../daemon/core/records/outbox/outbox-limiter.js';
import {
  type ExcessQuestion,
  outboxExcessOf,
  outboxSurplusOf,
  type Surplus,
} from '../../daemon/core/records/outbox/outbox-surplus.js';
import { recordsMigrations } from '../../daemon/core/records/records-schema.js';
import type { EventKind } from '../../daemon/kernel/events/event.js';
import type { GapNotice } from '../../daemon/kernel/events/notice.js';
import type { OutboxRules } from '../../daemon/kernel/events/outbox-limits.js';
import { silentLogger } from '../../daemon/kernel/logger.js';
import { VirtualClock } from '../../daemon/kernel/virtual-clock.js';
import { openMemoryDatabase } from '../support/memory-database.js';
import { rulesOf } from '../support/outbox-records.js';

const dayMs = 86_400_000;
const nowMs = 1_000 * dayMs;
const mib = 1024 * 1024;
const plenty = { events: 1_000, days: 100 };

interface Waiting {
  readonly kind: EventKind;
  readonly sizeBytes?: number;
  readonly sinceMs?: number;
}

/** An outbox with these rows, numbered from 1; what they say is of no matter. */
function outboxOf(rows: readonly Waiting[]) {
  const database = openMemoryDatabase(recordsMigrations);
  database.db.pragma('foreign_keys = OFF');
  const insert = database.db.prepare(
    'INSERT INTO outbox (sequence, kind, size_bytes, since_ms) VALUES (?, ?, ?, ?)',
  );
  for (const [index, { kind, sizeBytes = 1, sinceMs = nowMs }] of rows.entries()) {
    insert.run(index + 1, kind, sizeBytes, sinceMs);
  }
  const excess = outboxExcessOf(database);
  const asked = (rules: OutboxRules, changes: Partial<ExcessQuestion> = {}): ExcessQuestion => ({
    ...{ rules, nowMs, mayAge: true, inFlight: [], limit: 1_000 },
    ...changes,
  });
  return {
    database,
    tooMany: (rules: OutboxRules, changes?: Partial<ExcessQuestion>) =>
      excess.tooMany(asked(rules, changes)).map(({ sequence }) => sequence),
    tooOld: (rules: OutboxRules, changes?: Partial<ExcessQuestion>) =>
      excess.tooOld(asked(rules, changes)).map(({ sequence }) => sequence),
    asked,
  };
}

const times = (count: number, row: Waiting): readonly Waiting[] => Array.from({ length: count }, () => row);

describe('excess events', () => {
  test('are the oldest of a kind over its limit, without those that are being sent', () => {
    const { tooMany } = outboxOf([
      { kind: 'camera', sinceMs: 30 },
      { kind: 'camera', sinceMs: 10 },
      { kind: 'camera', sinceMs: 20 },
      { kind: 'attendance' },
    ]);
    const most = (events: number) => rulesOf(plenty, { cameras: { events, days: 100 } });
    assert.deepEqual(tooMany(most(3)), []);
    assert.deepEqual(tooMany(most(2)), [2]);
    assert.deepEqual(tooMany(most(1)), [2, 3]);
    assert.deepEqual(tooMany(most(1), { inFlight: [2] }), [3, 1]);
    assert.deepEqual(tooMany(most(0), { limit: 2 }), [2, 3]);
  });

  test('of several kinds are as many as are asked for, together', () => {
    const { tooMany } = outboxOf([...times(2, { kind: 'camera' }), ...times(2, { kind: 'unknown' })]);
    const none = { events: 0, days: 100 };
    const rules = rulesOf(plenty, { cameras: none, unknown: none });
    assert.equal(tooMany(rules).length, 4);
    assert.equal(tooMany(rules, { limit: 3 }).length, 3);
  });

  test('are one gap more than that, for the gap event that states them', () => {
    const { tooMany } = outboxOf(times(4, { kind: 'gap' }));
    const most = (events: number) => rulesOf(plenty, { box: { events, days: 100 } });
    assert.deepEqual(tooMany(most(4)), []);
    assert.deepEqual(tooMany(most(3)), [1, 2]);
    assert.deepEqual(tooMany(most(3), { limit: 1 }), [1]);
  });

  test('are those over the total size, least important first, without gaps', () => {
    const { tooMany } = outboxOf([
      { kind: 'gap', sizeBytes: 10 },
      { kind: 'attendance', sizeBytes: mib / 2 },
      { kind: 'camera', sizeBytes: mib / 4 },
      { kind: 'unknown', sizeBytes: mib / 4 - 10 },
    ]);
    const total = (totalMiB: number) => rulesOf(plenty, { totalMiB });
    assert.deepEqual(tooMany(total(1)), [], 'just as much as may wait');
    assert.deepEqual(tooMany(total(1 - 1 / mib)), [3]);
    assert.deepEqual(tooMany(total(3 / 4)), [3]);
    assert.deepEqual(tooMany(total(3 / 4 - 1 / mib)), [3, 4]);
    assert.deepEqual(tooMany(total(1 / 4)), [3, 4, 2]);
    assert.deepEqual(tooMany(total(0)), [3, 4, 2], 'a gap would only make place for the next');
    assert.deepEqual(tooMany(total(0), { limit: 2 }), [3, 4]);
    assert.deepEqual(tooMany(total(1 / 4), { inFlight: [3] }), [4, 2]);
  });

  test('are named once: one over its number limit does not count for the size', () => {
    const { tooMany } = outboxOf([
      ...times(4, { kind: 'camera', sizeBytes: mib / 4 }),
      { kind: 'attendance', sizeBytes: mib / 4 },
    ]);
    const rules = (totalMiB: number) => rulesOf(plenty, { totalMiB, cameras: { events: 2, days: 100 } });
    assert.deepEqual(tooMany(rules(3 / 4)), [1, 2]);
    assert.deepEqual(tooMany(rules(2 / 4)), [1, 2, 3]);
    assert.deepEqual(tooMany(rules(1 / 4)), [1, 2, 3, 4]);
  });
});

describe('events that waited too long', () => {
  test('are older than the limit of their kind, least important first, if the clock is trusted', () => {
    const oldMs = nowMs - 100 * dayMs;
    const { tooOld } = outboxOf([
      { kind: 'attendance', sinceMs: oldMs - 1 },
      { kind: 'attendance', sinceMs: oldMs },
      { kind: 'camera', sinceMs: oldMs - 1 },
      { kind: 'camera', sinceMs: oldMs - 2 },
    ]);
    const rules = rulesOf(plenty);
    assert.deepEqual(tooOld(rules), [4, 3, 1]);
    assert.deepEqual(tooOld(rules, { nowMs: nowMs + 0.9 }), [4, 3, 1], 'in whole milliseconds');
    assert.deepEqual(tooOld(rules, { nowMs: nowMs + 1 }), [4, 3, 1, 2]);
    assert.deepEqual(tooOld(rules, { limit: 2 }), [4, 3]);
    assert.deepEqual(tooOld(rules, { inFlight: [4] }), [3, 1]);
    assert.deepEqual(tooOld(rules, { mayAge: false }), []);
    assert.deepEqual(tooOld(rulesOf(plenty, { cameras: { events: 1, days: 101 } })), [1]);
  });
});

describe('events that are given up', () => {
  /** The outbox gets an event about a gap, which states what is given. */
  function addGap(
    { db }: ReturnType<typeof outboxOf>['database'],
    sequence: number,
    data: Pick<GapNotice, 'firstSequence' | 'lastSequence' | 'counts' | 'reason'>,
    sentOver: number | null = null,
  ): void {
    db.prepare(
      "INSERT INTO event (sequence, id, kind, occurred_at_ms, recorded_at_ms, payload) VALUES (?, ?, 'gap', 1, 1, ?)",
    ).run(sequence, `e-${sequence}`, Buffer.from(JSON.stringify({ data })));
    db.prepare(
      "INSERT INTO outbox (sequence, kind, size_bytes, since_ms, sent_over) VALUES (?, 'gap', 1, ?, ?)",
    ).run(sequence, nowMs, sentOver);
  }
  const earlier = { firstSequence: 3, lastSequence: 9, counts: { camera: 4, unknown: 3 } } as const;

  test('are stated together with an earlier gap for the same reason that was not sent yet', () => {
    const { database, asked } = outboxOf([
      ...times(22, { kind: 'attendance' }),
      ...times(2, { kind: 'camera' }),
    ]);
    addGap(database, 30, { ...earlier, reason: 'too-many' });
    const rules = rulesOf(plenty, { cameras: { events: 0, days: 100 } });
    assert.deepEqual(outboxSurplusOf(database).find(asked(rules)), {
      sequences: [23, 24, 30],
      gap: {
        ...{ kind: 'gap', occurredAtMs: nowMs, reason: 'too-many' },
        ...{ firstSequence: 3, lastSequence: 30, counts: { camera: 6, gap: 1, unknown: 3 } },
      },
    });
  });

  test('are stated without a gap of another reason, or one that was sent or is being sent', () => {
    for (const [reason, sentOver, inFlight] of [
      ['too-old', null, []],
      ['lost', null, []],
      ['too-many', 4, []],
      ['too-many', null, [30]],
    ] as const) {
      const { database, asked } = outboxOf(times(2, { kind: 'camera' }));
      addGap(database, 30, { ...earlier, reason }, sentOver);
      const rules = rulesOf(plenty, { cameras: { events: 0, days: 100 } });
      const found = outboxSurplusOf(database).find(asked(rules, { inFlight }));
      assert.deepEqual(found?.sequences, [1, 2]);
      assert.deepEqual(
        [found.gap.firstSequence, found.gap.lastSequence, found.gap.counts],
        [1, 2, { camera: 2 }],
      );
    }
  });

  test('may be events about gaps, each of which is counted once, with what it stated', () => {
    const { database, asked } = outboxOf([]);
    for (const sequence of [30, 31]) addGap(database, sequence, { ...earlier, reason: 'too-many' });
    const found = outboxSurplusOf(database).find(asked(rulesOf(plenty, { box: { events: 1, days: 100 } })));
    assert.deepEqual(found?.sequences, [30, 31]);
    assert.deepEqual(found.gap.counts, { gap: 2, camera: 8, unknown: 6 });
    assert.deepEqual([found.gap.firstSequence, found.gap.lastSequence], [3, 31]);
  });

  test('may be a single one that is too old, which goes before those that are too many', () => {
    const { database, asked } = outboxOf([{ kind: 'camera', sinceMs: 0 }, ...times(3, { kind: 'camera' })]);
    const rules = rulesOf(plenty, { cameras: { events: 1, days: 100 } });
    const { sequences, gap } = outboxSurplusOf(database).find(asked(rules)) ?? {};
    assert.deepEqual([sequences, gap?.reason], [[1], 'too-old']);
  });

  test('are looked for every five minutes, and told in the log', async () => {
    const clock = new VirtualClock(nowMs);
    const lines: string[] = [];
    const logger = { ...silentLogger, error: (line: string) => void lines.push(line) };
    let looks = 0;
    let left: readonly number[] = [];
    let isBroken = false;
    const limiter = outboxLimiter({
      records: {
        record: (_event, alongside) => alongside(),
        surplus: {
          find() {
            looks += 1;
            if (isBroken) throw new Error('cannot read');
            const sequences = left;
            left = [];
            return sequences.length === 0 ? undefined : { sequences, gap: { kind: 'gap' } as GapNotice };
          },
          giveUp: () => undefined,
        },
      },
      ...{ rules: () => rulesOf(plenty), isClockTrusted: () => true, inFlight: () => [], clock, logger },
    });
    await using _ = limiter.start();
    await limiter.settled();
    assert.equal(looks, 1);
    assert.deepEqual(lines, [], 'nothing to tell');
    left = [1];
    clock.advanceBy(299_999);
    assert.equal(looks, 1);
    clock.advanceBy(1);
    await limiter.settled();
    assert.equal(looks, 3, 'and again, until none is left');
    assert.equal(lines.length, 1);
    assert.match(lines[0] ?? '', /given up/);
    isBroken = true;
    clock.advanceBy(300_000);
    await limiter.settled();
    assert.match(lines[1] ?? '', /cannot be kept/);
  });

  test('are stated, counted and logged, and leave the outbox', () => {
    const { database, asked } = outboxOf([...times(3, { kind: 'camera' }), { kind: 'attendance' }]);
    const surplus = outboxSurplusOf(database);
    const rules = rulesOf(plenty, { cameras: { events: 1, days: 100 } });
    const found = surplus.find(asked(rules));
    assert.deepEqual(found, {
      sequences: [1, 2],
      gap: {
        ...{ kind: 'gap', occurredAtMs: nowMs, reason: 'too-many' },
        ...{ firstSequence: 1, lastSequence: 2, counts: { camera: 2 } },
      },
    });
    surplus.giveUp(found?.sequences ?? []);
    assert.equal(surplus.find(asked(rules)), undefined);
    const one = surplus.find(asked(rulesOf({ events: 0, days: 100 }, { attendance: plenty })));
    assert.deepEqual(one?.sequences, [3], 'one is enough');
    const report = outboxReportOf(database);
    assert.deepEqual(
      report.counts().map(({ kind, count, givenUp }) => [kind, count, givenUp]),
      [
        ['attendance', 1, 0],
        ['camera', 1, 2],
      ],
    );
    assert.deepEqual(
      [1, 3, 9].map((sequence) => report.deliveryOf(sequence)),
      ['given-up', 'waiting', 'delivered'],
    );
  });

  test('are requested a thousand at a time, until none is left or the box stops', async () => {
    const questions: ExcessQuestion[] = [];
    const given: (readonly number[])[] = [];
    const gap = { kind: 'gap', occurredAtMs: 1 } as GapNotice;
    let left: Surplus[] = [];
    const stop = new AbortController();
    const options = {
      records: {
        record: (_event: unknown, alongside: () => void = () => undefined) => {
          alongside();
          return { id: 'e-1', sequence: 1 } as never;
        },
        surplus: {
          find(question: ExcessQuestion) {
            questions.push(question);
            return left.shift();
          },
          giveUp: (sequences: readonly number[]) => void given.push(sequences),
        },
      },
      rules: () => rulesOf(plenty),
      isClockTrusted: () => false,
      inFlight: () => [7],
      clock: new VirtualClock(nowMs),
      logger: silentLogger,
    };
    left = [
      { sequences: [1, 2], gap },
      { sequences: [3], gap },
    ];
    const order: string[] = [];
    const inTurns = {
      ...options.records.surplus,
      find(question: ExcessQuestion) {
        order.push('look');
        setImmediate(() => order.push('others'));
        return options.records.surplus.find(question);
      },
    };
    const records = { ...options.records, surplus: inTurns };
    assert.equal(await limitOutbox({ ...options, records }), 3);
    assert.deepEqual(order, ['look', 'others', 'look', 'others', 'look'], 'the box has its turns between');
    assert.deepEqual(given, [[1, 2], [3]]);
    assert.deepEqual(questions[0], {
      ...{ rules: rulesOf(plenty), nowMs, mayAge: false, inFlight: [7], limit: 1_000 },
    });
    stop.abort();
    left = [{ sequences: [4], gap }];
    assert.equal(await limitOutbox(options, stop.signal), 0);
  });
});

test('an event that is put back waits from then on, in whole milliseconds', () => {
  const { database } = outboxOf([{ kind: 'camera', sinceMs: 1 }]);
  database.db.exec('UPDATE outbox SET sent_over = 3');
  const event = database.db.prepare(
    "INSERT INTO event (sequence, id, kind, occurred_at_ms, recorded_at_ms, payload) VALUES (?, ?, 'camera', 1, 1, x'00')",
  );
  for (const sequence of [1, 2]) event.run(sequence, `e-${sequence}`);
  const resending = outboxResendingOf(database);
  const put = resending.putBack({ first: 1, last: 2 }, { nowMs: nowMs + 0.9, limit: 9 });
  assert.deepEqual(put, { count: 2, through: 2 });
  const since = database.db.prepare('SELECT since_ms FROM outbox ORDER BY sequence').pluck().all();
  assert.deepEqual(since, [nowMs, nowMs]);
});
