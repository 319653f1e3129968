import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { VirtualClock } from '../../daemon/kernel/virtual-clock.js';
import { FrameWatchdog, type Silence } from '../../daemon/vision/ingest/frame-watchdog.js';

function watch(): { clock: VirtualClock; watchdog: FrameWatchdog; reported: [Silence, number][] } {
  const clock = new VirtualClock();
  const reported: [Silence, number][] = [];
  const watchdog = new FrameWatchdog({
    clock,
    firstFrameWithinMs: 20_000,
    stallAfterMs: 5000,
    onSilence: (silence) => reported.push([silence, clock.monotonicMs()]),
  });
  return { clock, watchdog, reported };
}

describe('frame watchdog', () => {
  test('waits for the first frame for the configured time', () => {
    const { clock, reported } = watch();
    clock.advanceTo(60_000);
    assert.deepEqual(reported, [['no-first-frame', 20_000]]);
  });

  test('reports a stall its patience after the last frame', () => {
    const { clock, watchdog, reported } = watch();
    for (let frame = 0; frame < 100; frame++) {
      clock.advanceBy(130);
      watchdog.freshFrame();
    }
    clock.advanceTo(60_000);
    assert.deepEqual(reported, [['stalled', 18_000]]);
  });

  test('does not count late frames as a live stream, and reports falling-behind', () => {
    const { clock, watchdog, reported } = watch();
    watchdog.freshFrame();
    for (let frame = 0; frame < 100; frame++) {
      clock.advanceBy(100);
      watchdog.staleFrame();
    }
    assert.deepEqual(reported, [['falling-behind', 5000]]);
  });

  test('forgets a backlog that was worked off', () => {
    const { clock, watchdog, reported } = watch();
    watchdog.freshFrame();
    watchdog.staleFrame();
    watchdog.freshFrame();
    clock.advanceTo(60_000);
    assert.deepEqual(reported, [['stalled', 5000]]);
  });

  test('checks a second time when this process itself stood still', () => {
    const clock = new StandstillClock();
    const reported: Silence[] = [];
    const watchdog = new FrameWatchdog({
      clock,
      firstFrameWithinMs: 20_000,
      stallAfterMs: 5000,
      onSilence: (silence) => reported.push(silence),
    });
    watchdog.freshFrame();
    clock.standStill(30_000);
    watchdog.freshFrame();
    clock.advanceBy(4900);
    assert.deepEqual(reported, []);
    clock.advanceBy(200);
    assert.deepEqual(reported, ['stalled']);
  });

  test('takes half a second of delay for normal, and gives the camera a second more after a longer one', () => {
    for (const [lateMs, reportedAfterMs] of [
      [500, 0],
      [501, 1000],
    ] as const) {
      const clock = new StandstillClock();
      const reported: Silence[] = [];
      const onSilence = (silence: Silence): void => void reported.push(silence);
      new FrameWatchdog({ clock, firstFrameWithinMs: 5000, stallAfterMs: 5000, onSilence });
      clock.standStill(5000 + lateMs);
      if (reportedAfterMs > 0) {
        clock.advanceBy(reportedAfterMs - 1);
        assert.deepEqual(reported, []);
        clock.advanceBy(1);
      }
      assert.deepEqual(reported, ['no-first-frame'], `${lateMs} ms`);
    }
  });

  test('is silent once cancelled', () => {
    const { clock, watchdog, reported } = watch();
    watchdog.cancel();
    clock.advanceTo(60_000);
    assert.deepEqual(reported, []);
  });
});

/** Can jump over due timers, which then fire late: as after a blocked event loop or a suspended machine. */
class StandstillClock extends VirtualClock {
  #lostMs = 0;

  override monotonicMs(): number {
    return super.monotonicMs() + this.#lostMs;
  }

  /** `durationMs` pass in which no timer fires; those that fell due fire at the end of it. */
  standStill(durationMs: number): void {
    this.#lostMs += durationMs - 5000;
    this.advanceBy(5000);
  }
}
