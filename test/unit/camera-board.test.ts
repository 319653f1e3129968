import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Box, type BoxParts } from '../../daemon/app/box.js';
import { CameraBoard } from '../../daemon/app/cameras/camera-board.js';
import { VirtualClock } from '../../daemon/base/virtual-clock.js';
import { describeStatus } from '../../daemon/cli/status.js';
import { configSchema } from '../../daemon/config/schema.js';
import { explanations } from '../../daemon/vision/ingest/failure-explanations.js';
import { healthyStatus } from '../support/healthy-status.js';

const config = configSchema.parse({
  site: { id: 'site', timeZone: 'Etc/UTC' },
  cameras: [{ id: 'door', name: 'Door', url: 'rtsp://192.0.2.1/' }],
});
const { cameras } = config;
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

describe('a camera that falls behind', () => {
  /** What `rollcall status` prints where so many photographs wait or are looked at. */
  function printed(code: 'falling-behind' | 'stalled', waitingCount: number): string {
    const board = new CameraBoard();
    board.setState('door', { state: 'failed', code, ...explanations[code], nextTryMs: 1 });
    // Only what the cameras are told from; the rest is that of a box with nothing to look at.
    const parts = {
      clock: new VirtualClock(),
      parts: {
        config,
        cameras,
        switchedCameras: new Set(),
        vision: { board, pool: { status: () => healthyStatus.vision } },
      },
      recogniser: {
        name: 'mobilefacenet',
        reason: 'preferred',
        preferred: 'ready',
        pack: { thresholds: [] },
      },
      access: { open: undefined },
      keys: { status: () => ({ slots: [] }) },
      conditions: { current: () => [], about: () => ({}) },
      records: { recordedCount: () => 0, outbox: { depth: () => 0 } },
      events: { heldBack: () => [] },
      intake: { counters: {} },
      retention: {},
      alerts: {},
      eventLoop: {},
      lastReload: () => undefined,
      photos: { waitingCount },
    } as unknown as BoxParts;
    const status = { ...healthyStatus, cameras: new Box(parts).status().cameras };
    return describeStatus(status, (iso) => iso);
  }

  test('is told with the enrolment that takes its processor, while there is one', () => {
    const told = printed('falling-behind', 1);
    assert.match(
      told,
      /: this box is too busy .*\. It analyses photographs for an enrolment at this moment\n/,
    );
    assert.match(told, /what to do: wait until the enrolment is done; if it stays so, look for what else/);
  });

  test('is told without it where no photograph is looked at, or the camera fails for another reason', () => {
    for (const [code, waitingCount] of [
      ['falling-behind', 0],
      ['stalled', 1],
    ] as const) {
      const told = printed(code, waitingCount);
      assert.ok(told.includes(`${explanations[code].message}\n`), told);
      assert.doesNotMatch(told, /enrolment/);
    }
  });
});
