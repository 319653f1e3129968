import assert from 'node:assert/strict';
import { test } from 'node:test';
import { correctedMs, pictureFaults, type SeenPicture } from '../../scripts/camera-trials/seen-pictures.js';
import type { Shape } from '../../scripts/camera-trials/shape.js';

const shape: Shape = {
  ...{ name: 'a clip', codec: 'h264', widthPx: 640, heightPx: 360, fps: 25, seconds: 9 },
  encoding: [],
};
const usual = { isJumping: false, isLossy: false };

/** Pictures of the clip as they should arrive, each changed by `change`. */
function pictures(
  change: (picture: SeenPicture, index: number) => Partial<SeenPicture> = () => ({}),
): SeenPicture[] {
  return Array.from({ length: 75 }, (_, index) => {
    const atMs = 1000 + index * 40;
    const sent = {
      number: index,
      stampMs: index * 40,
      capturedAtMs: atMs,
      arrivedAtMs: atMs,
      size: '640x360',
    };
    return { ...sent, ...change(sent, index) };
  });
}

const faultsOf = (seen: readonly SeenPicture[], more: Partial<typeof usual> = {}): readonly string[] =>
  pictureFaults(seen, shape, { ...usual, ...more });

test('a trial of a camera finds nothing wrong with pictures that only arrive late', () => {
  // The first second is half a second late, until the box learns it.
  const late = pictures(({ capturedAtMs }, index) => {
    const lateMs = index < 25 ? 500 : 0;
    return { capturedAtMs: capturedAtMs + lateMs, arrivedAtMs: capturedAtMs + lateMs + (index % 7) * 100 };
  });
  assert.deepEqual(faultsOf(late), []);
  assert.equal(correctedMs(late), 500);
  assert.equal(correctedMs(pictures()), 0);
});

test('a trial of a camera tells what differs from what was sent', () => {
  const turned = pictures((_, index) => (index === 9 ? { number: undefined } : {}));
  assert.deepEqual(faultsOf(turned), ['1 of 75 frames show something else']);
  const swapped = pictures((_, index) => ({ number: index === 9 ? 10 : index === 10 ? 9 : index }));
  assert.match(faultsOf(swapped).join('; '), /^1 of 75 frames out of order; .*times off by 80 ms$/);
  assert.deepEqual(faultsOf(pictures().filter(({ number }) => number !== 30)), ['1 of 74 frames missing']);
  const small = pictures(() => ({ size: '320x180' }));
  assert.deepEqual(faultsOf(small), ['frames of 320x180']);
  const unstamped = pictures((_, index) => (index === 9 ? { stampMs: Number.NaN } : {}));
  assert.deepEqual(faultsOf(unstamped), ['1 of 75 frames without a time stamp']);
  const foreseen = pictures(({ arrivedAtMs }) => ({ arrivedAtMs: arrivedAtMs - 30 }));
  assert.deepEqual(faultsOf(foreseen), ['75 of 75 frames captured after they arrived']);
});

test('a trial of a camera does not compare the time stamp of the first picture, which FFmpeg makes up', () => {
  assert.deepEqual(faultsOf(pictures((_, index) => (index === 0 ? { stampMs: 40 } : {}))), []);
});

test('a trial of a camera finds time stamps that differ from the clip, once or a little more each time', () => {
  const once = pictures(({ stampMs, capturedAtMs }, index) =>
    index === 40 ? { stampMs: stampMs - 30, capturedAtMs: capturedAtMs - 30 } : {},
  );
  assert.deepEqual(faultsOf(once), ['times off by 30 ms']);
  const slow = pictures(({ stampMs }, index) => ({
    stampMs: stampMs * 0.9,
    capturedAtMs: 1000 + index * 36,
  }));
  assert.deepEqual(faultsOf(slow), ['times off by 292 ms']);
  const unmapped = pictures(({ capturedAtMs }, index) => ({ capturedAtMs: capturedAtMs - 20 * (index % 2) }));
  assert.deepEqual(faultsOf(unmapped), ['times of capture off by 20 ms']);
});

test('a trial of a camera takes a jump of the time stamps only where one is sent, and a clip that begins again', () => {
  const jumping = pictures(({ stampMs }, index) => (index < 40 ? {} : { stampMs: stampMs - 3_600_000 }));
  assert.deepEqual(faultsOf(jumping, { isJumping: true }), []);
  assert.deepEqual(faultsOf(jumping), ['1 jumps of the time stamps']);
  assert.deepEqual(faultsOf(pictures(), { isJumping: true }), ['0 jumps of the time stamps']);
  const again = pictures(({ stampMs }, index) => ({
    number: (index + 170) % 225,
    stampMs: stampMs + (index < 55 ? 0 : 90),
  }));
  assert.deepEqual(
    faultsOf(
      again.map((picture, index) => ({
        ...picture,
        capturedAtMs: picture.capturedAtMs + (index < 55 ? 0 : 90),
        arrivedAtMs: 9000,
      })),
    ),
    [],
  );
});
