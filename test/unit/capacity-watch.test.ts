import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { CameraLoads } from '../../daemon/core/cameras/camera-loads.js';
import { CapacityWatch } from '../../daemon/core/cameras/capacity-watch.js';
import { VirtualClock } from '../../daemon/kernel/virtual-clock.js';

const facts = { bytesPerCamera: 1e8, isOverloaded: false };

/** A machine of eight cores with one vision process and two cameras. */
function watched() {
  const clock = new VirtualClock();
  const loads = new CameraLoads(clock);
  const machine = { cores: 8, busyMs: 5000, visionMs: 700 };
  const watch = new CapacityWatch(clock, loads, () => new Map([[0, machine.visionMs]]), {
    cores: machine.cores,
    busyMs: () => machine.busyMs,
    freeBytes: () => 1e10,
  });
  const counters = { delivered: 0, analysed: 0, droppedLate: 0, decoderMs: 0, detectMs: 0, embedMs: 0 };
  /** In each second every program together computes for `busyMs`, of which `visionMs` in vision and `decoderMs` in each decoder. */
  const runFor = (
    seconds: number,
    { busyMs = 0, visionMs = 0, decoderMs = 0, delivered = 15, late = 0 },
  ): void => {
    for (let second = 0; second < seconds; second += 1) {
      clock.advanceBy(1000);
      machine.busyMs += busyMs;
      machine.visionMs += visionMs;
      counters.decoderMs += decoderMs;
      counters.delivered += delivered;
      counters.analysed += 10;
      counters.droppedLate += late;
      counters.detectMs += 200;
      counters.embedMs += 50;
      loads.take(['door', 'yard'].map((id) => ({ id, counters: { ...counters } })));
      watch.look();
    }
  };
  const replaceVision = (): void => {
    machine.visionMs = 0;
    loads.closed(['door', 'yard']);
    Object.assign(counters, {
      delivered: 0,
      analysed: 0,
      droppedLate: 0,
      decoderMs: 0,
      detectMs: 0,
      embedMs: 0,
    });
  };
  return { clock, watch, loads, runFor, replaceVision };
}

describe('the watch on the capacity of the machine', () => {
  test('knows nothing before a whole minute', () => {
    const { watch, runFor } = watched();
    runFor(60, { busyMs: 2000, visionMs: 800, decoderMs: 100 });
    assert.equal(watch.capacity(facts), undefined);
  });

  test('divides what decoders and vision computed among the cameras', () => {
    const { watch, runFor } = watched();
    runFor(70, { busyMs: 2000, visionMs: 800, decoderMs: 100 });
    const { busyCores, coresPerCamera, ...rest } = watch.capacity(facts) ?? assert.fail();
    assert.deepEqual([busyCores.toFixed(2), coresPerCamera.toFixed(2)], ['2.00', '0.50']);
    // 6.4 cores, less one of other programs, less two cameras.
    assert.deepEqual(rest, { cores: 8, moreCameras: 8, limit: 'processor' });
  });

  test('counts frames that were lost as if they had been analysed, up to a tenth', () => {
    for (const [late, coresPerCamera] of [
      [0.5, '0.53'],
      [1, '0.55'],
      [30, '0.56'],
    ] as const) {
      const { watch, runFor } = watched();
      runFor(70, { busyMs: 2000, visionMs: 800, decoderMs: 100, late });
      assert.equal(watch.capacity(facts)?.coresPerCamera.toFixed(2), coresPerCamera, `${late} late`);
    }
  });

  test('remembers the most expensive minute for a day', () => {
    const { clock, watch, runFor } = watched();
    runFor(70, { busyMs: 2000, visionMs: 800, decoderMs: 100 });
    clock.advanceBy(20 * 3_600_000);
    runFor(200, { busyMs: 1100, visionMs: 50, decoderMs: 25 });
    assert.equal(watch.capacity(facts)?.coresPerCamera.toFixed(2), '0.50');
    clock.advanceBy(5 * 3_600_000);
    runFor(200, { busyMs: 1100, visionMs: 50, decoderMs: 25 });
    assert.equal(watch.capacity(facts)?.coresPerCamera.toFixed(2), '0.05');
  });

  test('takes a replaced vision process neither for a gain nor for a loss', () => {
    const { watch, runFor, replaceVision } = watched();
    runFor(70, { busyMs: 2000, visionMs: 800, decoderMs: 100 });
    replaceVision();
    runFor(10, { busyMs: 2000, visionMs: 800, decoderMs: 100 });
    assert.ok((watch.capacity(facts)?.coresPerCamera ?? 9) <= 0.5);
  });

  test('says nothing while no camera delivers frames', () => {
    const { watch, runFor } = watched();
    runFor(70, { busyMs: 2000, visionMs: 800, decoderMs: 100 });
    runFor(70, { busyMs: 2000, visionMs: 10, delivered: 0 });
    assert.equal(watch.capacity(facts), undefined);
  });

  test('counts the threads that the stages of all cameras keep busy', () => {
    const { watch, runFor } = watched();
    runFor(70, { busyMs: 2000, visionMs: 800, decoderMs: 100 });
    // 0.5 threads of one are busy, a quarter for each camera.
    const { moreCameras, limit } = watch.capacity({ ...facts, threadCount: 1 }) ?? assert.fail();
    assert.deepEqual([moreCameras, limit], [1, 'threads']);
  });
});

describe('the load of a camera', () => {
  test('is measured from its first report on, by the time that there was', () => {
    const { loads, runFor } = watched();
    runFor(1, {});
    assert.equal(loads.loadOf('door'), undefined, 'one report is no measurement');
    runFor(4, { decoderMs: 100, late: 2 });
    assert.deepEqual(loads.loadOf('door'), {
      ...{ measuredS: 4, dueFps: 12, analysedFps: 10, deliveredFps: 15 },
      ...{ decoderCores: 0.1, analysisThreads: 0.25 },
    });
  });

  test('ends a minute after the last report, and with its configuration', () => {
    const { loads, runFor } = watched();
    runFor(5, {});
    loads.configure(['yard']);
    assert.equal(loads.loadOf('door'), undefined);
    assert.notEqual(loads.loadOf('yard'), undefined);
  });
});
