import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import sharp from 'sharp';
import { configSchema } from '../../daemon/contract/settings/schema.js';
import { encodeSighting } from '../../daemon/contract/vision/vision-sighting.js';
import { systemClock as clock } from '../../daemon/host/system-clock.js';
import { similarityOf } from '../../daemon/kernel/identification/match.js';
import { defaultLivenessPolicy } from '../../daemon/kernel/liveness/liveness-verdict.js';
import { present } from '../../daemon/kernel/present.js';
import type { Sighting } from '../../daemon/kernel/tracks/sighting.js';
import type { FaceAnalyser } from '../../daemon/vision/face-analyser.js';
import { detectFfmpeg } from '../../daemon/vision/ingest/ffmpeg-binary.js';
import { takeBestShot } from '../../daemon/vision/jpeg-encoding.js';
import { analyseKeptPhoto } from '../../daemon/vision/photo.js';
import type { TakeShot } from '../../daemon/vision/probe-stage.js';
import { replayClip } from '../../daemon/vision/replay-clip.js';
import type { CastId } from '../../scripts/virtual-camera/cast.js';
import { newBoxRecogniser, openTestAnalyser } from '../support/inference.js';
import { visitorClip } from '../support/scenes.js';

let analyser: FaceAnalyser;
let recogniser: Awaited<ReturnType<typeof newBoxRecogniser>>;

before(async () => {
  recogniser = await newBoxRecogniser();
  analyser = await openTestAnalyser();
});
after(async () => {
  await analyser[Symbol.asyncDispose]();
});

/** What a camera that shows one visitor tells the core. */
async function sightingsOfVisitor(takeShot?: TakeShot, who: CastId = 'ada'): Promise<readonly Sighting[]> {
  const { cameras } = configSchema.parse({
    site: { id: 'site', timeZone: 'Europe/Paris' },
    cameras: [{ id: 'door', name: 'Door', url: 'rtsp://127.0.0.1/1' }],
  });
  const [camera] = cameras;
  assert.ok(camera);
  const sightings: Sighting[] = [];
  const steps = replayClip({
    path: await visitorClip(who),
    camera,
    analyser,
    ffmpeg: await detectFfmpeg(),
    liveness: defaultLivenessPolicy,
    sameFaceThreshold: recogniser.threshold,
    clock,
    speed: 'max',
    ...present({ takeShot }),
  });
  for await (const { events } of steps) {
    for (const event of events) if (event.type === 'sighting') sightings.push(event.sighting);
  }
  return sightings;
}

const withPicture = (sightings: readonly Sighting[]): number =>
  sightings.filter(({ bestShot }) => bestShot !== undefined).length;
const toldOnWire = (sightings: readonly Sighting[]): number =>
  sightings.map(encodeSighting).filter(({ bestShot }) => bestShot !== undefined).length;

describe('the pictures of a visitor for the core', () => {
  test('are few, show the visitor, and change no other event', async () => {
    const without = await sightingsOfVisitor();
    assert.ok(without.length > 3);
    assert.deepEqual([withPicture(without), toldOnWire(without)], [0, 0], 'no picture where none is wanted');

    const withPictures = await sightingsOfVisitor(takeBestShot);
    assert.ok(withPicture(withPictures) >= 1);
    assert.equal(toldOnWire(withPictures), withPicture(withPictures));
    assert.deepEqual(
      withPictures.map(({ bestShot, ...sighting }) => sighting),
      without,
    );
    const shots = withPictures.flatMap(({ bestShot }) => bestShot ?? []);
    assert.ok(shots.length >= 1 && shots.length <= 4, `${shots.length} pictures`);
    const bytes = shots.reduce((sum, { jpeg }) => sum + jpeg.length, 0);
    assert.ok(bytes < 64_000, `${bytes} bytes`);

    const live = withPictures.findIndex(({ liveness }) => liveness.verdict === 'live');
    const first = withPictures.findIndex(({ bestShot }) => bestShot !== undefined);
    assert.ok(first >= 0 && first <= live, 'the picture is there when the fact is decided');

    const jpeg = await sharp(shots[0]?.jpeg).resize({ width: 320 }).jpeg().toBuffer();
    const shown = await analyseKeptPhoto(jpeg, analyser);
    assert.ok(shown.outcome === 'ok', shown.outcome);
    const [probe] = withPictures.flatMap(({ probes }) => probes);
    assert.ok(probe && similarityOf(probe.embedding, shown.embedding) > recogniser.threshold);
  });

  test('end with a living visitor, whom the rule against fades does not take for two photos', async () => {
    const last = (await sightingsOfVisitor(undefined, 'bea')).at(-1);
    assert.equal(last?.liveness.verdict, 'live', last?.liveness.reason);
  });
});
