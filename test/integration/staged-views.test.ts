import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import sharp, { type Sharp } from 'sharp';
import { reportSchema } from '../../daemon/contract/vision/vision-reports.js';
import { decodeSighting, encodeSighting } from '../../daemon/contract/vision/vision-sighting.js';
import { type Box, boxCentre } from '../../daemon/kernel/faces/geometry.js';
import type { Picture } from '../../daemon/kernel/faces/picture.js';
import { type Embedding, similarityOf } from '../../daemon/kernel/identification/match.js';
import { cameraId, personId, trackId } from '../../daemon/kernel/ids.js';
import { defaultLivenessPolicy } from '../../daemon/kernel/liveness/liveness-verdict.js';
import type { Sighting } from '../../daemon/kernel/tracks/sighting.js';
import { VirtualClock } from '../../daemon/kernel/virtual-clock.js';
import { CameraPipeline } from '../../daemon/vision/camera-pipeline.js';
import type { FaceAnalyser } from '../../daemon/vision/face-analyser.js';
import { newBoxRecogniser, openTestAnalyser, portrait, toPicture } from '../support/inference.js';
import { openStage, why } from '../support/passage-stage.js';
import { samplePhoto } from '../support/tensor-pictures.js';

const size = { width: 640, height: 480 };
const fps = 8;
/** A track ends when its face has been gone for this long. */
const goneS = 2;
const grey = { ...size, channels: 3, background: { r: 120, g: 116, b: 110 } } as const;

/** What is done to a photograph before the camera shows it: `box` is that of the face. */
type Spoil = (picture: Sharp, box: Box) => Sharp | Promise<Sharp>;

describe('passages of degraded photographs, from the pixels to the reason', () => {
  let analyser: FaceAnalyser;
  let enrolled: Embedding;
  let threshold: number;
  before(async () => {
    analyser = await openTestAnalyser();
    ({ threshold } = await newBoxRecogniser());
    const picture = await toPicture(portrait('a').flop().modulate({ brightness: 0.9 }));
    const [face] = await analyser.locate(picture, [await boxIn(picture)]);
    assert.ok(face);
    enrolled = await analyser.embed(picture, face);
  });
  after(async () => analyser[Symbol.asyncDispose]());

  async function boxIn(picture: Picture): Promise<Box> {
    const [found] = await analyser.detect(picture, { smallestFacePx: 40 });
    assert.ok(found, 'a face is found');
    return found.box;
  }

  /** A picture of the camera in which the face is this wide, spoilt. */
  async function shown(photograph: Sharp, widthPx: number, spoil: Spoil): Promise<Picture> {
    const png = await photograph.png().toBuffer();
    const [whole] = await analyser.locate(await toPicture(sharp(png)), [
      await boxIn(await toPicture(sharp(png))),
    ]);
    assert.ok(whole);
    const { width = 0 } = await sharp(png).metadata();
    const scale = widthPx / whole.box.width;
    const small = sharp(png).resize({ width: Math.round(width * scale) });
    const { data, info } = await small.png().toBuffer({ resolveWithObject: true });
    const centre = boxCentre(whole.box);
    const left = Math.round(size.width / 2 - centre.x * scale);
    const top = Math.round(size.height / 2 - centre.y * scale);
    const cut = {
      left: Math.max(0, -left),
      top: Math.max(0, -top),
      width: Math.min(info.width - Math.max(0, -left), size.width - Math.max(0, left)),
      height: Math.min(info.height - Math.max(0, -top), size.height - Math.max(0, top)),
    };
    const face = await sharp(data).extract(cut).toBuffer();
    const canvas = await sharp({ create: grey })
      .composite([{ input: face, left: Math.max(0, left), top: Math.max(0, top) }])
      .png()
      .toBuffer();
    const box = {
      x: size.width / 2 - widthPx / 2,
      y: size.height / 2 - (whole.box.height * scale) / 2,
      width: widthPx,
      height: whole.box.height * scale,
    };
    return toPicture(await spoil(sharp(canvas), box));
  }

  /** How the passage is explained after the production stages, the wire and the decider. */
  async function passage(picture: Picture, seconds: number): Promise<string> {
    const sightings: Sighting[] = [];
    const pipeline = new CameraPipeline({
      ...{ cameraId: cameraId('gate'), analyser, clock: new VirtualClock() },
      sink: (event) => event.type === 'sighting' && sightings.push(event.sighting),
      newTrackId: () => trackId('t'),
      ...{ idleFps: fps, trackingFps: fps, smallestFacePx: 40 },
      ...{ liveness: defaultLivenessPolicy, sameFaceThreshold: threshold },
    });
    const nobody = await toPicture(sharp({ create: grey }));
    for (let sequence = 0; sequence < fps * (seconds + goneS); sequence += 1) {
      const capturedAtMs = (sequence * 1000) / fps;
      const now = sequence < fps * seconds ? picture : nobody;
      const frame = { cameraId: cameraId('gate'), sequence, capturedAtMs, picture: now };
      await pipeline.analyse({ ...frame, release: () => undefined });
    }
    await using stage = openStage({
      policy: { threshold, margin: 0.05, minimumProbes: 2 },
      search: async (embedding) => [
        { personId: personId('ada'), similarity: similarityOf(embedding, enrolled) },
      ],
    });
    for (const sighting of sightings) {
      const wire: unknown = JSON.parse(JSON.stringify(encodeSighting(sighting)));
      const parsed = reportSchema.parse({ type: 'sighting', sighting: wire });
      assert.ok(parsed.type === 'sighting');
      const { ended } = await stage.decider.onSighting(
        decodeSighting(parsed.sighting, Buffer.alloc(0)),
        Number,
      );
      if (ended !== undefined) return why(stage.whatIsStored(ended));
    }
    assert.fail('a confirmed track ends with its passage');
  }

  const asIs: Spoil = (picture) => picture;
  const scarf: Spoil = (picture, { x, y, width, height }) => {
    const cover = {
      create: {
        width: Math.round(width),
        height: Math.round(height * 0.45),
        channels: 3 as const,
        background: '#335577',
      },
    };
    return picture.composite([{ input: cover, left: Math.round(x), top: Math.round(y + height * 0.55) }]);
  };
  const scenes: readonly {
    readonly title: string;
    readonly photograph: () => Sharp;
    readonly widthPx?: number;
    readonly spoil?: Spoil;
    readonly seconds?: number;
    readonly expected: RegExp;
  }[] = [
    {
      title: 'as it is',
      photograph: () => portrait('a'),
      seconds: 2,
      expected: /^unproven, seen-too-briefly: recognised as Ada, 0\.\d+;/,
    },
    {
      title: 'on a stand',
      photograph: () => portrait('a'),
      seconds: 9,
      expected: /^unproven, still-face: recognised as Ada/,
    },
    {
      title: 'another person',
      photograph: () => portrait('b'),
      seconds: 2,
      expected: /^stranger, (stranger|below-threshold): /,
    },
    {
      title: 'small',
      photograph: () => portrait('a'),
      widthPx: 34,
      expected: /^undecided, too-small: too small: 3\d px of 40; in \d+ of \d+ views$/,
    },
    {
      title: 'dark',
      photograph: () => portrait('a'),
      spoil: (picture) => picture.linear(0.1, 0),
      expected: /^undecided, dark: /,
    },
    {
      title: 'blurred',
      photograph: () => portrait('a'),
      spoil: (picture, { width }) => picture.blur(0.045 * width),
      expected: /^undecided, blurred: /,
    },
    { title: 'covered', photograph: () => portrait('a'), spoil: scarf, expected: /^undecided, occluded: / },
    {
      title: 'turned',
      photograph: () =>
        sharp(samplePhoto('sample2.jpg')).extract({ left: 0, top: 0, width: 1100, height: 900 }),
      expected: /^undecided, turned-away: turned away: \d+ degrees to the side, at most 35/,
    },
  ];
  for (const { title, photograph, widthPx = 120, spoil = asIs, seconds = 1, expected } of scenes) {
    test(title, async () => {
      assert.match(await passage(await shown(photograph(), widthPx, spoil), seconds), expected);
    });
  }
});
