import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { RecordedMoments } from '../../daemon/core/records/recorded-moments.js';
import { JumpingClock } from '../support/jumping-clock.js';

/** A clock that has run for a while, and the ages of what was recorded on it. */
function start() {
  const clock = new JumpingClock(1_000_000);
  clock.advanceBy(5_000);
  const moments = new RecordedMoments(clock);
  const atMs = new Map<number, number>();
  return {
    clock,
    note(sequence: number): void {
      atMs.set(sequence, clock.wallMs());
      moments.note(sequence, clock.wallMs());
    },
    ageMs: (sequence: number) => moments.ageMs(sequence, atMs.get(sequence) ?? Number.NaN),
    ofEarlierProcess: (recordedAtMs: number) => moments.ageMs(1, recordedAtMs),
  };
}

describe('the age of an event', () => {
  test('is the time since then, whatever the wall clock says meanwhile', () => {
    const { clock, note, ageMs } = start();
    note(1);
    clock.advanceBy(300);
    assert.equal(ageMs(1), 300);
    clock.jump(3_600_000);
    assert.equal(ageMs(1), 300);
    clock.advanceBy(200);
    note(2);
    clock.advanceBy(100);
    assert.deepEqual([ageMs(1), ageMs(2)], [600, 100]);
    clock.jump(-7_200_000);
    note(3);
    clock.advanceBy(50);
    assert.deepEqual([ageMs(1), ageMs(2), ageMs(3)], [650, 150, 50]);
  });

  test('follows a jump of a second, and takes smaller steps of the clock for its drift', () => {
    for (const [byMs, error] of [
      [1_000, 0],
      [-1_000, 0],
      [999, 999],
      [-999, -999],
    ] as const) {
      const { clock, note, ageMs } = start();
      note(1);
      clock.jump(byMs);
      note(2);
      clock.advanceBy(5_000);
      assert.equal(ageMs(1), 5_000, String(byMs));
      assert.equal(ageMs(2), 5_000 - error, String(byMs));
    }
  });

  test('measures many small steps from the last jump, so that they add up to one', () => {
    const { clock, note, ageMs } = start();
    note(1);
    clock.jump(600);
    note(2);
    clock.jump(600);
    note(3);
    assert.equal(ageMs(3), 0);
  });

  test('comes from the wall clock for an event of an earlier process', () => {
    const { clock, note, ofEarlierProcess } = start();
    note(2);
    assert.equal(ofEarlierProcess(clock.wallMs() - 90_000), 90_000);
  });

  test('is unknown for an event of an earlier process more than a minute in the future', () => {
    const { clock, ofEarlierProcess } = start();
    assert.equal(ofEarlierProcess(clock.wallMs() + 60_000), -60_000);
    assert.equal(ofEarlierProcess(clock.wallMs() + 60_001), Number.POSITIVE_INFINITY);
  });

  test('is remembered over a thousand jumps; before them, the wall clock tells it', () => {
    const { clock, note, ageMs } = start();
    for (let sequence = 1; sequence <= 1_001; sequence += 1) {
      note(sequence);
      clock.jump(2_000);
    }
    clock.advanceBy(10);
    assert.deepEqual([ageMs(2), ageMs(1_001)], [10, 10]);
    assert.equal(ageMs(1), 1_001 * 2_000 + 10);
  });
});
