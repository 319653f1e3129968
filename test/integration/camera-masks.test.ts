import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import sharp from 'sharp';
import type { CameraPlan } from '../../daemon/contract/vision/vision-orders.js';
import type { Report } from '../../daemon/contract/vision/vision-reports.js';
import { newKeyPair, openSealed } from '../../daemon/host/sealed-box.js';
import { systemClock } from '../../daemon/host/system-clock.js';
import type { Frame, Picture } from '../../daemon/kernel/faces/picture.js';
import { silentLogger } from '../../daemon/kernel/logger.js';
import { isInside, type Polygon } from '../../daemon/kernel/zones/polygon.js';
import { AnalysisTurns } from '../../daemon/vision/analysis-turns.js';
import { CatchUpTurns } from '../../daemon/vision/ingest/catch-up-turns.js';
import { type LiveCamera, startLiveCamera } from '../../daemon/vision/live-camera.js';
import { cameraPlan } from '../support/camera-plan.js';
import { resolutionChangeClip, testClip, uniformClip } from '../support/clips.js';
import { startRtspServer } from '../support/rtsp-server.js';
import { ScriptedAnalyser } from '../support/scripted-analyser.js';
import { until } from '../support/until.js';
import { installedFfmpeg, watchCamera } from '../support/watched-camera.js';

const corners = (...places: readonly (readonly [number, number])[]): Polygon =>
  places.map(([x, y]) => ({ x, y }));
const leftHalf = corners([0, 0], [0.5, 0], [0.5, 1], [0, 1]);
const triangle = corners([0.6, 0.1], [0.95, 0.5], [0.7, 0.9]);
const masks = [corners([0.05, 0.1], [0.4, 0.1], [0.4, 0.6], [0.05, 0.6]), triangle];

const small = { widthPx: 320, heightPx: 180 };
const medium = { widthPx: 480, heightPx: 270 };

/** Black as FFmpeg draws it. */
const black = { luma: 16, chroma: 128 };

interface Looked {
  readonly size: string;
  /** Pixels inside the masks that are not black. */
  readonly shown: number;
  readonly hidden: number;
  /** Pixels far from the masks that are black. */
  readonly lost: number;
}

const places = { masked: 1, near: 2, far: 3 } as const;

/** Where each pixel of a picture lies, by its centre. */
function placesOf(widthPx: number, heightPx: number): Uint8Array {
  const found = new Uint8Array(widthPx * heightPx);
  const isWithin = (x: number, y: number): boolean => masks.some((mask) => isInside(mask, { x, y }));
  for (let at = 0; at < found.length; at++) {
    const [x, y] = [((at % widthPx) + 0.5) / widthPx, (Math.floor(at / widthPx) + 0.5) / heightPx];
    const isNear = (): boolean =>
      [-0.01, 0, 0.01].some((dx) => [-0.01, 0, 0.01].some((dy) => isWithin(x + dx, y + dy)));
    found[at] = isWithin(x, y) ? places.masked : isNear() ? places.near : places.far;
  }
  return found;
}

const placesBySize = new Map<string, Uint8Array>();

/** Looks at every pixel of a picture. */
function look({ widthPx, heightPx, data }: Picture): Looked {
  const size = `${widthPx}x${heightPx}`;
  const placeOf = placesBySize.get(size) ?? placesOf(widthPx, heightPx);
  placesBySize.set(size, placeOf);
  const found = { size, shown: 0, hidden: 0, lost: 0 };
  const chromaWidth = Math.ceil(widthPx / 2);
  const u = widthPx * heightPx;
  const v = u + chromaWidth * Math.ceil(heightPx / 2);
  for (let at = 0; at < placeOf.length; at++) {
    const chroma = (Math.floor(at / widthPx) >> 1) * chromaWidth + ((at % widthPx) >> 1);
    const isBlack =
      data[at] === black.luma && data[u + chroma] === black.chroma && data[v + chroma] === black.chroma;
    if (placeOf[at] === places.masked) found[isBlack ? 'hidden' : 'shown'] += 1;
    else if (placeOf[at] === places.far && isBlack) found.lost += 1;
  }
  return found;
}

/** Looks at the frames of a clip that a camera with masks sends, until they are enough. */
async function framesOf(
  clip: string,
  isEnough: (frames: readonly Looked[]) => boolean,
  more: { readonly maxAnalysisWidthPx?: number } = {},
): Promise<readonly Looked[]> {
  await using server = await startRtspServer({ mounts: { '/live': clip } });
  const seen: Looked[] = [];
  await using camera = await watchCamera({
    ...{ url: server.url('/live'), masks, ...more },
    onFrame(frame: Frame) {
      seen.push(look(frame.picture));
      frame.release();
    },
  });
  await camera.waitFor('enough frames', () => isEnough(seen));
  return seen;
}

describe('a camera with masks', () => {
  test('shows nothing of a masked part in any frame, and everything else', async () => {
    for (const clip of [await testClip(small), await uniformClip('white', { seconds: 4 })]) {
      for (const { shown, hidden, lost } of await framesOf(clip, ({ length }) => length > 20)) {
        assert.equal(shown, 0);
        assert.ok(hidden > 0);
        assert.ok(lost < hidden / 20, `${lost} pixels are lost`);
      }
    }
  });

  test('stays masked when the camera changes its size in mid-stream', async () => {
    const sizes = ['320x180', '480x270'];
    const hasAll = (frames: readonly Looked[]) =>
      sizes.every((size) => frames.filter((frame) => frame.size === size).length > 5);
    const frames = await framesOf(await resolutionChangeClip({ ...small, seconds: 2 }, medium), hasAll);
    assert.deepEqual(
      frames.filter(({ shown }) => shown > 0),
      [],
    );
  });

  test('stays masked when its frames are scaled down, to even sides where the limit is odd', async () => {
    const frames = await framesOf(await testClip(), ({ length }) => length > 5, { maxAnalysisWidthPx: 321 });
    assert.deepEqual(
      frames.map(({ shown, size }) => [shown, size]),
      frames.map(() => [0, '322x180']),
    );
  });

  test('gives black in snapshots, live pictures, best shots, and every frame of a clip, and no video of its own', async () => {
    await using server = await startRtspServer({
      mounts: { '/live': await uniformClip('white', { seconds: 20 }) },
    });
    const shots: Uint8Array[] = [];
    const plan = planOf(server.url('/live'));
    await using camera = await openCamera(plan, (_, picture) => {
      if (picture !== undefined) shots.push(picture);
    });
    const live: Uint8Array[] = [];
    camera.pictures.add({
      take(message) {
        const start = 8 + message.readUInt32BE(4);
        live.push(Uint8Array.from(message.subarray(start)));
        return true;
      },
      end: () => undefined,
    });
    await until('a best shot and live pictures', () => shots.length > 0 && live.length > 2);
    assert.equal(camera.video, undefined);
    const pair = newKeyPair();
    const snapshot = await camera.snapshot(pair.publicKey, { isMarked: false });
    assert.ok(snapshot.outcome === 'ok');
    const jpegs = [openSealed(pair, snapshot.picture), live.at(-1), shots.at(-1)];
    const nowMs = systemClock.monotonicMs();
    const clip = await camera.takeClip({ fromMs: nowMs - 60_000, untilMs: nowMs });
    assert.ok(clip.outcome === 'ok' && clip.frames.length > 0);
    let offset = 0;
    for (const { bytes } of clip.frames) {
      jpegs.push(clip.picture.subarray(offset, offset + bytes));
      offset += bytes;
    }
    assert.equal(offset, clip.picture.length);
    for (const [index, jpeg] of jpegs.entries()) {
      assert.ok(jpeg);
      const [left, right] = await halves(jpeg);
      assert.ok(left < 40 && right > 200, `picture ${index}: ${left} and ${right}`);
    }
  });
});

/** The mean brightness of the left and of the right quarter of a picture. */
async function halves(jpeg: Uint8Array): Promise<readonly [number, number]> {
  const { width, height } = await sharp(jpeg).metadata();
  const part = Math.floor(width / 4);
  const meanAt = async (left: number): Promise<number> => {
    const cut = await sharp(jpeg).extract({ left, top: 0, width: part, height }).greyscale().toBuffer();
    return (await sharp(cut).stats()).channels[0]?.mean ?? Number.NaN;
  };
  return [await meanAt(0), await meanAt(width - part)];
}

async function openCamera(
  plan: CameraPlan,
  report: (message: Report, picture?: Uint8Array) => void,
): Promise<LiveCamera> {
  const face = { box: { x: 270, y: 130, width: 100, height: 100 }, who: 'ada' };
  return startLiveCamera(plan, {
    analyser: new ScriptedAnalyser(() => [face]),
    turns: new AnalysisTurns(systemClock, () => 1),
    catchUps: new CatchUpTurns(1, systemClock),
    ffmpeg: await installedFfmpeg(),
    liveness: { attackAfterS: 10, minimumBlinks: 1 },
    sameFaceThreshold: 0.5,
    takesBestShots: true,
    logger: silentLogger,
    report,
    fail: (error) => assert.fail(String(error)),
  });
}

function planOf(url: string): CameraPlan {
  return cameraPlan(url, { masks: [[...leftHalf]], clipS: 60 });
}
