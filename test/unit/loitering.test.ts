import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { StrangerEntry } from '../../daemon/core/gallery/strangers/strangers-aside.js';
import { Loitering, loiteringTickMs } from '../../daemon/core/strangers/loitering.js';
import { operational } from '../../daemon/kernel/errors.js';
import type { LoiteringNotice } from '../../daemon/kernel/events/notice.js';
import { cameraId, type PassageId, passageId, strangerId } from '../../daemon/kernel/ids.js';
import { silentLogger } from '../../daemon/kernel/logger.js';
import { presentStay } from '../../daemon/kernel/strangers/stay.js';
import { CountedTimers } from '../support/counted-timers.js';

const minuteMs = 60_000;
const startMs = Date.UTC(2026, 2, 2, 9, 0, 0);

/** A passage from one minute to another. */
const passage = (id: string, from: number, until: number, camera = 'gate') => ({
  ...{ passageId: passageId(id), cameraId: cameraId(camera) },
  ...{ firstSeenMs: startMs + from * minuteMs, lastSeenMs: startMs + until * minuteMs },
});

const entryOf = (id: string, appearances: readonly ReturnType<typeof passage>[]): StrangerEntry => ({
  ...{ id: strangerId(id), state: 'active', visits: 1, appearances, comparedPassages: [] },
  firstSeenMs: Math.min(...appearances.map(({ firstSeenMs }) => firstSeenMs)),
  lastSeenMs: Math.max(...appearances.map(({ lastSeenMs }) => lastSeenMs)),
});

/** A clock whose wall time can be set. */
class SetClock extends CountedTimers {
  setByMs = 0;

  override wallMs(): number {
    return super.wallMs() + this.setByMs;
  }
}

/** Strangers on a clock that a test moves. */
class Street implements Disposable {
  readonly clock = new SetClock(startMs);
  readonly passages = new Map<string, ReturnType<typeof passage>[]>();
  readonly open = new Set<PassageId>();
  readonly recorded: LoiteringNotice[] = [];
  isDiskFull = false;
  /** Log lines that ask for somebody's attention. */
  errors = 0;
  #loitering: Loitering | undefined;

  start(): void {
    this.#loitering?.[Symbol.dispose]();
    this.#loitering = new Loitering({
      strangers: () => ({
        seenSince: (sinceMs, ids) =>
          [...this.passages]
            .map(([id, appearances]) => entryOf(id, appearances))
            .filter(({ id, lastSeenMs }) => lastSeenMs >= sinceMs || ids.has(id)),
      }),
      openPassages: () =>
        [...this.open].map((id) => {
          const [who] = [...this.passages].find(([, all]) => all.some((each) => each.passageId === id)) ?? [];
          return { id, ...(who === undefined ? {} : { stranger: { id: strangerId(who), visit: 1 } }) };
        }),
      published: this.recorded.map((notice) => ({ ...notice, atMs: notice.occurredAtMs })),
      record: (notice) => {
        if (this.isDiskFull) throw operational('disk-full', 'the disk is full');
        this.recorded.push(notice);
      },
      loiteringAfterS: () => 600,
      clock: this.clock,
      logger: {
        ...silentLogger,
        error: () => {
          this.errors += 1;
        },
      },
    }).start();
  }

  /** Lets minutes pass, in ticks. */
  pass(minutes: number): void {
    const ticks = (minutes * minuteMs) / loiteringTickMs;
    for (let tick = 0; tick < ticks; tick += 1) this.clock.advanceBy(loiteringTickMs);
  }

  [Symbol.dispose](): void {
    this.#loitering?.[Symbol.dispose]();
  }
}

describe('a stranger who stays', () => {
  test('is no longer looked for when the box stops', () => {
    const street = new Street();
    street.start();
    assert.equal(street.clock.timers, 1);
    street[Symbol.dispose]();
    assert.equal(street.clock.timers, 0);
  });

  test('and stands still is reported once, although vision reports nothing new', () => {
    using street = new Street();
    street.passages.set('s-1', [passage('p-1', 0, 0.1)]);
    street.open.add(passageId('p-1'));
    street.start();
    street.pass(9.9);
    assert.equal(street.recorded.length, 0);
    street.pass(60);
    const [notice, ...more] = street.recorded;
    assert.deepEqual(more, []);
    assert.deepEqual(notice, {
      ...{ kind: 'loitering', strangerId: 's-1', cameraId: 'gate', passageId: 'p-1', cameraIds: ['gate'] },
      ...{ sinceMs: startMs, occurredAtMs: startMs + 10 * minuteMs },
    });
  });

  test('is not reported again after a restart, and again after a gap', () => {
    using street = new Street();
    street.passages.set('s-1', [passage('p-1', 0, 0.1)]);
    street.open.add(passageId('p-1'));
    street.start();
    street.pass(11);
    street.start();
    street.pass(5);
    assert.equal(street.recorded.length, 1);
    street.open.clear();
    street.passages.set('s-1', [passage('p-1', 0, 16), passage('p-2', 19, 19.1)]);
    street.open.add(passageId('p-2'));
    street.pass(12);
    assert.equal(street.recorded.length, 1);
    street.pass(2);
    assert.equal(street.recorded.length, 2);
    assert.equal(street.recorded[1]?.sinceMs, startMs + 19 * minuteMs);
  });

  test('is reported with the cameras between which the stranger walks', () => {
    using street = new Street();
    street.passages.set('s-1', [
      passage('p-1', 0, 3, 'yard'),
      passage('p-2', 4.5, 7, 'gate'),
      passage('p-3', 8, 9, 'yard'),
      passage('p-4', 9.5, 10.2, 'gate'),
    ]);
    street.clock.advanceBy(11 * minuteMs);
    street.start();
    assert.deepEqual(street.recorded[0]?.cameraIds, ['yard', 'gate']);
    assert.equal(street.recorded[0]?.cameraId, 'gate');
    assert.equal(street.recorded.length, 1);
  });

  test('is not reported for several short visits, or after the stay is over', () => {
    using street = new Street();
    street.passages.set('s-1', [passage('p-1', 0, 4), passage('p-2', 6, 9.5), passage('p-3', 12, 15)]);
    street.passages.set('s-2', [passage('p-4', 0, 11)]);
    street.clock.advanceBy(15 * minuteMs);
    street.start();
    street.pass(3);
    assert.deepEqual(street.recorded, []);
  });

  test('is recorded as soon as the disk has room again', () => {
    using street = new Street();
    street.passages.set('s-1', [passage('p-1', 0, 0.1)]);
    street.open.add(passageId('p-1'));
    street.start();
    street.isDiskFull = true;
    street.pass(12);
    street.isDiskFull = false;
    street.pass(1);
    assert.equal(street.recorded.length, 1);
  });

  test('is not taken from a clock that jumps', () => {
    using street = new Street();
    street.passages.set('s-1', [passage('p-1', 0, 0.1)]);
    street.open.add(passageId('p-1'));
    street.start();
    street.pass(1);
    street.clock.setByMs = 60 * minuteMs;
    street.pass(9);
    assert.deepEqual(street.recorded, []);
    street.pass(2);
    assert.equal(street.recorded.length, 1);
  });

  for (const [setByMs, minutes] of [
    [30_000, 10],
    [-30_000, 11],
    // From the first look after the jump.
    [30_001, 16],
    [-30_001, 16],
  ] as const) {
    test(`is reported after ${minutes} minutes where the clock is set by ${setByMs} ms after five`, () => {
      using street = new Street();
      street.passages.set('s-1', [passage('p-1', 0, 0.1)]);
      street.open.add(passageId('p-1'));
      street.start();
      street.pass(5);
      street.clock.setByMs = setByMs;
      let passed = 5;
      for (; street.recorded.length === 0 && passed < 20; passed += 1) street.pass(1);
      assert.equal(passed, minutes);
    });
  }

  test('is logged once while it cannot be recorded for the same reason', () => {
    using street = new Street();
    street.passages.set('s-1', [passage('p-1', 0, 0.1)]);
    street.open.add(passageId('p-1'));
    street.start();
    street.isDiskFull = true;
    street.pass(12);
    assert.equal(street.errors, 1);
    street.isDiskFull = false;
    street.pass(1);
    street.passages.set('s-2', [passage('p-2', 13, 13.1)]);
    street.open.add(passageId('p-2'));
    street.isDiskFull = true;
    street.pass(12);
    assert.equal(street.errors, 2, 'a fault that came back');
  });
});

test('a stranger who left is forgotten, and reported again after the clock was set back', () => {
  using street = new Street();
  street.passages.set('s-1', [passage('p-1', 0, 0.1)]);
  street.open.add(passageId('p-1'));
  street.start();
  street.pass(11);
  assert.equal(street.recorded.length, 1);
  street.open.clear();
  street.pass(10);
  street.clock.setByMs = -60 * minuteMs;
  street.passages.set('s-1', [passage('p-2', -39, -38.9)]);
  street.open.add(passageId('p-2'));
  street.pass(12);
  assert.equal(street.recorded.length, 2);
});

describe('the present stay', () => {
  test('ends two minutes after the last passage', () => {
    const closed = () => false;
    const stayAt = (minute: number) =>
      presentStay([passage('p-1', 0, 5)], closed, startMs + minute * minuteMs);
    assert.equal(stayAt(6.9)?.untilMs, startMs + 5 * minuteMs);
    assert.equal(stayAt(7), undefined);
    assert.equal(presentStay([], closed, startMs), undefined);
  });

  test('goes on through two passages at the same time', () => {
    const passages = [
      passage('p-1', 0, 8, 'gate'),
      passage('p-2', 1, 2, 'yard'),
      passage('p-3', 9, 9.5, 'yard'),
    ];
    const stay = presentStay(passages, () => false, startMs + 10 * minuteMs);
    assert.deepEqual([stay?.fromMs, stay?.latest.passageId], [startMs, 'p-3']);
  });
});
