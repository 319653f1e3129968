import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { CameraBoard } from '../../daemon/app/cameras/camera-board.js';
import { configSchema } from '../../daemon/config/schema.js';

const { cameras } = configSchema.parse({
  site: { id: 'site', timeZone: 'Etc/UTC' },
  cameras: [{ id: 'door', name: 'Door', url: 'rtsp://192.0.2.1/' }],
});
const streaming = {
  state: 'streaming',
  stream: { codec: 'h264', widthPx: 2, heightPx: 2, fps: 25 },
} as const;
const report = (counters: Readonly<Record<string, number>>) => [{ id: 'door', counters }];

describe('what is known of the cameras', () => {
  test('counters go on when a process is replaced; what holds for the moment does not', () => {
    const board = new CameraBoard();
    board.takeCounters(
      report({
        delivered: 100,
        analysed: 60,
        restarts: 1,
        tracks: 3,
        lastFrameAgeMs: 40,
        concealedPerMin: 2,
      }),
    );
    board.closed(['door']);
    assert.deepEqual(board.status(cameras)[0]?.counters, { delivered: 100, analysed: 60, restarts: 2 });
    board.takeCounters(report({ delivered: 10, analysed: 5, restarts: 0, tracks: 1, lastFrameAgeMs: 20 }));
    assert.deepEqual(board.status(cameras)[0]?.counters, {
      ...{ delivered: 110, analysed: 65, restarts: 2, tracks: 1, lastFrameAgeMs: 20 },
    });
    board.closed(['door']);
    board.closed(['door']);
    assert.equal(board.status(cameras)[0]?.counters['delivered'], 110, 'counted once');
    board.configure([]);
    assert.deepEqual(board.status(cameras)[0]?.counters, {}, 'the camera was removed');
  });

  test('a process that replaces another shows progress from its first frame on', () => {
    const board = new CameraBoard();
    board.setState('door', streaming);
    assert.equal(board.takeCounters(report({ analysed: 1000 })), true);
    assert.equal(board.takeCounters(report({ analysed: 1000 })), false, 'it stands still');
    board.closed(['door']);
    board.setState('door', streaming);
    assert.equal(board.takeCounters(report({ analysed: 0 })), false);
    assert.equal(board.takeCounters(report({ analysed: 1 })), true);
  });
});
