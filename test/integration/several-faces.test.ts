import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import sharp from 'sharp';
import type { FaceLandmarks } from '../../daemon/kernel/faces/face.js';
import { type Box, boxCentre, intersectionOverUnion } from '../../daemon/kernel/faces/geometry.js';
import type { Picture, Rgb24Picture } from '../../daemon/kernel/faces/picture.js';
import { cameraId, trackId } from '../../daemon/kernel/ids.js';
import { defaultLivenessPolicy } from '../../daemon/kernel/liveness/liveness-verdict.js';
import { VirtualClock } from '../../daemon/kernel/virtual-clock.js';
import { CameraPipeline } from '../../daemon/vision/camera-pipeline.js';
import type { FaceAnalyser } from '../../daemon/vision/face-analyser.js';
import type { StageEvent } from '../../daemon/vision/stage-event.js';
import { openTestAnalyser, toPicture } from '../support/inference.js';
import { samplePhoto } from '../support/tensor-pictures.js';

/** Four faces in the photographs of the face-api package: box of the mesh, pixels. */
const FACES = [
  { sample: 'sample4.jpg', x: 1258, y: 160, width: 211, height: 237 },
  { sample: 'sample5.jpg', x: 776, y: 127, width: 172, height: 205 },
  { sample: 'sample5.jpg', x: 1395, y: 406, width: 226, height: 262 },
  { sample: 'sample5.jpg', x: 586, y: 439, width: 184, height: 231 },
] as const;

/** Every face stands in a square of its photograph, this wide in the picture. */
const squarePx = 160;
/** Widths of faces in the picture, pixels: the detector finds all four when they are far, and misses two when they are near. */
const farPx = 80;
const nearPx = 110;

/** Where the square of the face stands in the picture. */
const places = FACES.map((_, index) => ({ left: index * squarePx, top: 60 + ((index * 37) % 80) }));

/** A piece of a photograph without a face, of the size of a square. */
const background = () =>
  sharp(samplePhoto('sample2.jpg')).extract({ left: 20, top: 20, width: squarePx, height: squarePx });

function square(index: number, facePx: number) {
  const face = FACES[index];
  assert.ok(face);
  const side = Math.floor((squarePx * face.width) / facePx);
  const centre = boxCentre(face);
  const left = Math.round(centre.x - side / 2);
  const top = Math.max(0, Math.round(centre.y - side / 2));
  return sharp(samplePhoto(face.sample))
    .extract({ left, top, width: side, height: side })
    .resize(squarePx, squarePx);
}

/** A picture of 640 x 360 in which each place shows its face as wide as told, or a piece of background. */
async function scene(shown: readonly (number | 'background')[]): Promise<Rgb24Picture> {
  const layers = await Promise.all(
    shown.map(async (what, index) => {
      const image = what === 'background' ? background() : square(index, what);
      return { left: 0, top: 0, ...places[index], input: await image.png().toBuffer() };
    }),
  );
  const grey = { width: 640, height: 360, channels: 3, background: { r: 120, g: 116, b: 110 } } as const;
  return toPicture(sharp({ create: grey }).composite(layers));
}

/** The box of the square, pixels. */
function placeOf(index: number): Box {
  const { left = 0, top = 0 } = places[index] ?? {};
  return { x: left, y: top, width: squarePx, height: squarePx };
}

/** Shows the pictures to a camera's stages, each for its seconds, at four frames a second. */
async function watch(
  eyes: FaceAnalyser,
  pictures: readonly { readonly picture: Picture; readonly seconds: number }[],
) {
  const events: StageEvent[] = [];
  let ids = 0;
  const pipeline = new CameraPipeline({
    cameraId: cameraId('hall'),
    analyser: eyes,
    sink: (event) => events.push(event),
    clock: new VirtualClock(),
    newTrackId: () => trackId(`t${++ids}`),
    idleFps: 4,
    trackingFps: 4,
    smallestFacePx: 40,
    liveness: defaultLivenessPolicy,
    sameFaceThreshold: 0,
  });
  let sequence = 0;
  for (const { picture, seconds } of pictures) {
    for (let frame = 0; frame < 4 * seconds; frame++, sequence++) {
      const capturedAtMs = sequence * 250;
      await pipeline.analyse({
        cameraId: cameraId('hall'),
        sequence,
        capturedAtMs,
        picture,
        release: () => undefined,
      });
    }
  }
  pipeline.end();
  const started = events.flatMap((event) => (event.type === 'track.started' ? [event] : []));
  const ended = events.flatMap((event) => (event.type === 'track.ended' ? [event] : []));
  const first = started.find(({ box }) => intersectionOverUnion(box, placeOf(3)) > 0.1);
  return { ended, ofLastFace: ended.find(({ trackId: id }) => id === first?.trackId) };
}

describe('several faces in a small picture', () => {
  let analyser: FaceAnalyser;
  let inTurn: FaceAnalyser;
  before(async () => {
    analyser = await openTestAnalyser({ detector: 'ssd-mobilenet-v1' });
    inTurn = await openTestAnalyser();
  });
  after(async () => {
    await analyser[Symbol.asyncDispose]();
    await inTurn[Symbol.asyncDispose]();
  });

  test('with two detectors in turn, a face that one of them misses begins a track', async () => {
    const picture = await scene([nearPx, nearPx, nearPx, nearPx]);
    const { ended } = await watch(inTurn, [{ picture, seconds: 2 }]);
    assert.equal(ended.length, 4);
    assert.ok(ended.every(({ reason, firstSeenMs }) => reason === 'source-ended' && firstSeenMs <= 500));
    const { ended: withOneDetector } = await watch(analyser, [{ picture, seconds: 2 }]);
    assert.equal(withOneDetector.length, 2, 'the picture shows what it was made for');
  });

  test('a face that the detector misses among four is found when it is shown alone', async () => {
    const picture = await scene([nearPx, nearPx, nearPx, nearPx]);
    const found = await analyser.detect(picture, { smallestFacePx: 40 });
    const isFound = (index: number, boxes: readonly { readonly box: Box }[]) =>
      boxes.some(({ box }) => intersectionOverUnion(box, placeOf(index)) > 0.2);
    const missed = [0, 1, 2, 3].filter((index) => !isFound(index, found));
    assert.ok(missed.includes(3), 'the picture shows what it was made for');
    for (const index of missed) {
      const alone = await analyser.detect(picture, { smallestFacePx: 40, around: placeOf(index) });
      assert.ok(isFound(index, alone), `face ${index}`);
    }
  });

  test('the track of that face lasts as long as it is visible', async () => {
    const { ended, ofLastFace } = await watch(analyser, [
      { picture: await scene([farPx, farPx, farPx, farPx]), seconds: 1 },
      { picture: await scene([nearPx, nearPx, nearPx, nearPx]), seconds: 8 },
    ]);
    assert.deepEqual([ofLastFace?.reason, ofLastFace?.lastSeenMs], ['source-ended', 8750]);
    assert.equal(ended.length, 4);
  });

  test('a mesh that stays on the wall after the face has gone ends within seconds', async () => {
    // The worst mesh there could be: it believes for ever in the face that it saw in each place.
    const held = new Map<number, FaceLandmarks>();
    const stubborn: FaceAnalyser = {
      recogniser: analyser.recogniser,
      provider: analyser.provider,
      detect: (...asked) => analyser.detect(...asked),
      assess: (...asked) => analyser.assess(...asked),
      texture: (...asked) => analyser.texture(...asked),
      surroundings: (...asked) => analyser.surroundings(...asked),
      embed: (...asked) => analyser.embed(...asked),
      passivePad: (...asked) => analyser.passivePad(...asked),
      locate: async (picture, regions) => {
        const located = await analyser.locate(picture, regions);
        return regions.map((region, order) => {
          const place =
            [0, 1, 2, 3].find((index) => intersectionOverUnion(region, placeOf(index)) > 0.1) ?? 0;
          const landmarks = located[order] ?? held.get(place);
          if (landmarks) held.set(place, landmarks);
          return landmarks;
        });
      },
      [Symbol.asyncDispose]: () => Promise.resolve(),
    };
    const { ofLastFace } = await watch(stubborn, [
      { picture: await scene([farPx, farPx, farPx, farPx]), seconds: 1 },
      { picture: await scene([farPx, farPx, farPx, 'background']), seconds: 7 },
    ]);
    assert.equal(ofLastFace?.reason, 'left');
    assert.ok(ofLastFace !== undefined && ofLastFace.lastSeenMs <= 6000, `until ${ofLastFace?.lastSeenMs}`);
  });
});
