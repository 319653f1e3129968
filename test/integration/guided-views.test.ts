import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, before, describe, test } from 'node:test';
import sharp from 'sharp';
import { similarityOf } from '../../daemon/kernel/identification/match.js';
import { stepOf } from '../../daemon/kernel/persons/enrolment-guidance.js';
import { picturesOfClip } from '../../daemon/vision/clip-pictures.js';
import type { FaceAnalyser } from '../../daemon/vision/face-analyser.js';
import { analyseGuidedView } from '../../daemon/vision/guided-view.js';
import { detectFfmpeg } from '../../daemon/vision/ingest/ffmpeg-binary.js';
import { cast, portrait } from '../../scripts/virtual-camera/cast.js';
import { type ClipOptions, testClip } from '../support/clips.js';
import { personClip } from '../support/fake-camera.js';
import { newBoxRecogniser, openTestAnalyser } from '../support/inference.js';

let analyser: FaceAnalyser;
before(async () => {
  analyser = await openTestAnalyser();
});
after(() => analyser[Symbol.asyncDispose]());

async function look(picture: Uint8Array) {
  const view = await analyseGuidedView(picture, analyser);
  assert.ok(view.outcome === 'ok', JSON.stringify(view));
  return view;
}

describe('a picture of a guided enrolment', () => {
  test('tells place, pose, eyes and light of the face, and its template', async () => {
    const { main, faceCount, widthPx } = await look(await portrait(cast.bea));
    assert.equal(faceCount, 1);
    assert.ok(main?.embedding !== undefined && main.quality.reasons.length === 0);
    assert.equal(stepOf(main), 'front');
    const { x, width } = main.face.box;
    assert.ok(x > 0 && x + width < widthPx, 'the face is inside the picture');
    assert.ok(main.openness > 0.25, `open eyes measure ${main.openness}`);
    assert.ok(main.meanLuma > main.lumaAround, 'the portrait has a lit face before a darker wall');
  });

  test('has no template where the gates refuse the face, and says why', async () => {
    const far = await sharp(await portrait(cast.bea))
      .resize(100)
      .jpeg()
      .toBuffer();
    const { main } = await look(far);
    assert.ok(main !== undefined);
    assert.deepEqual(main.quality.reasons, ['too-small']);
    assert.equal(main.embedding, undefined);
  });

  test('may show no face, several of which none is the main one, or be no picture', async () => {
    const wall = { create: { width: 640, height: 480, channels: 3, background: '#667788' } } as const;
    assert.deepEqual(await look(await sharp(wall).jpeg().toBuffer()), {
      ...{ outcome: 'ok', widthPx: 640, heightPx: 480, faceCount: 0 },
    });
    const [left, right] = await Promise.all([portrait(cast.ada), portrait(cast.bea)]);
    const two = sharp({ create: { ...wall.create, width: 900 } }).composite([
      { input: await sharp(left).resize(400, 400).toBuffer(), left: 20, top: 40 },
      { input: await sharp(right).resize(400, 400).toBuffer(), left: 480, top: 40 },
    ]);
    const both = await look(await two.jpeg().toBuffer());
    assert.deepEqual([both.faceCount, both.main], [2, undefined]);
    const text = await analyseGuidedView(Buffer.from('no picture'), analyser);
    assert.equal(text.outcome, 'not-a-picture');
  });
});

describe('a clip of a guided enrolment', () => {
  test('gives few pictures of one person, from the front and from both sides', async () => {
    const ffmpeg = await detectFfmpeg();
    const mostBytes = 1024 * 1024;
    const cut = await picturesOfClip(await readFile(await personClip()), { ffmpeg, mostBytes });
    assert.ok(cut.outcome === 'ok');
    assert.ok(cut.pictures.length >= 5 && cut.pictures.length <= 10, `${cut.pictures.length} pictures`);
    const views = await Promise.all(cut.pictures.map((picture) => look(picture)));
    const steps = new Set(views.map(({ main }) => main && stepOf(main)));
    assert.ok(steps.has('front') && steps.has('left') && steps.has('right'), [...steps].join());
    const embeddings = views.flatMap(({ main }) => main?.embedding ?? []);
    const [first] = embeddings;
    const { threshold } = await newBoxRecogniser();
    assert.ok(first !== undefined && embeddings.every((each) => similarityOf(each, first) >= threshold));

    const least = await picturesOfClip(await readFile(await personClip()), { ffmpeg, mostBytes: 50_000 });
    assert.ok(least.outcome === 'ok' && least.pictures.length === 2, 'no more than the core takes');
    const one = await picturesOfClip(await readFile(await personClip()), { ffmpeg, mostBytes: 30_000 });
    assert.ok(one.outcome === 'ok' && one.pictures.length === 1);
    const none = await picturesOfClip(await readFile(await personClip()), { ffmpeg, mostBytes: 1_000 });
    assert.ok(none.outcome === 'refused' && none.code === 'clip-unreadable');
  });

  test('gives a picture every 400 ms, at most ten, the longest side 960 pixels at most', async () => {
    const ffmpeg = await detectFfmpeg();
    const picturesOf = async (options: ClipOptions): Promise<readonly Uint8Array[]> => {
      const clip = await readFile(await testClip(options));
      const cut = await picturesOfClip(clip, { ffmpeg, mostBytes: 10 * 1024 * 1024 });
      assert.ok(cut.outcome === 'ok', JSON.stringify(cut));
      return cut.pictures;
    };
    const sizesOf = async (pictures: readonly Uint8Array[]): Promise<readonly string[]> => {
      const read = await Promise.all(pictures.map((picture) => sharp(picture).metadata()));
      return [...new Set(read.map(({ width, height }) => `${width}x${height}`))];
    };
    const short = await picturesOf({ seconds: 3, widthPx: 1280, heightPx: 720 });
    assert.equal(short.length, 8);
    assert.deepEqual(await sizesOf(short), ['960x540']);
    const long = await picturesOf({ seconds: 5 });
    assert.equal(long.length, 10);
    assert.deepEqual(await sizesOf(long), ['640x360']);
  });

  test('is refused if it is none', async () => {
    const ffmpeg = await detectFfmpeg();
    const cut = await picturesOfClip(Buffer.from('no clip'), { ffmpeg, mostBytes: 1024 });
    assert.ok(cut.outcome === 'refused' && cut.code === 'clip-unreadable', JSON.stringify(cut));
  });
});
