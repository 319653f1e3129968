import assert from 'node:assert/strict';
import { randomFillSync } from 'node:crypto';
import { describe, test } from 'node:test';
import sharp from 'sharp';
import { largestSnapshotBytes } from '../../daemon/contract/vision/vision-answers.js';
import { newKeyPair, openSealed } from '../../daemon/host/sealed-box.js';
import { type Frame, yuv420Bytes } from '../../daemon/kernel/faces/picture.js';
import { cameraId, trackId } from '../../daemon/kernel/ids.js';
import { beginTrack } from '../../daemon/kernel/tracks/track.js';
import { VirtualClock } from '../../daemon/kernel/virtual-clock.js';
import { SeenFaces } from '../../daemon/vision/live/seen-faces.js';
import { SnapshotRequests } from '../../daemon/vision/snapshot-requests.js';
import { TrackedFace } from '../../daemon/vision/tracked-face.js';

function frameOf(widthPx: number, heightPx: number, fill: (data: Uint8Array) => void): Frame {
  const data = new Uint8Array(yuv420Bytes(widthPx, heightPx));
  fill(data);
  return {
    cameraId: cameraId('gate'),
    sequence: 0,
    capturedAtMs: 0,
    picture: { format: 'yuv420p', widthPx, heightPx, range: 'limited', data },
    release: () => data.fill(0),
  };
}

describe('a snapshot', () => {
  test('is a sealed copy of the frame at the time of the offer; later changes of the frame have no effect', async () => {
    const clock = new VirtualClock(Date.UTC(2026, 2, 2, 8));
    clock.advanceBy(40);
    const requests = new SnapshotRequests(clock);
    const pair = newKeyPair();
    const asked = [requests.next(pair.publicKey), requests.next(pair.publicKey)];
    const frame = frameOf(64, 48, (data) => data.fill(128));
    requests.offer(frame);
    frame.release();
    for (const snapshot of await Promise.all(asked)) {
      assert.equal(snapshot.outcome, 'ok');
      if (snapshot.outcome !== 'ok') return;
      assert.equal(snapshot.takenAtMs, Date.UTC(2026, 2, 2, 8));
      const jpeg = openSealed(pair, Buffer.from(snapshot.picture));
      assert.ok(jpeg);
      const { data, info } = await sharp(Buffer.from(jpeg)).raw().toBuffer({ resolveWithObject: true });
      assert.deepEqual([info.width, info.height], [64, 48]);
      assert.ok(
        Math.abs((data[0] ?? 0) - 130) < 6,
        'the picture is grey as at the offer, not as changed later',
      );
    }
  });

  test('that would be too large is made smaller', async () => {
    const requests = new SnapshotRequests(new VirtualClock());
    const pair = newKeyPair();
    const asked = requests.next(pair.publicKey);
    // Noise compresses worst of all pictures.
    requests.offer(frameOf(1920, 1080, (data) => randomFillSync(data)));
    const snapshot = await asked;
    assert.equal(snapshot.outcome, 'ok');
    if (snapshot.outcome !== 'ok') return;
    const jpeg = openSealed(pair, Buffer.from(snapshot.picture));
    assert.ok(jpeg && jpeg.length <= largestSnapshotBytes);
    const { width } = await sharp(Buffer.from(jpeg)).metadata();
    assert.equal(width, snapshot.widthPx);
    assert.ok(snapshot.widthPx < 1920);
  });

  test('with boxes waits for the next analysed frame, and shows its faces there', async () => {
    const requests = new SnapshotRequests(new VirtualClock());
    const pair = newKeyPair();
    const asked = requests.next(pair.publicKey, { isMarked: true });
    const frame = frameOf(320, 240, (data) => data.fill(128));
    requests.offer(frame);
    const track = beginTrack(trackId('a'), {
      ...{ atMs: 0, origin: 'detector' },
      box: { x: 100, y: 80, width: 60, height: 80 },
    });
    const beyond = beginTrack(trackId('b'), {
      ...{ atMs: 0, origin: 'detector' },
      box: { x: -30, y: -20, width: 400, height: 100 },
    });
    const seen = new SeenFaces();
    const [face, wide] = [new TrackedFace(track), new TrackedFace(beyond)];
    requests.offerAnalysed(frame, () => [
      ...seen.facesOf(frame, [wide]),
      ...seen.facesOf(frame, [wide, face]).slice(1),
    ]);
    const snapshot = await asked;
    assert.ok(snapshot.outcome === 'ok');
    const jpeg = openSealed(pair, Buffer.from(snapshot.picture));
    const { data, info } = await sharp(Buffer.from(jpeg ?? []))
      .raw()
      .toBuffer({ resolveWithObject: true });
    const lumaAt = (x: number, y: number): number => data[info.channels * (y * info.width + x)] ?? 0;
    assert.ok(lumaAt(130, 159) > 170, 'the lower edge of the box');
    assert.ok(Math.abs(lumaAt(130, 120) - 130) < 12, 'the face itself is left as it is');
    const label = Array.from({ length: 60 }, (_, x) => lumaAt(100 + x, 66));
    assert.ok(
      label.some((luma) => luma < 60) && label.some((luma) => luma > 150),
      'dark letters on a light ground',
    );
  });

  test('of a camera without frames fails after ten seconds', async () => {
    const clock = new VirtualClock();
    const requests = new SnapshotRequests(clock);
    const asked = requests.next(newKeyPair().publicKey);
    clock.advanceBy(10_000);
    const snapshot = await asked;
    assert.equal(snapshot.outcome === 'failed' && snapshot.code, 'camera-not-streaming');
    requests.offer(frameOf(2, 2, () => undefined));
  });

  test('is refused if the key is weak', async () => {
    const requests = new SnapshotRequests(new VirtualClock());
    const asked = requests.next(new Uint8Array(32));
    requests.offer(frameOf(16, 16, () => undefined));
    const snapshot = await asked;
    assert.equal(snapshot.outcome === 'failed' && snapshot.code, 'public-key-weak');
  });
});
