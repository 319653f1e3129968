import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { cameraId } from '../../daemon/kernel/ids.js';
import { blindPeriodsOf, type SightChange } from '../../daemon/kernel/passages/blind-period.js';

const door = cameraId('door');
const yard = cameraId('yard');
const day = { fromMs: 1000, untilMs: 2000 };
const failed = (atMs: number, camera = door): SightChange => ({
  ...{ kind: 'camera', atMs, cameraId: camera, state: 'failed', code: 'no-answer' },
});
const streams = (atMs: number, camera = door): SightChange => ({
  ...{ kind: 'camera', atMs, cameraId: camera, state: 'streaming' },
});

describe('the times in which cameras see nothing', () => {
  test('last from a failure to the next picture, by camera and within the day', () => {
    const changes = [failed(1100), failed(900, yard), streams(1200, yard), streams(1300), failed(1900)];
    assert.deepEqual(blindPeriodsOf(changes, day), [
      { cameraId: yard, fromMs: 1000, untilMs: 1200, cause: 'failed', code: 'no-answer' },
      { cameraId: door, fromMs: 1100, untilMs: 1300, cause: 'failed', code: 'no-answer' },
      { cameraId: door, fromMs: 1900, untilMs: 2000, cause: 'failed', code: 'no-answer' },
    ]);
    assert.deepEqual(blindPeriodsOf([failed(100), streams(900), failed(2100)], day), []);
  });

  test('change their cause without a pause between, and count unusable pictures', () => {
    const changes: readonly SightChange[] = [
      { kind: 'camera', atMs: 1100, cameraId: door, state: 'streaming', damage: 'grey' },
      { kind: 'camera', atMs: 1200, cameraId: door, state: 'disabled' },
      streams(1300),
    ];
    assert.deepEqual(blindPeriodsOf(changes, day), [
      { cameraId: door, fromMs: 1100, untilMs: 1200, cause: 'damaged', code: 'grey' },
      { cameraId: door, fromMs: 1200, untilMs: 1300, cause: 'disabled' },
    ]);
  });

  test('hold for all cameras while the box is down, from its last sign of life where it was killed', () => {
    const changes: readonly SightChange[] = [
      { kind: 'box-stopped', atMs: 1100 },
      { kind: 'box-started', atMs: 1200 },
      { kind: 'box-started', atMs: 1500, lastSignMs: 1400 },
    ];
    assert.deepEqual(blindPeriodsOf(changes, day), [
      { fromMs: 1100, untilMs: 1200, cause: 'box-stopped' },
      { fromMs: 1400, untilMs: 1500, cause: 'box-killed' },
    ]);
  });
});
