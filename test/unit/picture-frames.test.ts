import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Frame } from '../../daemon/kernel/faces/picture.js';
import { cameraId } from '../../daemon/kernel/ids.js';
import { VirtualClock } from '../../daemon/kernel/virtual-clock.js';
import { BufferPool } from '../../daemon/vision/ingest/buffer-pool.js';
import type { CameraContinuity, OpeningOptions } from '../../daemon/vision/ingest/camera-source-options.js';
import type { DeclaredStream, StreamInfo } from '../../daemon/vision/ingest/frame-source.js';
import { PictureFrames } from '../../daemon/vision/ingest/picture-frames.js';

const declared: DeclaredStream = { codec: 'h264', fps: 25, widthPx: 64, heightPx: 48 };

/** The frames of one opening of a camera, whose pictures take 10 bytes. */
function open({
  stream = declared as DeclaredStream | 'not described',
  keepsChangedSize = true,
  staleAfterMs = undefined as number | undefined,
  bufferCount = 2,
} = {}) {
  const clock = new VirtualClock();
  const pool = new BufferPool(bufferCount);
  const continuity: CameraContinuity = {
    ...{ pool, nextSequence: 7, lastCapturedMs: 0, hasWarnedOfLogin: false, fallback: undefined },
  };
  const told: string[] = [];
  const frames: Frame[] = [];
  const opened: StreamInfo[] = [];
  const source = { cameraId: cameraId('door'), clock, decoder: 'software', ffmpeg: { keepsChangedSize } };
  const pictures = new PictureFrames({
    source: {
      ...source,
      ...(staleAfterMs === undefined ? {} : { staleAfterMs }),
    } as unknown as OpeningOptions,
    continuity,
    sink: {
      onOpened(info) {
        opened.push(info);
        told.push(`opened ${info.widthPx}x${info.heightPx}`);
      },
      onFrame(frame) {
        frames.push(frame);
        told.push(`frame ${frame.sequence}`);
      },
      onDropped: (reason) => void told.push(`dropped ${reason}`),
      onDamage: () => assert.fail('nothing is damaged'),
    },
    streamNow: () => (stream === 'not described' ? undefined : stream),
    capturedAtMs: ({ announcedAtMs }) => announcedAtMs,
    onPicture: (isStale) => void told.push(isStale ? 'late' : 'in time'),
    onSizeLost: () => void told.push('size lost'),
  });
  const take = ({ capturedAtMs = clock.monotonicMs(), widthPx = 64, isFullRange = false } = {}): void => {
    const announcement = { ptsS: undefined, widthPx, heightPx: 48, isFullRange, announcedAtMs: capturedAtMs };
    pictures.take(announcement, pool.take(10));
  };
  return { clock, continuity, told, frames, opened, take };
}

describe('the frames of a camera', () => {
  test('continue the numbers of earlier openings, and keep their buffer until they are released', () => {
    const { take, frames, told, continuity } = open();
    take();
    take({ isFullRange: true });
    take();
    assert.deepEqual(told, [
      ...['in time', 'opened 64x48', 'frame 7', 'in time', 'frame 8', 'in time', 'dropped busy'],
    ]);
    const [first, second] = frames;
    assert.deepEqual(
      frames.map(({ picture }) => picture.format === 'yuv420p' && picture.range),
      ['limited', 'full'],
    );
    assert.notEqual(first?.picture.data, second?.picture.data);
    first?.release();
    first?.release();
    take();
    assert.equal(frames.at(-1)?.sequence, 10, 'dropped pictures count');
    assert.equal(frames.at(-1)?.picture.data, first?.picture.data);
    take();
    assert.equal(told.at(-1), 'dropped busy', 'it was released once');
    assert.equal(continuity.nextSequence, 12);
  });

  test('are dropped where they come more than a second late, or later than the camera allows', () => {
    for (const [staleAfterMs, limitMs] of [
      [undefined, 1000],
      [200, 200],
    ] as const) {
      const { clock, take, told, continuity } = open({ staleAfterMs, bufferCount: 1 });
      clock.advanceBy(5000);
      take({ capturedAtMs: 5000 - limitMs - 1 });
      assert.deepEqual(told.splice(0), ['late', 'dropped stale']);
      assert.equal(continuity.lastCapturedMs, 5000 - limitMs - 1);
      take({ capturedAtMs: 5000 - limitMs });
      assert.deepEqual(told, ['in time', 'opened 64x48', 'frame 8'], 'the buffer came back');
    }
  });

  test('say what the stream declares, once, and the size of the pictures', () => {
    const { take, opened, continuity } = open({ stream: { ...declared, widthPx: 128, heightPx: 96 } });
    take();
    continuity.fallback = { kind: 'hardware' } as unknown as NonNullable<CameraContinuity['fallback']>;
    take({ widthPx: 32 });
    assert.deepEqual(opened, [
      { codec: 'h264', fps: 25, widthPx: 128, heightPx: 96, decoder: 'software' },
      {
        codec: 'h264',
        fps: 25,
        widthPx: 32,
        heightPx: 48,
        decoder: 'software',
        fallback: { kind: 'hardware' },
      },
    ]);
    const silent = open({ stream: 'not described' });
    silent.take();
    assert.deepEqual(silent.opened, [
      { codec: 'unknown', fps: null, widthPx: 64, heightPx: 48, decoder: 'software' },
    ]);
  });

  test('end with a changed size where FFmpeg would scale to the old one', () => {
    const { take, told } = open({ keepsChangedSize: false, bufferCount: 1 });
    take({ widthPx: 64 });
    assert.equal(told.includes('size lost'), false, 'the first size is no change');
    told.length = 0;
    take({ widthPx: 64 });
    assert.deepEqual(told.splice(0), ['in time', 'dropped busy']);
    const changed = open({ keepsChangedSize: false });
    changed.take();
    changed.take({ widthPx: 32 });
    assert.deepEqual(changed.told.slice(-3), ['in time', 'size lost', 'dropped busy']);
    changed.take();
    assert.equal(changed.told.at(-1), 'frame 9', 'its buffer came back');
  });
});

test('buffers of another size are not used again', () => {
  const pool = new BufferPool(2);
  const [small, other] = [pool.take(10), pool.take(10)];
  assert.ok(small !== undefined && other !== undefined);
  assert.equal(pool.take(10), undefined, 'all are in use');
  pool.giveBack(small);
  const large = pool.take(20);
  assert.equal(large?.length, 20);
  pool.giveBack(other);
  const next = pool.take(20);
  assert.ok(next !== undefined && next !== large && next.length === 20);
  pool.giveBack(next);
  assert.equal(pool.take(20), next);
});
