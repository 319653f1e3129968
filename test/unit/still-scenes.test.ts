import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Box } from '../../daemon/kernel/faces/geometry.js';
import { type Yuv420Picture, yuv420Bytes } from '../../daemon/kernel/faces/picture.js';
import { cameraId, trackId } from '../../daemon/kernel/ids.js';
import { defaultLivenessPolicy } from '../../daemon/kernel/liveness/liveness-verdict.js';
import { VirtualClock } from '../../daemon/kernel/virtual-clock.js';
import { ignoredCells, type Zone } from '../../daemon/kernel/zones/zone.js';
import { CameraPipeline } from '../../daemon/vision/camera-pipeline.js';
import { SceneWatch } from '../../daemon/vision/scene-watch.js';
import { type Scene, ScriptedAnalyser } from '../support/scripted-analyser.js';

const [widthPx, heightPx] = [1920, 1080];
const box = { x: 800, y: 400, width: 60, height: 60 };

/** A picture of a wall that `ScriptedAnalyser` takes for the scene at this time; the analyser reads it from the first pixels. */
function paint(picture: Yuv420Picture, atS: number, luma: number, squares: readonly Box[]): void {
  picture.data.fill(luma, 0, widthPx * heightPx);
  for (const { x, y, width, height } of squares) {
    for (let line = y; line < y + height; line += 1) {
      picture.data.fill(luma + 60, line * widthPx + x, line * widthPx + x + width);
    }
  }
  new DataView(picture.data.buffer).setFloat64(0, atS);
}

interface Shown {
  readonly scene: Scene;
  readonly seconds: number;
  /** Where the picture is brighter than the wall; by default where the faces are. */
  readonly squaresAt?: (atS: number) => readonly Box[];
  readonly lumaAt?: (atS: number) => number;
  /** The stream is interrupted before the frame at this time, seconds. */
  readonly interruptedAtS?: number;
  readonly zones?: readonly Zone[];
  readonly isShortOfTime?: boolean;
}

async function play(shown: Shown, looksAtStillScenes: boolean) {
  const { scene, seconds, lumaAt = () => 100, interruptedAtS, zones = [], isShortOfTime = false } = shown;
  const squaresAt = shown.squaresAt ?? ((atS: number) => scene(atS).map((face) => face.box));
  const events: unknown[] = [];
  const analyser = new ScriptedAnalyser(scene);
  let ids = 0;
  const pipeline = new CameraPipeline({
    ...{ cameraId: cameraId('door'), analyser, sink: (event) => events.push(event) },
    ...{ clock: new VirtualClock(), newTrackId: () => trackId(`n${++ids}`) },
    ...{ idleFps: 5, trackingFps: 15, provingFps: 25, smallestFacePx: 40 },
    ...{ sameFaceThreshold: 0.5, looksAtStillScenes },
    liveness: defaultLivenessPolicy,
    scene: new SceneWatch(40, ignoredCells(zones)),
    isShortOfTime: () => isShortOfTime,
  });
  const data = new Uint8Array(yuv420Bytes(widthPx, heightPx));
  const picture: Yuv420Picture = { format: 'yuv420p', range: 'limited', widthPx, heightPx, data };
  const looksAt: number[] = [];
  const rates: number[] = [];
  for (let frame = 0; frame < 5 * seconds; frame += 1) {
    const atS = frame / 5;
    if (atS === interruptedAtS) pipeline.end();
    paint(picture, atS, lumaAt(atS), squaresAt(atS));
    const before = analyser.calls.detect;
    const base = { cameraId: cameraId('door'), sequence: frame, release: () => undefined };
    await pipeline.analyse({ ...base, capturedAtMs: frame * 200, picture });
    if (analyser.calls.detect > before) looksAt.push(atS);
    if (rates.at(-1) !== pipeline.deliveryFps()) rates.push(pipeline.deliveryFps());
  }
  pipeline.end();
  return { events, looksAt, rates, counters: pipeline.counters };
}

const nobody: Scene = () => [];
const cameAt =
  (fromS: number): Scene =>
  (atS) =>
    atS < fromS ? [] : [{ box, who: 'ada' }];

describe('a scene in which nothing moves', () => {
  test('is searched more and more seldom, from three to fifteen seconds apart', async () => {
    const { looksAt, counters } = await play({ scene: nobody, seconds: 60 }, false);
    assert.deepEqual(
      looksAt.filter((atS) => atS > 6),
      [8, 14, 26, 41, 56],
    );
    assert.equal((counters['looksSpared'] ?? 0) + looksAt.length, 300);
  });

  test('stays at rest while something moves outside its zones', async () => {
    const street = (atS: number) => [{ x: 100 + 20 * (atS % 7), y: 100, width: 80, height: 80 }];
    const corners = [
      [0, 0],
      [0.3, 0],
      [0.3, 0.3],
      [0, 0.3],
    ] as const;
    const zones: Zone[] = [{ use: 'ignore', points: corners.map(([x, y]) => ({ x, y })) }];
    const looks = async (shown: Partial<Shown>) => {
      const { looksAt } = await play({ scene: nobody, seconds: 18, squaresAt: street, ...shown }, false);
      return looksAt.filter((atS) => atS > 6).length;
    };
    assert.ok((await looks({})) > 50);
    assert.equal(await looks({ zones }), 2);
  });

  test('does not change when a face is found that appears in it', async () => {
    const shown = { scene: cameAt(12.2), seconds: 16 };
    const rested = await play(shown, false);
    assert.deepEqual(rested.events, (await play(shown, true)).events);
    assert.ok(rested.events.length > 0);
    assert.ok(rested.looksAt.length < 60);
  });

  test('is searched again within fifteen seconds when no motion announced a face', async () => {
    const { events } = await play({ scene: cameAt(41.2), seconds: 60, squaresAt: () => [] }, false);
    const [first] = events as readonly { readonly atMs: number; readonly type: string }[];
    assert.ok(first !== undefined && first.type === 'track.started');
    assert.ok(first.atMs > 41_200 && first.atMs <= 57_200, String(first.atMs));
  });

  test('is searched when the light changes, until a full look was made', async () => {
    const lumaAt = (atS: number): number => (atS < 12.2 ? 60 : 130);
    const { looksAt } = await play({ scene: nobody, seconds: 16, lumaAt }, false);
    assert.deepEqual(
      looksAt.filter((atS) => atS > 11.5),
      [12.2, 12.4, 12.6, 12.8, 13],
    );
  });

  test('is delivered at the idle rate, and at the full rate from the first motion on', async () => {
    assert.deepEqual((await play({ scene: nobody, seconds: 18 }, false)).rates, [25, 5]);
    const squaresAt = (atS: number): readonly Box[] => (atS > 12 && atS < 13 ? [box] : []);
    const passerBy = await play({ scene: nobody, seconds: 24, squaresAt }, false);
    assert.deepEqual(passerBy.rates, [25, 5, 25, 5]);
    const interrupted = await play({ scene: nobody, seconds: 20, interruptedAtS: 12 }, false);
    assert.deepEqual(interrupted.rates, [25, 5, 25, 5]);
  });

  test('is new after an interruption', async () => {
    const { looksAt } = await play({ scene: nobody, seconds: 20, interruptedAtS: 12 }, false);
    assert.equal(looksAt.filter((atS) => atS >= 12 && atS < 15).length, 15);
  });

  test('is searched as often while a face is followed', async () => {
    const shown = { scene: cameAt(1), seconds: 20 };
    const [rested, restless] = [await play(shown, false), await play(shown, true)];
    assert.deepEqual(rested.looksAt, restless.looksAt);
    assert.deepEqual(rested.events, restless.events);
  });

  describe('while a near face is followed', () => {
    const near = { ...box, width: 120, height: 120 };
    const sway = (atS: number): Box => ({ ...near, x: near.x + 10 * Math.round(2 * Math.sin(3 * atS)) });
    const trot = (atS: number): Box => ({
      x: 100 + 20 * Math.round(10 * (atS % 4)),
      y: 900,
      width: 80,
      height: 80,
    });
    const scene: Scene = (atS) => [{ box: sway(atS), who: 'ada' }];

    test('is searched in parts once it is known what moves, with the same events', async () => {
      const rested = await play({ scene, seconds: 24 }, false);
      const restless = await play({ scene, seconds: 24 }, true);
      assert.deepEqual(rested.events, restless.events);
      assert.ok((restless.counters['fullLooks'] ?? 0) >= 20);
      assert.ok((rested.counters['fullLooks'] ?? 0) <= 4, 'only until the noise is known');
    });

    test('is searched half as often while frames are lost, and all runs that are left out are counted', async () => {
      const squaresAt = (atS: number): readonly Box[] => [sway(atS), trot(atS)];
      const usual = await play({ scene, seconds: 24, squaresAt }, false);
      const short = await play({ scene, seconds: 24, squaresAt, isShortOfTime: true }, false);
      assert.deepEqual(short.events, usual.events);
      const [looks, shortLooks] = [usual.looksAt.length, short.looksAt.length];
      assert.ok(shortLooks <= 0.6 * looks && shortLooks >= 0.4 * looks, `${shortLooks} of ${looks}`);
      const spared = ({ counters }: typeof usual): number => counters['looksSpared'] ?? 0;
      assert.ok(spared(short) >= spared(usual) + looks - shortLooks);
    });

    test('is searched as soon for a face that was lost while frames are lost', async () => {
      const shown = { scene: (atS: number) => (atS < 12 ? scene(atS) : []), seconds: 14 };
      const looksForLost = async (isShortOfTime: boolean) =>
        (await play({ ...shown, isShortOfTime }, false)).looksAt.filter((atS) => atS >= 12 && atS < 13);
      const looks = await looksForLost(true);
      assert.deepEqual(looks, await looksForLost(false));
      assert.ok(looks.length >= 4, String(looks));
    });

    const far = { x: 1500, y: 200, width: 50, height: 50 };
    const both =
      (fromS: number): Scene =>
      (atS) => [{ box: sway(atS), who: 'ada' }, ...(atS < fromS ? [] : [{ box: far, who: 'bea' }])];
    /** How long the far face was in sight before its track began, seconds. */
    const waitOf = (events: readonly unknown[]): number => {
      const started = (events as readonly { readonly atMs: number; readonly type: string }[]).filter(
        ({ type }) => type === 'track.started',
      );
      assert.equal(started.length, 2);
      return (started[1]?.atMs ?? Number.NaN) / 1000 - 12.2;
    };

    test('shows a far face that moves in the next full look', async () => {
      const { events } = await play({ scene: both(12.2), seconds: 20 }, false);
      assert.ok(waitOf(events) <= 1.6, String(waitOf(events)));
    });

    test('shows a far face that nothing announced within a sweep', async () => {
      const shown = { scene: both(12.2), seconds: 20, squaresAt: (atS: number) => [sway(atS)] };
      const { events } = await play(shown, false);
      assert.ok(waitOf(events) > 0 && waitOf(events) <= 5, String(waitOf(events)));
    });

    test('is searched in the whole picture once in three seconds while most of it moves', async () => {
      const crowd = (atS: number): readonly Box[] =>
        Array.from({ length: 28 }, (_, index) => ({
          x: 40 + 260 * (index % 7) + 20 * Math.round(3 * (atS % 3)),
          y: 20 + 260 * Math.floor(index / 7),
          width: 100,
          height: 100,
        }));
      const squaresAt = (atS: number): readonly Box[] => [sway(atS), ...crowd(atS)];
      const { counters } = await play({ scene, seconds: 24, squaresAt }, false);
      assert.ok((counters['fullLooks'] ?? 0) >= 8, String(counters['fullLooks']));
    });

    test('keeps a far face that looks at other parts do not show', async () => {
      const squaresAt = (atS: number): readonly Box[] => [sway(atS), far, trot(atS)];
      const shown = { scene: both(0), seconds: 30, squaresAt };
      const rested = await play(shown, false);
      assert.deepEqual(rested.events, (await play(shown, true)).events);
    });
  });
});
