import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { CameraLoads } from '../../daemon/core/cameras/camera-loads.js';
import { OverloadWatch } from '../../daemon/core/cameras/overload-watch.js';
import { VirtualClock } from '../../daemon/kernel/virtual-clock.js';

/** A watch of two cameras whose counters grow every second. */
function watched() {
  const clock = new VirtualClock();
  const heard: string[] = [];
  const loads = new CameraLoads(clock);
  const watch = new OverloadWatch(clock, loads, {
    begin: (condition, details) => void heard.push(`begin ${condition} ${JSON.stringify(details)}`),
    end: (condition) => void heard.push(`end ${condition}`),
  });
  const counts = { analysed: 0, dropped: 0, droppedLate: 0, droppedStale: 0 };
  const report = () => {
    loads.take(['door', 'yard'].map((id) => ({ id, counters: { ...counts } })));
    watch.judge(['door', 'yard']);
  };
  report();
  const runFor = (seconds: number, analysed: number, late: number, stale = 0): void => {
    for (let second = 0; second < seconds; second++) {
      clock.advanceBy(1000);
      counts.analysed += analysed;
      counts.dropped += late + stale;
      counts.droppedLate += late;
      counts.droppedStale += stale;
      report();
    }
  };
  const restart = (): void => {
    loads.closed(['door', 'yard']);
    Object.assign(counts, { analysed: 0, dropped: 0, droppedLate: 0, droppedStale: 0 });
  };
  return { clock, loads, watch, heard, runFor, restart };
}

describe('the watch on the load of the box', () => {
  test('reports a box that loses more than a tenth of a whole minute, and its end after ten calm minutes', () => {
    const { heard, runFor } = watched();
    runFor(50, 10, 5);
    assert.equal(heard.length, 0, 'the minute is not over');
    runFor(12, 10, 5);
    assert.match(heard.splice(0)[0] ?? '', /^begin overloaded \{"dueFps":30,"analysedFps":20\}$/);
    runFor(9 * 60, 15, 0);
    assert.ok(!heard.includes('end overloaded'));
    runFor(3 * 60, 15, 0);
    assert.deepEqual(
      heard.filter((line) => line.startsWith('end')),
      ['end overloaded'],
    );
  });

  test('reports a vision process that loses a fifth, although all together lose less than a tenth', () => {
    const { clock, loads, watch, heard } = watched();
    const processes = { full: ['door', 'yard'], idle: ['gate', 'hall', 'roof'] };
    for (let second = 1; second <= 90; second++) {
      clock.advanceBy(1000);
      for (const [name, ids] of Object.entries(processes)) {
        const lost = name === 'full' ? 0.2 : 0;
        const counters = { analysed: 10 * second * (1 - lost), droppedLate: 10 * second * lost };
        loads.take(ids.map((id) => ({ id, counters })));
        watch.judge(ids);
      }
    }
    assert.match(heard.at(-1) ?? '', /^begin overloaded /);
    assert.equal(watch.isOverloaded, true);
  });

  test('keeps the condition of the last run for ten minutes, in which it may go on', () => {
    const { heard, runFor } = watched();
    runFor(599, 20, 0);
    assert.deepEqual(heard, []);
    runFor(2, 20, 0);
    assert.deepEqual(heard, ['end overloaded']);
  });

  test('shows the rates of a first minute that is not over by the time that there was', () => {
    const { watch, runFor } = watched();
    runFor(5, 10, 5);
    assert.deepEqual(watch.rate(), { dueFps: 30, analysedFps: 20 });
  });

  test('says nothing of small losses, nor of cameras that send nothing', () => {
    const { watch, heard, runFor } = watched();
    heard.splice(0);
    runFor(120, 20, 2);
    assert.deepEqual(heard, []);
    const { dueFps, analysedFps } = watch.rate();
    assert.deepEqual([Math.round(dueFps), Math.round(analysedFps)], [44, 40]);
    runFor(120, 0, 0);
    assert.deepEqual([heard, watch.rate()], [[], { dueFps: 0, analysedFps: 0 }]);
  });

  test('says nothing of frames that a slow network delivers too late, at a rate at which none are due', () => {
    const { watch, heard, runFor } = watched();
    heard.splice(0);
    runFor(120, 5, 0, 6);
    assert.deepEqual(heard, []);
    assert.equal(Math.round(watch.rate().dueFps), 10);
  });

  test('counters that start over with another process are no loss and no gain', () => {
    const { watch, heard, runFor, restart } = watched();
    heard.splice(0);
    runFor(60, 20, 0);
    restart();
    runFor(1, 400, 400);
    assert.ok(watch.rate().dueFps <= 40);
    assert.deepEqual(heard, []);
  });
});
