import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { RecordStores } from '../../daemon/core/compose/record-stores.js';
import type { EventKind } from '../../daemon/kernel/events/event.js';
import { eventKinds } from '../../daemon/kernel/events/event-type.js';
import type { OutboxRules } from '../../daemon/kernel/events/outbox-limits.js';
import { JumpingClock } from '../support/jumping-clock.js';
import {
  eventOf,
  gapsOf,
  isStatedBy,
  limitBy,
  openOutboxRecords,
  outboxEpochMs,
  rulesOf,
  waitingSequences,
} from '../support/outbox-records.js';
import { temporaryFolder } from '../support/published-box.js';

const dayMs = 86_400_000;
const plenty = { events: 1000, days: 1000 };

describe('the limits of the outbox', () => {
  test('by number: the oldest of the kind are given up, and one gap event states them', async () => {
    using folder = temporaryFolder();
    const clock = new JumpingClock(outboxEpochMs);
    await using records = openOutboxRecords(folder.path, clock);
    for (let count = 0; count < 8; count += 1) {
      records.record(eventOf('camera'));
      records.record(eventOf('attendance'));
    }
    const limit = limitBy(records, clock, rulesOf(plenty, { cameras: { events: 3, days: 1000 } }));
    assert.equal(await limit(), 5);
    assert.deepEqual(waitingSequences(records.outbox), [2, 4, 6, 8, 10, 11, 12, 13, 14, 15, 16, 17]);
    assert.deepEqual(gapsOf(records), [
      {
        sequence: 17,
        said: { firstSequence: 1, lastSequence: 9, counts: { camera: 5 }, reason: 'too-many' },
      },
    ]);
    assert.equal(await limit(), 0, 'nothing more to say');
    assert.equal(records.outbox.deliveryOf(9), 'given-up');
    assert.equal(records.outbox.deliveryOf(11), 'waiting');
    records.outbox.putBack({ first: 9, last: 9 }, { nowMs: clock.wallMs(), limit: 10 });
    assert.equal(records.outbox.deliveryOf(9), 'waiting', 'it was asked for again');
    records.outbox.acknowledge([9]);
    assert.equal(records.outbox.deliveryOf(9), 'delivered', 'it is not given up any more');
    assert.equal(records.list({ limit: 100 }).length, 17, 'the records keep what is not sent');
  });

  test('by age: it counts from the time when an event was recorded or put back', async () => {
    using folder = temporaryFolder();
    const clock = new JumpingClock(outboxEpochMs);
    await using records = openOutboxRecords(folder.path, clock);
    const rules = rulesOf({ events: 1000, days: 30 });
    records.record(eventOf('unknown'));
    records.record(eventOf('unknown'));
    clock.advanceBy(30 * dayMs);
    records.record(eventOf('unknown'));
    const limit = limitBy(records, clock, rules);
    assert.equal(await limit(), 0, 'not yet');
    records.outbox.acknowledge([1]);
    records.outbox.putBack({ first: 1, last: 1 }, { nowMs: clock.wallMs(), limit: 10 });
    clock.advanceBy(1);
    assert.equal(await limit(), 1);
    assert.deepEqual(waitingSequences(records.outbox), [1, 3, 4]);
    assert.equal(gapsOf(records)[0]?.said.reason, 'too-old');
  });

  test('a gap that is given up itself is part of the next one, with its range and counts', async () => {
    using folder = temporaryFolder();
    const clock = new JumpingClock(outboxEpochMs);
    await using records = openOutboxRecords(folder.path, clock);
    const brief = { events: 1000, days: 10 };
    for (let count = 0; count < 4; count += 1) records.record(eventOf('camera'));
    const rules = rulesOf(plenty, { cameras: { events: 1, days: 1000 }, box: brief });
    await limitBy(records, clock, rules)();
    const [first] = gapsOf(records);
    assert.deepEqual([first?.sequence, first?.said.counts], [5, { camera: 3 }]);
    clock.advanceBy(10 * dayMs + 1);
    await limitBy(records, clock, rules)();
    assert.deepEqual(
      gapsOf(records).map(({ sequence, said }) => [sequence, said]),
      [
        [5, { firstSequence: 1, lastSequence: 3, counts: { camera: 3 }, reason: 'too-many' }],
        [6, { firstSequence: 1, lastSequence: 5, counts: { camera: 3, gap: 1 }, reason: 'too-old' }],
      ],
    );
    assert.deepEqual(waitingSequences(records.outbox), [4, 6]);
  });

  test('by size: the least important kinds are given up first, attendance last', async () => {
    using folder = temporaryFolder();
    const clock = new JumpingClock(outboxEpochMs);
    await using records = openOutboxRecords(folder.path, clock);
    const kinds = eventKinds.filter((kind) => kind !== 'gap');
    for (const kind of kinds) records.recordAll(Array.from({ length: 4 }, () => eventOf(kind)));
    const ofSizes = () => records.outbox.counts().reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
    const left = (): readonly EventKind[] =>
      records.outbox
        .counts()
        .filter(({ kind, count }) => kind !== 'gap' && count > 0)
        .map(({ kind }) => kind);
    const gone: EventKind[] = [];
    for (let before = left(); before.length > 1; ) {
      const totalMiB = (ofSizes() - 1) / 1024 / 1024;
      await limitBy(records, clock, rulesOf(plenty, { totalMiB }))();
      const now = left();
      gone.push(...before.filter((kind) => !now.includes(kind)));
      before = now;
    }
    assert.deepEqual(gone, [...kinds].reverse().slice(0, -1));
    assert.deepEqual(left(), ['attendance']);
  });

  test('no event is given up for its age while the clock is in doubt or while it is being sent', async () => {
    using folder = temporaryFolder();
    const clock = new JumpingClock(outboxEpochMs);
    await using records = openOutboxRecords(folder.path, clock);
    records.recordAll([eventOf('camera'), eventOf('camera')]);
    clock.jump(5000 * dayMs);
    const doubtful = limitBy(records, clock, rulesOf(plenty), { isClockTrusted: () => false });
    assert.equal(await doubtful(), 0);
    const busy = limitBy(records, clock, rulesOf(plenty), { inFlight: () => [1] });
    assert.equal(await busy(), 1);
    assert.equal(records.outbox.deliveryOf(1), 'waiting');
  });

  test('a gap event that was not sent yet is merged into the next one', async () => {
    using folder = temporaryFolder();
    const clock = new JumpingClock(outboxEpochMs);
    await using records = openOutboxRecords(folder.path, clock);
    const rules = rulesOf(plenty, { cameras: { events: 2, days: 1000 } });
    const limit = limitBy(records, clock, rules);
    for (let round = 0; round < 5; round += 1) {
      records.recordAll(Array.from({ length: 4 }, () => eventOf('camera')));
      await limit();
    }
    const waiting = waitingSequences(records.outbox);
    const told = gapsOf(records).filter(({ sequence }) => waiting.includes(sequence));
    assert.equal(told.length, 1);
    assert.deepEqual(told[0]?.said.counts, { camera: 18, gap: 4 });
    assert.equal(told[0]?.said.firstSequence, 1);
  });

  test('a kill never separates a gap event from the events that it states', async () => {
    using folder = temporaryFolder();
    const clock = new JumpingClock(outboxEpochMs);
    await using records = openOutboxRecords(folder.path, clock);
    records.recordAll(Array.from({ length: 5 }, () => eventOf('camera')));
    const torn = limitBy(records, clock, rulesOf(plenty, { cameras: { events: 2, days: 1000 } }), {
      records: {
        surplus: records.surplus,
        record: (event, alongside) =>
          records.record(event, () => {
            alongside?.();
            throw new Error('killed');
          }),
      },
    });
    await assert.rejects(torn, /killed/);
    assert.deepEqual(waitingSequences(records.outbox), [1, 2, 3, 4, 5]);
    assert.deepEqual(gapsOf(records), []);
  });
});

const step = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({ do: fc.constant('record' as const), kind: fc.constantFrom(...recordable()) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant('deliver' as const), count: fc.integer({ min: 1, max: 6 }) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant('limit' as const), events: fc.integer({ min: 1, max: 5 }) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('wait' as const), days: fc.integer({ min: 1, max: 40 }) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('shrink' as const),
      share: fc.double({ min: 0, max: 1, noNaN: true }),
    }),
  },
);

function recordable(): readonly EventKind[] {
  return ['attendance', 'unknown', 'camera', 'reply', 'person'];
}

test('every recorded event is delivered, waits, or is counted by a gap that is delivered or waits', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
      using folder = temporaryFolder();
      const clock = new JumpingClock(outboxEpochMs);
      await using records = openOutboxRecords(folder.path, clock);
      const delivered = new Set<number>();
      const enforce = (rules: OutboxRules) => limitBy(records, clock, rules)();
      for (const each of steps) {
        if (each.do === 'record') records.record(eventOf(each.kind));
        else if (each.do === 'wait') clock.advanceBy(each.days * dayMs);
        else if (each.do === 'limit') await enforce(rulesOf({ events: each.events, days: 30 }));
        else if (each.do === 'shrink') {
          const bytes = records.outbox.counts().reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
          await enforce(rulesOf(plenty, { totalMiB: (bytes * each.share) / 1024 / 1024 }));
        } else {
          const sent = waitingSequences(records.outbox).slice(0, each.count);
          records.outbox.acknowledge(sent);
          for (const sequence of sent) delivered.add(sequence);
        }
        assertAccounted(records, delivered);
      }
    }),
    { numRuns: 60 },
  );
});

function assertAccounted(records: RecordStores, delivered: ReadonlySet<number>): void {
  const waiting = new Set(waitingSequences(records.outbox));
  const told = gapsOf(records).filter(({ sequence }) => waiting.has(sequence) || delivered.has(sequence));
  const lost = new Map<string, number>();
  for (const { sequence, kind } of records.list({ limit: 100_000 })) {
    const isThere = waiting.has(sequence) || delivered.has(sequence);
    assert.equal(records.outbox.deliveryOf(sequence) === 'given-up', !isThere);
    if (isThere) continue;
    lost.set(kind, (lost.get(kind) ?? 0) + 1);
    const covering = told.find((gap) => isStatedBy(gap, { sequence, kind }));
    assert.ok(covering !== undefined, `nothing says that ${kind} ${sequence} was given up`);
  }
  const stated = new Map<string, number>();
  for (const { said } of told) {
    for (const [kind, count] of Object.entries(said.counts))
      stated.set(kind, (stated.get(kind) ?? 0) + count);
  }
  assert.deepEqual([...stated].sort(), [...lost].sort(), 'the counts are those of what is lost');
  for (const { kind, count } of records.outbox.counts()) {
    const there = records.outbox.pending(0, 100_000, []).filter((row) => row.kind === kind).length;
    assert.equal(count, there, `the total of ${kind}`);
  }
}
