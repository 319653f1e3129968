import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ProgressWatchdog } from '../../daemon/kernel/progress-watchdog.js';
import { VirtualClock } from '../../daemon/kernel/virtual-clock.js';

const silenceLimitMs = 8_000;

function start() {
  const clock = new VirtualClock();
  const pingedAtMs: number[] = [];
  const standstills: string[][] = [];
  const watchdog = new ProgressWatchdog({
    clock,
    silenceLimitMs,
    ping: () => void pingedAtMs.push(clock.monotonicMs()),
    onStandstill: (names) => void standstills.push([...names]),
  });
  return { clock, watchdog, pingedAtMs, standstills };
}

/** Something that does a step of its work every `everyMs`. */
function worker(clock: VirtualClock, everyMs: number) {
  const work = { count: 0, isAlive: true };
  const step = (): void => {
    if (work.isAlive) work.count += 1;
    clock.after(everyMs, step);
  };
  clock.after(everyMs, step);
  return work;
}

describe('the progress watchdog', () => {
  test('never stays silent for the limit while every source makes progress, however slow', () => {
    for (const everyMs of [10, 900, 3_000, 6_500]) {
      const { clock, watchdog, pingedAtMs, standstills } = start();
      const slow = worker(clock, everyMs);
      const fast = worker(clock, 7);
      watchdog.register('slow', () => slow.count);
      watchdog.register('fast', () => fast.count);
      clock.advanceTo(100_000);
      const gaps = pingedAtMs.map((atMs, index) => atMs - (pingedAtMs[index - 1] ?? 0));
      assert.ok(pingedAtMs.length > 10, `${everyMs}: ${pingedAtMs.length} pings`);
      assert.ok(Math.max(...gaps) < silenceLimitMs, `${everyMs}: ${gaps}`);
      if (everyMs < silenceLimitMs / 4) assert.deepEqual(standstills, []);
    }
  });

  test('looks eight times in the limit, and pings each time when all have made progress', () => {
    const { clock, watchdog, pingedAtMs } = start();
    const work = worker(clock, 10);
    watchdog.register('work', () => work.count);
    clock.advanceTo(4_000);
    assert.deepEqual(pingedAtMs, [1_000, 2_000, 3_000, 4_000]);
  });

  test('reports no standstill of a source that always makes progress within half of the limit', () => {
    const { clock, watchdog, pingedAtMs, standstills } = start();
    clock.advanceTo(500);
    const slow = worker(clock, 2_800);
    watchdog.register('slow', () => slow.count);
    clock.advanceTo(100_000);
    assert.ok(pingedAtMs.length > 20);
    assert.deepEqual(standstills, []);
  });

  test('measures the silence from its beginning on a clock that began long before', () => {
    const clock = new VirtualClock();
    clock.advanceTo(50_000);
    const standstills: number[] = [];
    const onStandstill = (): void => void standstills.push(clock.monotonicMs());
    new ProgressWatchdog({ clock, silenceLimitMs, ping: () => assert.fail(), onStandstill });
    clock.advanceTo(60_000);
    assert.deepEqual(standstills, [54_000]);
  });

  test('stops pinging when one source makes no progress, names it once, and recovers with it', () => {
    const { clock, watchdog, pingedAtMs, standstills } = start();
    const door = worker(clock, 100);
    const yard = worker(clock, 100);
    watchdog.register('door', () => door.count);
    watchdog.register('yard', () => yard.count);
    clock.advanceTo(10_000);
    const before = pingedAtMs.length;
    yard.isAlive = false;
    clock.advanceTo(40_000);
    assert.ok(pingedAtMs.length <= before + 1);
    assert.deepEqual(standstills, [['yard']]);
    yard.isAlive = true;
    clock.advanceTo(42_000);
    assert.ok(pingedAtMs.length > before + 1);
    yard.isAlive = false;
    clock.advanceTo(60_000);
    assert.deepEqual(standstills, [['yard'], ['yard']]);
  });

  test('does not wait for a source that may rest', () => {
    const { clock, watchdog, pingedAtMs } = start();
    const loop = worker(clock, 100);
    watchdog.register('loop', () => loop.count);
    const release = watchdog.register('off', () => 0);
    clock.advanceTo(5_000);
    assert.deepEqual(pingedAtMs, []);
    release();
    clock.advanceTo(7_000);
    assert.ok(pingedAtMs.length > 0);
  });

  test('is silent without a source of progress, and after its disposal', () => {
    const { clock, watchdog, pingedAtMs, standstills } = start();
    clock.advanceTo(20_000);
    assert.deepEqual(pingedAtMs, []);
    assert.deepEqual(standstills, [[]]);
    const again = start();
    again.clock.advanceTo(silenceLimitMs / 2 - 1);
    assert.deepEqual(again.standstills, []);
    again.clock.advanceTo(silenceLimitMs / 2);
    assert.deepEqual(again.standstills, [[]], 'told after half of the limit, while there is time');
    watchdog[Symbol.dispose]();
    const loop = worker(clock, 100);
    watchdog.register('loop', () => loop.count);
    clock.advanceTo(40_000);
    assert.deepEqual(pingedAtMs, []);
  });
});
