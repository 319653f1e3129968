import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { composeAffine } from '../../daemon/kernel/faces/affine.js';
import type { Embedding } from '../../daemon/kernel/identification/match.js';
import {
  defaultHeadGesturePolicy,
  type HeadGesture,
  initialHeadGestures,
  nextHeadGesture,
} from '../../daemon/kernel/liveness/head-gesture.js';
import { parallaxTurn } from '../../daemon/kernel/liveness/rigid-head.js';
import type { FaceRegion } from '../../daemon/vision/face-analyser.js';
import { corridor } from '../../scripts/virtual-camera/backdrop.js';
import { type CastId, cast, demoScenario, writeEnrolmentPhotos } from '../../scripts/virtual-camera/cast.js';
import { layOver } from '../../scripts/virtual-camera/compose.kernel.js';
import { openFaceShapeFinder } from '../../scripts/virtual-camera/face-shape.js';
import { openPortrait, readPhoto } from '../../scripts/virtual-camera/portrait.js';
import { frames, renderScenario } from '../../scripts/virtual-camera/render.js';
import { renderedClip } from '../../scripts/virtual-camera/rendered-clip.js';
import { type FaceScene, scenarioSchema } from '../../scripts/virtual-camera/scenario.js';
import { startSubject } from '../../scripts/virtual-camera/subject.js';
import { startVirtualCamera } from '../../scripts/virtual-camera/virtual-camera.js';
import { decodedFrames } from '../support/decoded-frames.js';
import { type FaceReader, openFaceReader, type ReadFace } from '../support/face-reader.js';

const widthPx = 640;
const heightPx = 360;
const framesPerS = 25;
const scripted = [
  { atS: 1.2, durationS: 0.25 },
  { atS: 2.9, durationS: 0.2 },
  { atS: 4.6, durationS: 0.3 },
];
/** Similarities either side of a recogniser's operating point, by a good part of what is above it. */
const surelySame = (threshold: number): number => threshold + (1 - threshold) / 2;
const surelyOther = (threshold: number): number => threshold - (1 - threshold) / 4;

function scenarioOf(id: CastId, blinks: FaceScene['blinks'], seconds = 6) {
  const { photo, face } = cast[id];
  const path = [
    { atS: 0, x: 0.4, y: 0.5, faceWidthPx: 110 },
    { atS: seconds, x: 0.6, y: 0.48, faceWidthPx: 140 },
  ];
  const scene = { kind: 'face', photo, face, seconds, blinks, path };
  return scenarioSchema.parse({ widthPx, heightPx, framesPerS, scenes: [scene] });
}

const startingPlace = { x: 0.4 * widthPx - 55, y: heightPx / 2 - 55, width: 110, height: 110 };

describe('faces of the virtual camera, seen by the production networks', () => {
  let directory: string;
  let reader: FaceReader;
  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'rollcall-faces-'));
    reader = await openFaceReader();
  });
  after(async () => {
    await reader[Symbol.asyncDispose]();
    await rm(directory, { recursive: true, force: true });
  });

  /** Every frame's face, followed from the starting place. */
  async function followed(id: CastId, blinks: FaceScene['blinks'], seconds?: number): Promise<ReadFace[]> {
    const file = join(directory, `${id}-${blinks === 'never' ? 'never' : 'blinks'}.mp4`);
    await renderScenario(scenarioOf(id, blinks, seconds), file);
    const faces: ReadFace[] = [];
    let place: FaceRegion = startingPlace;
    for await (const picture of decodedFrames(file, widthPx, heightPx)) {
      const face = await reader.read(picture, place);
      assert.ok(face !== undefined, `no face in frame ${faces.length}`);
      place = face.region;
      faces.push(face);
    }
    return faces;
  }

  for (const id of ['ada', 'bea', 'stranger'] as const) {
    test(`${id}: both eyes close at the scripted times and only then`, async () => {
      const openness = relativeOpenness(await followed(id, scripted));
      assert.equal(openness.length, 6 * framesPerS);
      const closures = runsUnder(openness, 0.65);
      assert.equal(closures.length, scripted.length, JSON.stringify(closures));
      closures.forEach(({ first, last, least }, index) => {
        const middleS = (first + last) / 2 / framesPerS;
        const { atS = 0, durationS = 0 } = scripted[index] ?? {};
        assert.ok(Math.abs(middleS - atS) <= 0.04, `closed about ${middleS} s instead of ${atS} s`);
        assert.ok((last - first) / framesPerS <= durationS);
        assert.ok(least < 0.5, `the lids left ${least} of the opening`);
      });
      for (const { atS } of scripted) {
        const recovered = openness[Math.round((atS + 0.24) * framesPerS)] ?? 0;
        assert.ok(recovered > 0.85, `${recovered} of the opening after the blink at ${atS} s`);
      }
    });
  }

  test('a picture that never blinks keeps its eyes open throughout', async () => {
    const openness = relativeOpenness(await followed('bea', 'never'));
    const least = Math.min(...openness);
    assert.ok(least > 0.8, `${least}`);
  });

  test('a head turns to its own left, nods and looks up as scripted, and each gesture is detected', async () => {
    const gestures = [
      { atS: 0.8, kind: 'turn-left' },
      { atS: 2.4, kind: 'nod' },
      { atS: 3.4, kind: 'look-up' },
    ];
    const { photo, face } = cast.ada;
    const path = [{ atS: 0, x: 0.5, y: 0.5, faceWidthPx: 110 }];
    const scene = { kind: 'face', photo, face, seconds: 4.6, blinks: 'never', path, gestures };
    const scenario = scenarioSchema.parse({ widthPx: 480, heightPx: 270, framesPerS: 12, scenes: [scene] });
    let state = initialHeadGestures;
    let place: FaceRegion = { x: 185, y: 80, width: 110, height: 110 };
    let frame = 0;
    const seen: HeadGesture[] = [];
    for await (const { data } of frames(scenario)) {
      const picture = { format: 'yuv420p', range: 'limited', widthPx: 480, heightPx: 270, data } as const;
      const found = await reader.read(picture, place);
      assert.ok(found !== undefined, `no face in frame ${frame}`);
      place = found.region;
      const step = nextHeadGesture(state, found.landmarks, (frame * 1000) / 12, defaultHeadGesturePolicy);
      state = step.state;
      if (step.gesture) seen.push(step.gesture);
      frame += 1;
    }
    assert.deepEqual(
      seen.map(({ kind }) => kind),
      gestures.map(({ kind }) => kind),
    );
    seen.forEach(({ startMs }, index) => {
      const scriptedMs = (gestures[index]?.atS ?? 0) * 1000;
      assert.ok(Math.abs(startMs - scriptedMs) < 250, `${startMs} instead of ${scriptedMs}`);
    });
  });

  test('a turned picture of a face makes no gesture', async () => {
    const size = { widthPx: 480, heightPx: 270 };
    const backdrop = await corridor(size.widthPx, size.heightPx);
    await using finder = await openFaceShapeFinder();
    const [scene] = scenarioOf('ada', 'never', 1).scenes;
    assert.ok(scene?.kind === 'face');
    const portrait = await openPortrait(scene, finder);
    const place = portrait.placedAt({ x: 0.5, y: 0.5, faceWidthPx: 110, rollDeg: 0 }, size);
    let state = initialHeadGestures;
    let region: FaceRegion = { x: 185, y: 80, width: 110, height: 110 };
    let farthestDeg = 0;
    for (let frame = 0; frame < 40; frame++) {
      // Seen from far away, a flat thing that is turned becomes narrower.
      const angle = frame < 10 ? 0 : 0.9 * Math.sin((Math.PI * (frame - 10)) / 15);
      const narrow = 1 / Math.cos(angle);
      const about = size.widthPx / 2;
      const turned = { xx: narrow, xy: 0, x0: about - narrow * about, yx: 0, yy: 1, y0: 0 };
      const data = backdrop.slice();
      const cutout = portrait.shown(0, { yawDeg: 0, pitchDeg: 0 });
      layOver({ ...size, data }, cutout, composeAffine(place, turned));
      const found = await reader.read({ format: 'yuv420p', range: 'limited', ...size, data }, region);
      assert.ok(found !== undefined, `no face in frame ${frame}`);
      region = found.region;
      const step = nextHeadGesture(state, found.landmarks, (frame * 1000) / 12, defaultHeadGesturePolicy);
      state = step.state;
      assert.equal(step.gesture, undefined, `frame ${frame}`);
      const [resting] = state.resting;
      const seen = resting && parallaxTurn(resting.points, found.landmarks);
      farthestDeg = Math.max(farthestDeg, Math.abs(seen?.yawDeg ?? 0));
    }
    assert.ok(farthestDeg < defaultHeadGesturePolicy.turnDeg / 1.5, `${farthestDeg} degrees`);
  });

  test('the recogniser distinguishes the cast, and recognises each by their enrolment photograph', async () => {
    await using photos = await writeEnrolmentPhotos();
    const ids = ['ada', 'bea', 'stranger'] as const;
    const enrolled = new Map<CastId, Embedding>();
    const seen = new Map<CastId, Embedding>();
    for (const id of ids) {
      const photo = await readPhoto(photos.files[id]);
      const sidePx = photo.widthPx / 1.7;
      const start = (photo.widthPx - sidePx) / 2;
      const face = await reader.read(photo, { x: start, y: start, width: sidePx, height: sidePx });
      const frames = await followed(id, 'never', 0.2);
      assert.ok(face !== undefined && frames[0] !== undefined);
      enrolled.set(id, await face.embed());
      seen.set(id, await frames[0].embed());
    }
    for (const a of ids) {
      for (const b of ids) {
        const likeness = similarity(enrolled.get(a), seen.get(b));
        const { threshold } = reader;
        if (a === b) assert.ok(likeness > surelySame(threshold), `${a} is ${likeness} like themselves`);
        else assert.ok(likeness < surelyOther(threshold), `${a} is ${likeness} like ${b}`);
      }
    }
  });

  test('a clip is rendered once and the same scenario gives the same bytes', async () => {
    const scenario = scenarioOf('ada', scripted, 1);
    let rendered = 0;
    const options = { directory, onProgress: () => void rendered++ };
    const file = await renderedClip(scenario, options);
    assert.equal(rendered, framesPerS);
    assert.equal(await renderedClip(scenario, options), file);
    assert.equal(rendered, framesPerS);
    assert.notEqual(await renderedClip({ ...scenario, seed: 2 }, options), file);
    const again = join(directory, 'again.mp4');
    await renderScenario(scenario, again);
    assert.ok((await readFile(again)).equals(await readFile(file)));
  });

  test('a scenario that puts a face on a place without one is refused', async () => {
    const scenario = scenarioOf('ada', 'never', 1);
    const nowhere = { x: 900, y: 1200, width: 60, height: 60 };
    const scenes = scenario.scenes.map((scene) => ({ ...scene, face: nowhere }));
    await assert.rejects(
      renderScenario(scenarioSchema.parse({ ...scenario, scenes }), join(directory, 'x.mp4')),
      {
        code: 'no-face-there',
      },
    );
  });

  test('rendering stops when asked to and leaves nothing behind', async () => {
    const file = join(directory, 'stopped.mp4');
    const abort = new AbortController();
    await assert.rejects(
      renderScenario(scenarioOf('ada', 'never', 4), file, {
        signal: abort.signal,
        onProgress: ({ framesDone }) => framesDone === 5 && abort.abort(),
      }),
      { name: 'AbortError' },
    );
    const frames = decodedFrames(file, widthPx, heightPx);
    assert.equal((await frames.next()).done, true);
  });

  test('the camera serves its scenario and reports its blinks', async () => {
    const scenario = scenarioOf('ada', scripted, 1);
    await using camera = await startVirtualCamera({ scenario, directory, transport: 'tcp' });
    const frames = decodedFrames(camera.url, widthPx, heightPx);
    const { value: picture } = await frames.next();
    await frames.return();
    assert.ok(picture !== undefined);
    assert.ok((await reader.read(picture, startingPlace)) !== undefined);
    assert.deepEqual(camera.blinks, scripted);
  });

  test('an obedient subject does what every prompt asks, a lazy one only the first', async () => {
    const [width, height] = [480, 270];
    await using subject = await startSubject({
      ...{ kind: 'lazy', widthPx: width, heightPx: height, framesPerS: 12, transport: 'tcp' },
    });
    let state = initialHeadGestures;
    let place: FaceRegion = { x: 192, y: 87, width: 97, height: 97 };
    const seen: string[] = [];
    let frame = 0;
    let doneAt = Number.POSITIVE_INFINITY;
    for await (const picture of decodedFrames(subject.url, width, height)) {
      const found = await reader.read(picture, place);
      assert.ok(found !== undefined, `no face in frame ${frame}`);
      place = found.region;
      const step = nextHeadGesture(state, found.landmarks, (frame * 1000) / 12, defaultHeadGesturePolicy);
      state = step.state;
      if (step.gesture) seen.push(step.gesture.kind);
      if (frame === 8) subject.prompt('turn-right');
      if (seen.length === 1 && doneAt > frame) {
        doneAt = frame;
        subject.prompt('nod');
      }
      frame += 1;
      // More than the part that is shown now and all of a nod.
      if (frame > doneAt + 30 || frame > 160) break;
    }
    assert.deepEqual(seen, ['turn-right']);
  });
});

test('the demo shows a blinking acquaintance, a blinking stranger and a picture held up for long enough', () => {
  const scenes = demoScenario().scenes.filter((scene) => scene.kind === 'face');
  assert.deepEqual(
    scenes.map(({ photo, blinks }) => [photo, blinks]),
    [
      [cast.ada.photo, 'natural'],
      [cast.stranger.photo, 'natural'],
      [cast.bea.photo, 'never'],
    ],
  );
  assert.ok((scenes[2]?.seconds ?? 0) > 24);
});

/** The wider of both eyes' openings relative to that eye's median: low only when both are shut. */
function relativeOpenness(faces: readonly ReadFace[]): number[] {
  const medians = [0, 1].map((eye) => median(faces.map(({ openness }) => openness[eye] ?? 0)));
  return faces.map(({ openness }) => Math.max(...openness.map((value, eye) => value / (medians[eye] ?? 1))));
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1] ?? 0;
}

function runsUnder(values: readonly number[], limit: number) {
  const runs: { first: number; last: number; least: number }[] = [];
  values.forEach((value, index) => {
    if (value >= limit) return;
    const run = runs.at(-1);
    if (run !== undefined && run.last === index - 1) {
      run.last = index;
      run.least = Math.min(run.least, value);
    } else runs.push({ first: index, last: index, least: value });
  });
  return runs;
}

function similarity(a: Embedding | undefined, b: Embedding | undefined): number {
  assert.ok(a !== undefined && b !== undefined);
  return a.reduce((sum, value, index) => sum + value * (b[index] ?? 0), 0);
}
