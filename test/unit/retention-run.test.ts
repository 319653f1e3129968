import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { retentionSchema } from '../../daemon/contract/settings/retention-schema.js';
import {
  type AgeingKinds,
  largestBatch,
  nextBatch,
  type RetentionRunOptions,
  runRetention,
} from '../../daemon/core/retention/retention-run.js';
import { retentionRun } from '../../daemon/kernel/actor.js';
import { operational } from '../../daemon/kernel/errors.js';
import { silentLogger } from '../../daemon/kernel/logger.js';
import { type Ageing, retentionKinds } from '../../daemon/kernel/retention/retention-rules.js';
import { VirtualClock } from '../../daemon/kernel/virtual-clock.js';

const nothing: Ageing = { countDue: () => 0, begin: () => () => ({ count: 0, isMoreDue: false }) };

/** `total` things, each of which takes `eachMs`. */
function pile(total: number, clock: VirtualClock, eachMs: number, batches: number[]): Ageing {
  return {
    countDue: () => total,
    begin: () => {
      let left = total;
      return (limit) => {
        const count = Math.min(left, limit);
        left -= count;
        batches.push(count);
        clock.advanceBy(count * eachMs);
        return { count, isMoreDue: left > 0 };
      };
    },
  };
}

function optionsWith(kinds: Partial<AgeingKinds>, clock = new VirtualClock()): RetentionRunOptions {
  const { atHour: _, ...rules } = retentionSchema.parse({});
  const idle = Object.fromEntries(retentionKinds.map((kind) => [kind, nothing])) as Record<
    (typeof retentionKinds)[number],
    Ageing
  >;
  return {
    kinds: { ...idle, ...kinds },
    rules,
    by: retentionRun,
    emptyLogs: () => true,
    clock,
    logger: silentLogger,
    signal: new AbortController().signal,
  };
}

describe('a retention run', () => {
  test('makes batches as large as a few milliseconds allow, and measures them', async () => {
    for (const [eachMs, largest] of [
      [0.001, largestBatch],
      [0.5, 4],
      [30, 2],
    ] as const) {
      const clock = new VirtualClock();
      const batches: number[] = [];
      const photographs = pile(1000, clock, eachMs, batches);
      const report = await runRetention(optionsWith({ photographs }, clock));
      assert.equal(report.forgotten.photographs, 1000);
      assert.equal(Math.max(...batches), largest, `${eachMs} ms each`);
      assert.equal(report.longestBatchMs, Math.round(largest * eachMs * 10) / 10);
      assert.ok(report.batches >= batches.length);
    }
    assert.equal(nextBatch(1, 50), 1, 'never nothing');
  });

  test('continues after a kind that fails, and reports the kind and the reason', async () => {
    const clock = new VirtualClock();
    const full: Ageing = {
      countDue: () => 3,
      begin: () => () => {
        throw operational('disk-full', 'the disk is full', { remedy: 'free space' });
      },
    };
    const broken: Ageing = {
      ...full,
      begin: () => {
        throw new TypeError('a mistake');
      },
    };
    const tombstones = pile(3, clock, 0, []);
    const { forgotten, failures } = await runRetention(
      optionsWith({ photographs: full, unknownRecords: broken, tombstones }, clock),
    );
    assert.deepEqual(forgotten, { tombstones: 3 });
    assert.deepEqual(failures, [
      { kind: 'photographs', code: 'disk-full', message: 'the disk is full', remedy: 'free space' },
      { kind: 'unknownRecords', code: 'internal', message: 'a mistake' },
    ]);
  });

  test('ends after the batch at hand when the daemon stops', async () => {
    const ending = new AbortController();
    const batches: number[] = [];
    const all = pile(1000, new VirtualClock(), 0, batches);
    const photographs: Ageing = {
      ...all,
      begin: (beforeMs) => {
        const step = all.begin(beforeMs);
        return (limit) => {
          if (batches.length === 2) ending.abort(operational('shutting-down', 'stopping'));
          return step(limit);
        };
      },
    };
    await assert.rejects(
      runRetention({ ...optionsWith({ photographs }), signal: ending.signal }),
      /stopping/,
    );
    assert.equal(batches.length, 3);
  });
});
