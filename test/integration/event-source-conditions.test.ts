import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  type CertificateConditionsOptions,
  certificateConditions,
  checkCertificatesEveryMs,
} from '../../daemon/core/conditions/certificate-conditions.js';
import { askSystemEveryMs, ClockWatch, checkClockEveryMs } from '../../daemon/core/conditions/clock-watch.js';
import { Conditions, settledAfterMs } from '../../daemon/core/conditions/conditions.js';
import { checkDiskEveryMs, diskWatch } from '../../daemon/core/conditions/disk-watch.js';
import { certificateStatus } from '../../daemon/core/delivery/broker/certificate-watch.js';
import type { ConditionPort } from '../../daemon/core/delivery/condition-port.js';
import { freeBytesAt } from '../../daemon/host/free-space.js';
import { silentLogger } from '../../daemon/kernel/logger.js';
import { VirtualClock } from '../../daemon/kernel/virtual-clock.js';
import { conditionLines, openSourceRecords } from '../support/event-source.js';
import { heardConditions } from '../support/heard-conditions.js';
import { memoryLog } from '../support/published-box.js';
import { mountSmallDisk } from '../support/small-disk.js';

const MiB = 1024 * 1024;

/** Checks two disks with the given free MiB; less than 1000 is low. */
const watchDisks = (
  free: Readonly<Record<'gallery' | 'records', number>>,
  conditions: ConditionPort,
  clock: VirtualClock,
) =>
  diskWatch({
    directories: { gallery: 'gallery', records: 'records' },
    freeBytes: async (directory) => free[directory as keyof typeof free] * MiB,
    lowMiB: () => 1000,
    conditions,
    clock,
    logger: silentLogger,
  }).start();

describe('the disk', () => {
  test('counts as low below the limit, and until a quarter more than the limit is free', async () => {
    const clock = new VirtualClock();
    const conditions = heardConditions();
    const free = { gallery: 5000, records: 5000 };
    await using watch = watchDisks(free, conditions, clock);
    await watch.settled();
    for (const freeMiB of [1000, 999, 1100, 1249, 1250]) {
      free.records = freeMiB;
      clock.advanceBy(checkDiskEveryMs);
      await watch.settled();
    }
    const said = (records: number, news: string): string =>
      `change disk-low {"gallery":5000,"records":${records},"lowMiB":1000} ${news}`;
    assert.deepEqual(conditions.heard, [
      'end disk-low',
      said(1000, '-gallery'),
      said(999, '+records -gallery'),
      said(1100, '-gallery'),
      said(1249, '-gallery'),
      'end disk-low',
    ]);
  });

  test('a second low disk is recorded, and the recovery of one of two', async (t) => {
    const source = openSourceRecords(t);
    const { clock, records } = source;
    const conditions = new Conditions({ records, clock, logger: silentLogger });
    const free = { gallery: 5000, records: 999 };
    await using watch = watchDisks(free, conditions, clock);
    const look = async (): Promise<void> => {
      clock.advanceBy(checkDiskEveryMs);
      await watch.settled();
    };
    await watch.settled();
    free.gallery = 900;
    await look();
    await look();
    free.records = 5000;
    await look();
    clock.advanceBy(settledAfterMs);
    assert.deepEqual(
      source.events().map(({ data }) => [data['change'], data['about']]),
      [
        [undefined, ['records']],
        ['worsened', ['gallery', 'records']],
        ['eased', ['gallery']],
      ],
    );
  });

  test('an unreadable disk is logged once and changes no condition', async () => {
    const clock = new VirtualClock();
    const conditions = heardConditions();
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
    clock.advanceBy(checkDiskEveryMs);
    await watch.settled();
    assert.deepEqual(conditions.heard, []);
    assert.equal(log.lines.length, 1);
  });

  test('a real disk that fills up is recorded before the records fail, and its end when space is free', async (t) => {
    const mounted = mountSmallDisk(8);
    if ('skip' in mounted) {
      t.skip(mounted.skip);
      return;
    }
    using disk = mounted;
    const source = openSourceRecords(t);
    const { clock } = source;
    const conditions = new Conditions({ records: source.records, clock, logger: silentLogger });
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
    clock.advanceBy(checkDiskEveryMs);
    await watch.settled();
    assert.deepEqual(conditions.current(), ['disk-low']);
    disk.free();
    clock.advanceBy(checkDiskEveryMs);
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

  const watchClock = (
    conditions: ConditionPort,
    clock: VirtualClock,
    answers: (boolean | undefined)[] = [],
    lastRecordedMs?: number,
  ) =>
    new ClockWatch({
      ...{ conditions, clock, logger: silentLogger, lastRecordedMs },
      isSynchronised: async () => answers.shift(),
    });

  test('the status shows a jump for a day, and whether a time server controls the clock', async () => {
    const { clock, set } = jumpingClock();
    await using watch = watchClock(heardConditions(), clock, [false, true, undefined]).start();
    await watch.settled();
    assert.deepEqual(watch.status(), { isSynchronised: false });
    set(-7200_000);
    clock.advanceBy(checkClockEveryMs);
    await watch.settled();
    assert.equal(watch.status().lastJump?.byS, -7200);
    clock.advanceBy(askSystemEveryMs);
    await watch.settled();
    assert.equal(watch.status().isSynchronised, true);
    clock.advanceBy(askSystemEveryMs);
    await watch.settled();
    assert.equal(watch.status().isSynchronised, undefined);
    clock.advanceBy(23 * 3_600_000);
    assert.equal(watch.status().lastJump?.byS, -7200);
    clock.advanceBy(3_600_000);
    assert.equal(watch.status().lastJump, undefined);
  });

  test('every jump forward or backward is recorded, but no slow correction', async () => {
    const { clock, set } = jumpingClock();
    const conditions = heardConditions();
    await using watch = watchClock(conditions, clock).start();
    for (const byMs of [0, 1500, -1500, 3_600_000, 0, -86_400_000]) {
      await watch.settled();
      set(byMs);
      clock.advanceBy(checkClockEveryMs);
    }
    assert.deepEqual(conditions.heard, [
      'end clock-jumped',
      'begin clock-jumped {"byS":3600}',
      'end clock-jumped',
      'begin clock-jumped {"byS":-86400}',
      'end clock-jumped',
    ]);
  });

  test('a clock that was set back while the daemon did not run counts as a jump', async () => {
    const yearMs = 365 * 86_400_000;
    for (const [aheadMs, byS] of [
      [yearMs, -31_536_000],
      [59_000, undefined],
      [-yearMs, undefined],
    ] as const) {
      const { clock } = jumpingClock();
      const conditions = heardConditions();
      await using watch = watchClock(conditions, clock, [], clock.wallMs() + aheadMs).start();
      await watch.settled();
      clock.advanceBy(checkClockEveryMs);
      await watch.settled();
      assert.equal(watch.status().lastJump?.byS, byS, `records end ${aheadMs} ms ahead`);
      const begun = byS === undefined ? [] : [`begin clock-jumped {"byS":${byS}}`, 'end clock-jumped'];
      assert.deepEqual(conditions.heard, ['end clock-jumped', ...begun]);
    }
  });

  test('a jump gives a beginning and an end at the same time', async (t) => {
    const { clock, set } = jumpingClock();
    const { records, ...source } = openSourceRecords(t);
    const conditions = new Conditions({ records, clock, logger: silentLogger });
    await using watch = watchClock(conditions, clock).start();
    await watch.settled();
    set(60_000);
    clock.advanceBy(checkClockEveryMs);
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

  /** Checks one status after another, with `next` in between. */
  async function looking(conditions: ConditionPort, clock: VirtualClock, steps: readonly Status[]) {
    let status: Status;
    const watch = certificateConditions({ publisher: () => status, conditions, clock, logger: silentLogger });
    await using _watch = watch;
    for (const next of steps) {
      status = next;
      clock.advanceBy(checkCertificatesEveryMs);
      await watch.start().settled();
    }
  }
  const connected = (...certificates: NonNullable<Status>['certificates']): Status => ({
    connection: 'connected',
    certificates,
  });

  test('a certificate that expires within 30 days is recorded; without a connection the broker part never ends', async () => {
    const conditions = heardConditions();
    await looking(conditions, new VirtualClock(), [
      connected(statusOf('client', 300), statusOf('broker', 31)),
      connected(statusOf('client', 300), statusOf('broker', 29)),
      { connection: 'waiting', certificates: [statusOf('client', 300)] },
      undefined,
    ]);
    const [first, ending, waiting, last] = conditions.heard;
    assert.deepEqual([first, last], ['end certificate-expiring', 'end certificate-expiring']);
    const details =
      '{"which":"broker","notAfter":"1970-05-10T00:00:00.000Z","daysLeft":29,"state":"expires-soon"}';
    assert.ok(ending?.startsWith(`change certificate-expiring ${details} +broker -client`), ending);
    assert.match(waiting ?? '', /-client-expired/);
    assert.doesNotMatch(waiting ?? '', /broker/);
  });

  test('a certificate that expires soon is recorded once more when it expires, across kills and clock changes', async (t) => {
    const source = openSourceRecords(t);
    const { clock } = source;
    const open = () => new Conditions({ records: source.records, clock, logger: silentLogger });
    const [soon, expired] = [connected(statusOf('client', 20)), connected(statusOf('client', -1))];
    await looking(open(), clock, [soon, soon, expired, expired]);
    await source.restart();
    const conditions = open();
    // A clock that is set forward and back makes it expire repeatedly.
    await looking(conditions, clock, [expired, soon, expired, soon, expired]);
    assert.deepEqual(conditions.about(), { 'certificate-expiring': ['client', 'client-expired'] });
    const second = connected(statusOf('client', -1), statusOf('broker', 9));
    await looking(conditions, clock, [second, connected(statusOf('client', 300))]);
    assert.deepEqual(
      source.events().map(({ data }) => [data['active'], data['change'], data['about']]),
      [
        [true, undefined, ['client']],
        [true, 'worsened', ['client', 'client-expired']],
        [true, 'worsened', ['broker', 'client', 'client-expired']],
        [false, undefined, undefined],
      ],
    );
  });
});
