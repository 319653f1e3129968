import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { RecordStores } from '../../daemon/core/compose/record-stores.js';
import { SequenceLedger } from '../../daemon/core/delivery/sequence-ledger.js';
import type { EventKind } from '../../daemon/kernel/events/event.js';
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

const kinds: readonly EventKind[] = ['attendance', 'unknown', 'camera'];
const someNumber = fc.integer({ min: 1, max: 40 });

const step = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ do: fc.constant('record' as const), kind: fc.constantFrom(...kinds) }),
  },
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constant('send' as const), count: fc.integer({ min: 1, max: 6 }) }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant('bring' as const), count: fc.integer({ min: 1, max: 6 }) }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('reconnect' as const), isLossy: fc.boolean() }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('confirm' as const) }) },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('resend' as const), first: someNumber, last: someNumber }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('limit' as const), events: fc.integer({ min: 3, max: 8 }) }),
  },
);

/** A broker that may lose messages before delivery, and a centre that stores what it receives. */
class Outside {
  readonly stored = new Set<number>();
  #atBroker: number[] = [];

  take(sequences: readonly number[]): void {
    this.#atBroker.push(...sequences);
  }

  bring(count: number): void {
    for (const sequence of this.#atBroker.splice(0, count)) this.stored.add(sequence);
  }

  loseDisk(): void {
    this.#atBroker = [];
  }

  /** The sequence up to which every event is stored, or given up according to stored gaps. */
  completeUpTo(records: RecordStores): number {
    const ledger = new SequenceLedger(1);
    for (const sequence of this.stored) ledger.take(sequence, String(sequence), '');
    for (const { sequence, said } of gapsOf(records)) {
      const { firstSequence: first, lastSequence: last, counts } = said;
      const count = Object.values(counts).reduce((sum, each) => sum + each, 0);
      if (this.stored.has(sequence)) ledger.giveUp({ first, last, count });
    }
    const { last, missing } = ledger.summary();
    return (missing[0]?.first ?? last + 1) - 1;
  }
}

test('with a centre that confirms, no event is lost, whatever brokers lose and in any order of operations', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 50 }), async (steps) => {
      using folder = temporaryFolder();
      const clock = new JumpingClock(outboxEpochMs);
      await using records = openOutboxRecords(folder.path, clock);
      const { forCentre: outbox, centre } = records.outbox;
      const outside = new Outside();
      outbox.begin();
      let confirmed = 0;
      for (const each of steps) {
        if (each.do === 'record') records.record(eventOf(each.kind));
        else if (each.do === 'bring') outside.bring(each.count);
        else if (each.do === 'send') {
          const sent = waitingSequences(outbox).slice(0, each.count);
          outside.take(sent);
          outbox.acknowledge(sent);
        } else if (each.do === 'reconnect') {
          if (each.isLossy) outside.loseDisk();
          outbox.begin();
        } else if (each.do === 'confirm') {
          centre.confirmUpTo(outside.completeUpTo(records), []);
        } else if (each.do === 'resend') {
          // An event that was given up and is delivered nevertheless would count against its gap.
          if (gapsOf(records).length > 0) continue;
          const range = { first: Math.min(each.first, each.last), last: Math.max(each.first, each.last) };
          records.outbox.putBack(range, { nowMs: clock.wallMs(), limit: 100 });
        } else {
          await limitBy(records, clock, rulesOf({ events: each.events, days: 1000 }))();
        }
        assert.ok(centre.confirmed() >= confirmed, 'never back');
        confirmed = centre.confirmed();
        assertAccounted(records, outside);
      }
    }),
    { numRuns: 150 },
  );
});

function assertAccounted(records: RecordStores, outside: Outside): void {
  const inOutbox = new Set(waitingSequences(records.outbox));
  const isThere = (sequence: number): boolean => inOutbox.has(sequence) || outside.stored.has(sequence);
  const gaps = gapsOf(records).filter(({ sequence }) => isThere(sequence));
  for (const { sequence, kind } of records.list({ limit: 1000 })) {
    if (isThere(sequence)) continue;
    const isStated = gaps.some((gap) => isStatedBy(gap, { sequence, kind }));
    assert.ok(isStated, `${kind} ${sequence} is neither stored nor waiting nor stated`);
  }
}
