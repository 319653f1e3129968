import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { BoxConditions } from '../../daemon/app/box-conditions.js';
import {
  CertificateConditions,
  type CertificateConditionsOptions,
  lookAtCertificatesEveryMs,
} from '../../daemon/app/certificate-conditions.js';
import { ClockWatch, lookAtClockEveryMs } from '../../daemon/app/clock-watch.js';
import { diskWatch, lookAtDiskEveryMs } from '../../daemon/app/disk-watch.js';
import { silentLogger } from '../../daemon/base/logger.js';
import { VirtualClock } from '../../daemon/base/virtual-clock.js';
import { freeBytesAt } from '../../daemon/host/free-space.js';
import { certificateStatus } from '../../daemon/publish/certificate-watch.js';
import type { ConditionPort } from '../../daemon/publish/condition-port.js';
import { conditionLines, openSourceRecords } from '../support/event-source.js';
import { memoryLog } from '../support/published-box.js';
import { mountSmallDisk } from '../support/small-disk.js';

const MiB = 1024 * 1024;

/** Writes down what is said; says everything, as a part that does not know what it said before. */
function listening(): ConditionPort & { readonly heard: string[] } {
  const heard: string[] = [];
  return {
    heard,
    begin: (condition, details) => void heard.push(`begin ${condition} ${JSON.stringify(details)}`),
    end: (condition) => void heard.push(`end ${condition}`),
  };
}

describe('the disk', () => {
  test('low begins below the bound and ends with a quarter more', async () => {
    const clock = new VirtualClock();
    const conditions = listening();
    const free = { gallery: 5000, records: 5000 };
    await using watch = diskWatch({
      directories: { gallery: 'gallery', records: 'records' },
      freeBytes: async (directory) => free[directory as keyof typeof free] * MiB,
      lowMiB: () => 1000,
      conditions,
      clock,
      logger: silentLogger,
    }).start();
    await watch.settled();
    for (const freeMiB of [1000, 999, 1100, 1249, 1250]) {
      free.records = freeMiB;
      clock.advanceBy(lookAtDiskEveryMs);
      await watch.settled();
    }
    assert.deepEqual(conditions.heard, [
      'end disk-low',
      'begin disk-low {"gallery":5000,"records":999,"lowMiB":1000}',
      'end disk-low',
    ]);
  });

  test('where it cannot be asked, that is said once and nothing is made up', async () => {
    const clock = new VirtualClock();
    const conditions = listening();
    const log = memoryLog();
    await using watch = diskWatch({
      directories: { gallery: '/nowhere/at/all' },
      freeBytes: freeBytesAt,
      lowMiB: () => 1000,
      conditions,
      clock,
      logger: log.logger,
    }).start();
    await watch.settled();
    clock.advanceBy(lookAtDiskEveryMs);
    await watch.settled();
    assert.deepEqual(conditions.heard, []);
    assert.equal(log.lines.length, 1);
  });

  test('a real one that fills up: said before the records fail, over when there is room again', async (t) => {
    const mounted = mountSmallDisk(8);
    if ('skip' in mounted) {
      t.skip(mounted.skip);
      return;
    }
    using disk = mounted;
    const source = openSourceRecords(t);
    const { clock } = source;
    const conditions = new BoxConditions({ records: source.records, clock, logger: silentLogger });
    await using watch = diskWatch({
      directories: { records: disk.path },
      freeBytes: freeBytesAt,
      lowMiB: () => 4,
      conditions,
      clock,
      logger: silentLogger,
    }).start();
    await watch.settled();
    assert.deepEqual(conditions.current(), []);
    disk.fill();
    clock.advanceBy(lookAtDiskEveryMs);
    await watch.settled();
    assert.deepEqual(conditions.current(), ['disk-low']);
    disk.free();
    clock.advanceBy(lookAtDiskEveryMs);
    await watch.settled();
    assert.deepEqual(conditionLines(source.events()), ['begin disk-low', 'end disk-low']);
    assert.deepEqual(source.events()[0]?.data['details'], { records: 0, lowMiB: 4 });
  });
});

describe('the clock', () => {
  function jumpingClock() {
    const clock = new VirtualClock(1_000_000);
    let setMs = 0;
    const wallMs = (): number => 1_000_000 + clock.monotonicMs() + setMs;
    return {
      clock: Object.assign(clock, { wallMs }),
      set: (byMs: number): void => {
        setMs += byMs;
      },
    };
  }

  test('every jump is said, forth and back, and no slow correction', () => {
    const { clock, set } = jumpingClock();
    const conditions = listening();
    using _watch = new ClockWatch({ conditions, clock });
    conditions.heard.length = 0;
    for (const byMs of [0, 1500, -1500, 3_600_000, 0, -86_400_000]) {
      set(byMs);
      clock.advanceBy(lookAtClockEveryMs);
    }
    assert.deepEqual(conditions.heard, [
      'begin clock-jumped {"byS":3600}',
      'end clock-jumped',
      'begin clock-jumped {"byS":-86400}',
      'end clock-jumped',
    ]);
  });

  test('as events: begun and ended at once', (t) => {
    const { clock, set } = jumpingClock();
    const { records, ...source } = openSourceRecords(t);
    const conditions = new BoxConditions({ records, clock, logger: silentLogger });
    using _watch = new ClockWatch({ conditions, clock });
    set(60_000);
    clock.advanceBy(lookAtClockEveryMs);
    assert.deepEqual(conditionLines(source.events()), ['begin clock-jumped', 'end clock-jumped']);
    assert.deepEqual(conditions.current(), []);
  });
});

describe('certificates', () => {
  const dayMs = 86_400_000;
  const facts = (days: number) => ({
    names: 'broker',
    fingerprint: String(days),
    notBeforeMs: 0,
    notAfterMs: 100 * dayMs + days * dayMs,
  });
  const statusOf = (whose: 'client' | 'broker', days: number) =>
    certificateStatus(whose, facts(days) as Parameters<typeof certificateStatus>[1], 100 * dayMs);
  type Status = ReturnType<CertificateConditionsOptions['publisher']>;

  test('one that ends within 30 days is said; without a connection nothing is over', () => {
    const clock = new VirtualClock();
    const conditions = listening();
    const steps: Status[] = [
      { connection: 'connected', certificates: [statusOf('client', 300), statusOf('broker', 31)] },
      { connection: 'connected', certificates: [statusOf('client', 300), statusOf('broker', 29)] },
      { connection: 'waiting', certificates: [statusOf('client', 300)] },
      { connection: 'connected', certificates: [statusOf('client', -1), statusOf('broker', 20)] },
      undefined,
    ];
    let status: Status = steps[0];
    using _watch = new CertificateConditions({ publisher: () => status, conditions, clock });
    for (const next of steps.slice(1)) {
      status = next;
      clock.advanceBy(lookAtCertificatesEveryMs);
    }
    assert.deepEqual(conditions.heard, [
      'end certificate-expiring',
      'begin certificate-expiring {"which":"broker","notAfter":"1970-05-10T00:00:00.000Z","daysLeft":29,"state":"expires-soon"}',
      'begin certificate-expiring {"which":"client","notAfter":"1970-04-10T00:00:00.000Z","daysLeft":-1,"state":"expired"}',
      'end certificate-expiring',
    ]);
  });
});
