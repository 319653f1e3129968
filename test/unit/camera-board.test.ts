import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { describeStatus } from '../../daemon/cli/status.js';
import { configSchema } from '../../daemon/contract/settings/schema.js';
import { CameraBoard } from '../../daemon/core/cameras/camera-board.js';
import { type CameraStatusOptions, describeCameras } from '../../daemon/core/cameras/camera-handlers.js';
import { explanations } from '../../daemon/vision/ingest/failure-explanations.js';
import { healthyStatus } from '../support/healthy-status.js';

const config = configSchema.parse({
  site: { id: 'site', timeZone: 'Etc/UTC' },
  cameras: [{ id: 'door', name: 'Door', url: 'rtsp://192.0.2.1/' }],
});
const { cameras } = config;
const streaming = {
  state: 'streaming',
  stream: { codec: 'h264', widthPx: 2, heightPx: 2, fps: 25, decoder: 'software' },
} as const;
const report = (counters: Readonly<Record<string, number>>) => [{ id: 'door', counters, stageTimes: {} }];

describe('the board of camera states', () => {
  test('counters continue when a process is replaced; momentary values do not', () => {
    const board = new CameraBoard();
    board.takeProgress(
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
    board.takeProgress(report({ delivered: 10, analysed: 5, restarts: 0, tracks: 1, lastFrameAgeMs: 20 }));
    assert.deepEqual(board.status(cameras)[0]?.counters, {
      ...{ delivered: 110, analysed: 65, restarts: 2, tracks: 1, lastFrameAgeMs: 20 },
    });
    board.closed(['door']);
    board.closed(['door']);
    assert.equal(board.status(cameras)[0]?.counters['delivered'], 110, 'counted once');
    board.configure([]);
    assert.deepEqual(board.status(cameras)[0]?.counters, {}, 'the camera was removed');
  });

  test('counters with names that every object has stay numbers', () => {
    const board = new CameraBoard();
    board.takeProgress(report({ constructor: 1, toString: 2 }));
    board.closed(['door']);
    board.takeProgress(report({ constructor: 10, toString: 20, valueOf: 30 }));
    const { counters } = board.status(cameras)[0] ?? {};
    assert.deepEqual(counters, { constructor: 11, toString: 22, valueOf: 30, restarts: 0 });
  });

  test('a frame that was only watched is progress, and a lost stream is told', () => {
    const board = new CameraBoard();
    const lostStream = { which: 'substream', code: 'not-found', message: 'm', remedy: 'r' } as const;
    board.setState('door', { ...streaming, lostStream });
    assert.deepEqual(board.status(cameras)[0]?.lostStream, lostStream);
    assert.equal(board.takeProgress(report({ analysed: 1, watched: 10 })), true);
    assert.equal(board.takeProgress(report({ analysed: 1, watched: 11 })), true);
    assert.equal(board.takeProgress(report({ analysed: 1, watched: 11 })), false);
  });

  test('a watched frame is no progress while frames of the main stream are wanted and none is analysed', () => {
    const board = new CameraBoard();
    board.setState('door', streaming);
    const progress = [
      { analysed: 1, watched: 10, decodingMs: 500 },
      { analysed: 1, watched: 16, decodingMs: 1500 },
      { analysed: 2, watched: 22, decodingMs: 2500 },
      { analysed: 2, watched: 28, decodingMs: 2500 },
    ].map((counters) => board.takeProgress(report(counters)));
    assert.deepEqual(progress, [true, false, true, true]);
  });

  test('times of stages continue when a process is replaced', () => {
    const board = new CameraBoard();
    const first = { detect: [1, 2, 0], embed: [0, 1, 0] };
    board.takeProgress([{ id: 'door', counters: {}, stageTimes: first }]);
    assert.deepEqual(board.stageTimesOf('door'), first);
    board.closed(['door']);
    assert.deepEqual(board.stageTimesOf('door'), first);
    board.takeProgress([{ id: 'door', counters: {}, stageTimes: { detect: [1, 0, 4] } }]);
    assert.deepEqual(board.stageTimesOf('door'), { detect: [2, 2, 4], embed: [0, 1, 0] });
    board.configure([]);
    assert.deepEqual(board.stageTimesOf('door'), {});
  });

  test('a process that replaces another shows progress from its first frame on', () => {
    const board = new CameraBoard();
    board.setState('door', streaming);
    assert.equal(board.takeProgress(report({ analysed: 1000 })), true);
    assert.equal(board.takeProgress(report({ analysed: 1000 })), false, 'it stands still');
    board.closed(['door']);
    board.setState('door', streaming);
    assert.equal(board.takeProgress(report({ analysed: 0 })), false);
    assert.equal(board.takeProgress(report({ analysed: 1 })), true);
  });
});

describe('a camera that falls behind', () => {
  /** The output of `rollcall status` while this many photographs are analysed. */
  function printed(code: 'falling-behind' | 'stalled', waitingCount: number): string {
    const board = new CameraBoard();
    board.setState('door', { state: 'failed', code, ...explanations[code], nextTryMs: 1 });
    const runtime = {
      config,
      cameras,
      switchedCameras: new Set<string>(),
      // Of vision, only these are asked.
      vision: {
        board,
        watches: { viewersOf: () => 0 },
        loads: { loadOf: () => undefined },
      } as unknown as CameraStatusOptions['runtime']['vision'],
    };
    const passages = { lastDay: () => ({ count: 0, byOutcome: {} }) };
    const shown = describeCameras({ runtime, photos: { waitingCount }, passages });
    const status = { ...healthyStatus, cameras: shown };
    return describeStatus(status, (iso) => iso);
  }

  test('is shown with a running enrolment as the reason', () => {
    const printedStatus = printed('falling-behind', 1);
    const { message, remedy } = explanations['falling-behind'];
    assert.ok(
      printedStatus.includes(`: ${message}. The box is analysing photos for an enrolment\n`),
      printedStatus,
    );
    assert.ok(
      printedStatus.includes(`Wait until the enrolment is done. If the problem stays: ${remedy}`),
      printedStatus,
    );
  });

  test('is shown without an enrolment if none runs or the camera fails for another reason', () => {
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
