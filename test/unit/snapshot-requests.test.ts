import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import sharp from 'sharp';
import { largestSnapshotBytes } from '../../daemon/contract/vision/vision-answers.js';
import { newKeyPair, openSealed } from '../../daemon/host/sealed-box.js';
import type { Frame, Rgb24Picture } from '../../daemon/kernel/faces/picture.js';
import { cameraId } from '../../daemon/kernel/ids.js';
import { seededRandom } from '../../daemon/kernel/random.js';
import { VirtualClock } from '../../daemon/kernel/virtual-clock.js';
import type { SeenFace } from '../../daemon/vision/live/seen-faces.js';
import { SnapshotRequests } from '../../daemon/vision/snapshot-requests.js';

const startMs = Date.UTC(2026, 2, 1, 8);
const keys = newKeyPair();

function frameOf(capturedAtMs: number, size: readonly [number, number] = [64, 48], colour = 200): Frame {
  const [widthPx, heightPx] = size;
  const data = new Uint8Array(3 * widthPx * heightPx).fill(colour);
  const picture: Rgb24Picture = { format: 'rgb24', widthPx, heightPx, data };
  return { cameraId: cameraId('door'), sequence: 1, capturedAtMs, picture, release: () => undefined };
}

function open() {
  const clock = new VirtualClock(startMs);
  const requests = new SnapshotRequests(clock);
  const next = async (options: { readonly isMarked?: boolean } = {}) => {
    const taken = await requests.next(keys.publicKey, options);
    if (taken.outcome !== 'ok') return taken;
    const jpeg = openSealed(keys, taken.picture);
    assert.ok(jpeg !== undefined, 'only the holder of the key can open it');
    return { ...taken, jpeg };
  };
  return { clock, requests, next };
}

/** A face of which only the box is known. */
const seen = { face: { track: { motion: { box: { x: 8, y: 16, width: 40, height: 24 } } } }, number: 3 };
const faces = (): readonly SeenFace[] => [{ ...seen, view: undefined } as unknown as SeenFace];

describe('a request for the next picture of a camera', () => {
  test('gets the picture of the frame, with the time at which it was captured', async () => {
    const { clock, requests, next } = open();
    clock.advanceBy(60_000);
    const [first, second] = [next(), next()];
    assert.equal(requests.count, 2);
    const frame = frameOf(clock.monotonicMs() - 250);
    requests.offer(frame);
    assert.equal(requests.count, 0);
    // The owner of the frame uses its pixels again.
    frame.picture.data.fill(0);
    for (const taken of [await first, await second]) {
      assert.ok(taken.outcome === 'ok' && 'jpeg' in taken);
      assert.deepEqual([taken.widthPx, taken.heightPx], [64, 48]);
      assert.equal(taken.takenAtMs, clock.wallMs() - 250);
      const { channels } = await sharp(taken.jpeg).stats();
      for (const { mean } of channels) assert.ok(Math.abs(mean - 200) < 3, `${mean}`);
    }
  });

  test('waits ten seconds for it', async () => {
    const { clock, requests, next } = open();
    const waiting = next();
    clock.advanceBy(9_999);
    assert.equal(requests.count, 1);
    clock.advanceBy(1);
    const { outcome, ...said } = await waiting;
    assert.deepEqual([outcome, 'code' in said && said.code], ['failed', 'camera-not-streaming']);
    assert.equal(requests.count, 0);
    requests.offer(frameOf(clock.monotonicMs()));
  });

  test('for the faces waits for an analysed frame, and gets a box around each', async () => {
    const { clock, requests, next } = open();
    const [plain, marked] = [next(), next({ isMarked: true })];
    requests.offer(frameOf(clock.monotonicMs()));
    assert.ok((await plain).outcome === 'ok');
    assert.equal(requests.count, 1);
    requests.offerAnalysed(frameOf(clock.monotonicMs(), [64, 48], 20), faces);
    const taken = await marked;
    assert.ok(taken.outcome === 'ok' && 'jpeg' in taken);
    const { data, info } = await sharp(taken.jpeg).raw().toBuffer({ resolveWithObject: true });
    const at = (x: number, y: number): number => data[info.channels * (y * info.width + x)] ?? 0;
    assert.ok(at(28, 17) > 100, 'the upper side of the box');
    assert.ok(at(28, 30) < 60, 'within it');
    assert.equal(requests.count, 0);
  });

  test('asks for no faces while nobody waits for them', () => {
    const { clock, requests } = open();
    void requests.next(keys.publicKey);
    requests.offerAnalysed(frameOf(clock.monotonicMs()), () => assert.fail('it costs time'));
    assert.equal(requests.count, 1);
    clock.advanceBy(10_000);
  });

  test('gets a coarser or smaller picture where the whole would be too large to send', async () => {
    const { clock, requests, next } = open();
    const waiting = next();
    const frame = frameOf(clock.monotonicMs(), [1600, 1200]);
    const random = seededRandom(7);
    frame.picture.data.forEach((_, at, data) => {
      data[at] = 256 * random.unit();
    });
    requests.offer(frame);
    const taken = await waiting;
    assert.ok(taken.outcome === 'ok' && 'jpeg' in taken);
    assert.ok(taken.jpeg.length <= largestSnapshotBytes, `${taken.jpeg.length} bytes`);
    const { width, height } = await sharp(taken.jpeg).metadata();
    assert.deepEqual([taken.widthPx, taken.heightPx], [width, height], 'it says its own size');
    assert.equal(taken.widthPx / taken.heightPx, 4 / 3);
  });

  test('with a key that protects nothing gets no picture', async () => {
    const { clock, requests } = open();
    const waiting = requests.next(new Uint8Array(32));
    requests.offer(frameOf(clock.monotonicMs()));
    const taken = await waiting;
    assert.deepEqual([taken.outcome, 'code' in taken && taken.code], ['failed', 'public-key-weak']);
  });
});
