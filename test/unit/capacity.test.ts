import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type MeasuredLoad, roomFor } from '../../daemon/kernel/capacity.js';

const gibibyte = 1024 ** 3;
/** Four cameras of half a core each on eight cores; other programs use one. */
const load: MeasuredLoad = {
  cores: 8,
  busyCores: 3,
  cameras: 4,
  cameraCores: 2,
  peakCoresPerCamera: 0.5,
  threads: { count: 8, busy: 1 },
  freeBytes: 4 * gibibyte,
  bytesPerCamera: gibibyte / 10,
  isOverloaded: false,
};

describe('the room of a box', () => {
  test('is what the processor has left of four fifths, in cameras like the present ones', () => {
    // 6.4 - 1 - 2 = 3.4 cores.
    assert.deepEqual(roomFor(load), { moreCameras: 6, limit: 'processor' });
  });

  test('counts each camera as in its most expensive minute, not as at night', () => {
    const night = { ...load, busyCores: 1.4, cameraCores: 0.4 };
    assert.deepEqual(roomFor(night), roomFor(load));
  });

  test('is smaller by what other programs use', () => {
    assert.equal(roomFor({ ...load, busyCores: 5 })?.moreCameras, 2);
    assert.equal(roomFor({ ...load, busyCores: 8 })?.moreCameras, 0);
  });

  test('ends with the threads for networks where fewer are configured than there are cores', () => {
    assert.deepEqual(roomFor({ ...load, threads: { count: 2, busy: 1 } }), {
      moreCameras: 2,
      limit: 'threads',
    });
    const { threads: _, ...onGpu } = load;
    assert.equal(roomFor(onGpu)?.limit, 'processor');
  });

  test('ends with the memory', () => {
    assert.deepEqual(roomFor({ ...load, freeBytes: gibibyte / 2 }), { moreCameras: 4, limit: 'memory' });
  });

  test('is none while frames are lost, whatever the figures say', () => {
    assert.deepEqual(roomFor({ ...load, isOverloaded: true }), { moreCameras: 0, limit: 'overloaded' });
  });

  test('is unknown without a camera to judge by', () => {
    assert.equal(roomFor({ ...load, cameras: 0 }), undefined);
    assert.equal(roomFor({ ...load, peakCoresPerCamera: 0 }), undefined);
  });
});
