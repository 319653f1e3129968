import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { largestBestShotBytes } from '../../daemon/kernel/faces/best-shot.js';
import type { FaceQuality } from '../../daemon/kernel/faces/quality.js';
import { cameraId, trackId } from '../../daemon/kernel/ids.js';
import { defaultLivenessPolicy } from '../../daemon/kernel/liveness/liveness-verdict.js';
import type { Sighting } from '../../daemon/kernel/tracks/sighting.js';
import { VirtualClock } from '../../daemon/kernel/virtual-clock.js';
import { CameraPipeline } from '../../daemon/vision/camera-pipeline.js';
import type { TakeShot } from '../../daemon/vision/probe-stage.js';
import { blinkingAt, type Scene, ScriptedAnalyser, scriptedFrame } from '../support/scripted-analyser.js';

const box = { x: 500, y: 400, width: 120, height: 120 };

/** Plays a scene at 30 frames a second; the "picture" of a face is the time at which it was taken. */
async function play(scene: Scene, durationS: number, takeShot?: TakeShot) {
  const sightings: Sighting[] = [];
  let ids = 0;
  const pipeline = new CameraPipeline({
    cameraId: cameraId('door'),
    analyser: new ScriptedAnalyser(scene),
    sink: (event) => {
      if (event.type === 'sighting') sightings.push(event.sighting);
    },
    clock: new VirtualClock(),
    newTrackId: () => trackId(`n${++ids}`),
    idleFps: 5,
    trackingFps: 15,
    smallestFacePx: 40,
    liveness: defaultLivenessPolicy,
    sameFaceThreshold: 0.5,
    takeShot,
  });
  for (let frame = 0; frame < durationS * 30; frame++) {
    await pipeline.analyse(scriptedFrame(frame, (frame * 1000) / 30));
  }
  pipeline.end();
  const shots = sightings.flatMap(({ bestShot }) => bestShot ?? []);
  return { sightings, shots, counters: pipeline.counters };
}

const tenBytes: TakeShot = () => Promise.resolve(new Uint8Array(10));
const quality = (score: number, ...reasons: FaceQuality['reasons']): FaceQuality => ({ score, reasons });

describe('best shots of a track', () => {
  const steady: Scene = (atS) => [{ box, who: 'ada', openness: blinkingAt(atS, [3]) }];

  test('where no evidence is kept no picture is made and none is sent', async () => {
    const { sightings, counters } = await play(steady, 6);
    assert.ok(sightings.length > 5);
    assert.ok(sightings.every((sighting) => !('bestShot' in sighting)));
    assert.equal(counters['bestShotCount'], undefined);
  });

  test('a face that looks the same all the time is shown once, with the first probe', async () => {
    const { sightings, shots, counters } = await play(steady, 6, tenBytes);
    assert.equal(shots.length, 1);
    const shown = sightings.find(({ bestShot }) => bestShot !== undefined);
    assert.equal(shown?.bestShot?.capturedAtMs, shown?.probes[0]?.capturedAtMs);
    assert.equal(
      shown,
      sightings.find(({ probes }) => probes.length > 0),
    );
    assert.deepEqual([counters['bestShotCount'], counters['bestShotBytes']], [1, 10]);
  });

  test('a face that comes nearer is shown again when it is seen clearly better, a few times at most', async () => {
    const nearing: Scene = (atS) => [{ box, who: 'ada', quality: quality(Math.min(0.9, 0.4 + atS / 20)) }];
    const { sightings, shots } = await play(nearing, 12, tenBytes);
    assert.ok(shots.length >= 4 && shots.length <= 7, `${shots.length} pictures`);
    assert.ok(shots.length < sightings.length);
    assert.ok(shots.every(({ capturedAtMs }, n) => capturedAtMs > (shots[n - 1]?.capturedAtMs ?? -1)));
  });

  test('a worse view never replaces a better one', async () => {
    const leaving: Scene = (atS) => [{ box, who: 'ada', quality: quality(0.9 - atS / 20) }];
    assert.equal((await play(leaving, 10, tenBytes)).shots.length, 1);
  });

  test('an attack is shown although no view of it was ever worth an embedding', async () => {
    const dark: Scene = () => [{ box, who: 'screen', passiveScore: 0.05, quality: quality(0.3, 'dark') }];
    const { sightings, shots } = await play(dark, 6, tenBytes);
    assert.equal(shots.length, 1);
    const shown = sightings.find(({ bestShot }) => bestShot !== undefined);
    assert.equal(shown?.liveness.verdict, 'attack');
    assert.deepEqual(
      sightings.flatMap(({ probes }) => probes),
      [],
    );
  });

  test('the picture of a track never shows another person', async () => {
    const takenAtMs: TakeShot = (picture) => Promise.resolve(picture.data.slice());
    const swap: Scene = (atS) => [{ box, who: atS < 4 ? 'first' : 'second' }];
    const { sightings } = await play(swap, 8, takenAtMs);
    const tracks = new Set(sightings.map(({ trackId: id }) => id));
    assert.equal(tracks.size, 2);
    for (const [index, id] of [...tracks].entries()) {
      const shown = sightings.flatMap((each) => (each.trackId === id ? (each.bestShot ?? []) : []));
      assert.equal(shown.length, 1);
      for (const { jpeg } of shown) {
        const takenAtS = new DataView(jpeg.buffer).getFloat64(0);
        assert.equal(takenAtS < 4, index === 0);
      }
    }
  });

  const spoilt: Readonly<Record<string, TakeShot>> = {
    'cannot be encoded': () => Promise.reject(new Error('no room')),
    'cannot be cut': () => {
      throw new Error('nothing there');
    },
    'is too large': () => Promise.resolve(new Uint8Array(largestBestShotBytes + 1)),
  };
  for (const [what, takeShot] of Object.entries(spoilt)) {
    test(`a picture that ${what} is counted and costs nothing else`, async () => {
      const { sightings, shots, counters } = await play(steady, 6, takeShot);
      const without = await play(steady, 6);
      assert.deepEqual(sightings, without.sightings);
      assert.deepEqual(shots, []);
      assert.ok((counters['bestShotsFailed'] ?? 0) > 0);
    });
  }
});
