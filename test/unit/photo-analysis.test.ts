import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import sharp from 'sharp';
import { decodeEmbedding } from '../../daemon/contract/vision/vision-sighting.js';
import { analyseGuidedView, guidedOutcome } from '../../daemon/vision/guided-view.js';
import { lumaAround } from '../../daemon/vision/luma-around.kernel.js';
import { analyseFaces, analyseKeptPhoto, analysePhoto } from '../../daemon/vision/photo.js';
import { findSampleFace, sampleImage } from '../../daemon/vision/photo-sample.js';
import { ScriptedAnalyser, type ScriptedFace } from '../support/scripted-analyser.js';

const photo = await sharp({ create: { width: 960, height: 640, channels: 3, background: 'black' } })
  .png()
  .toBuffer();

const showing = (...faces: readonly ScriptedFace[]): ScriptedAnalyser => new ScriptedAnalyser(() => faces);
const face = (who: string, x: number, width: number, y = 200): ScriptedFace => ({
  who,
  box: { x, y, width, height: width },
});
const [ada, ben, cyd] = [face('ada', 60, 180), face('ben', 400, 200), face('cyd', 720, 190)];
const all = { isEmbedded: true, most: 10 };

describe('a photo for an enrolment', () => {
  test('gives the only face, with a square around it that lies inside the photo', async () => {
    const found = await analysePhoto(photo, showing(face('ada', 40, 180, 10)));
    assert.ok(found.outcome === 'ok');
    assert.deepEqual(found.face, {
      number: 1,
      place: 'left',
      box: { x: 40, y: 10, width: 180, height: 180 },
    });
    assert.equal(found.faceCount, 1);
    const { format, width, height } = await sharp(found.jpeg).metadata();
    // The square of twice the face reaches 50 pixels beyond the left border and 80 beyond the upper one.
    assert.deepEqual([format, width, height], ['jpeg', 310, 280]);
  });

  test('gives the face whose number was asked for, also where none stands out', async () => {
    const analyser = showing(cyd, ada, ben);
    const asked = await analysePhoto(photo, analyser, 3);
    assert.ok(asked.outcome === 'ok');
    assert.deepEqual([asked.face.number, asked.face.place, asked.faceCount], [3, 'right', 3]);
    const first = await analysePhoto(photo, analyser, 1);
    assert.ok(first.outcome === 'ok');
    assert.notDeepEqual(first.embedding, asked.embedding);
  });

  test('is refused with its faces, from left to right, where none stands out or has the number', async () => {
    const analyser = showing(cyd, ada, ben);
    const unclear = await analysePhoto(photo, analyser);
    assert.ok(unclear.outcome === 'several-faces');
    assert.deepEqual(
      unclear.faces.map(({ number, place, box }) => [number, place, box.x]),
      [
        [1, 'left', 60],
        [2, 'middle', 400],
        [3, 'right', 720],
      ],
    );
    assert.match(
      unclear.message,
      /shows 3 faces.* right 1 \(left, 180 x 180 pixels at 60, 200\); 2 \(middle/,
    );
    for (const number of [0, 4]) {
      const none = await analysePhoto(photo, analyser, number);
      assert.ok(none.outcome === 'no-such-face');
      assert.match(none.message, new RegExp(`no face with the number ${number}: .*3 \\(right`));
      assert.equal(none.faces.length, 3);
    }
  });

  test('names twenty faces of a crowd and counts the others', async () => {
    const rows = [0, 1, 2].flatMap((row) =>
      Array.from({ length: 8 }, (_, column) => face(`${row}-${column}`, column * 110, 60, row * 200)),
    );
    for (const [count, ending] of [
      [20, /; 20 \([^;]*\)$/],
      [21, /; 20 \([^;]*\); \+ 1$/],
      [24, /; 20 \([^;]*\); \+ 4$/],
    ] as const) {
      const crowd = await analysePhoto(photo, showing(...rows.slice(0, count)));
      assert.ok(crowd.outcome === 'several-faces');
      assert.match(crowd.message, ending);
      assert.equal(crowd.faces.length, count);
    }
  });

  test('is refused with its three worst faults, each with advice', async () => {
    const reasons = ['blurred', 'dark', 'turned-away', 'occluded'] as const;
    for (const [count, faults, advice] of [
      [1, /: blurred$/, /^Take another photo\. Hold still and focus on the face\.$/],
      [2, /: blurred, too dark$/, /face\. Turn on a light in front of the face\.$/],
      [3, /: blurred, too dark, turned away$/, /face\. Look straight at the camera\.$/],
      [4, /: blurred, too dark, turned away$/, /face\. Look straight at the camera\.$/],
    ] as const) {
      const poor = { ...ben, quality: { score: 0.2, reasons: reasons.slice(0, count) } };
      const refused = await analysePhoto(photo, showing(poor));
      assert.ok(refused.outcome === 'poor-quality');
      assert.deepEqual(refused.reasons, reasons.slice(0, count));
      assert.match(refused.message, faults);
      assert.match(refused.remedy, advice);
    }
  });

  test('is refused without a face, and where it is no photo', async () => {
    const empty = await analysePhoto(photo, showing());
    assert.ok(empty.outcome === 'no-face');
    assert.equal(empty.message, 'no face was found in the photo');
    const text = await analysePhoto(Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"/>'), showing(ada));
    assert.ok(text.outcome === 'not-a-picture');
    assert.match(text.message, /^the photo cannot be read: /);
  });
});

describe('a photo that enrolment kept', () => {
  test('gives the face in its middle, whatever its quality', async () => {
    const poor = { ...ben, quality: { score: 0.1, reasons: ['blurred'] as const } };
    const kept = await analyseKeptPhoto(photo, showing(ada, poor, cyd));
    assert.ok(kept.outcome === 'ok');
    assert.deepEqual([kept.face.number, kept.quality.reasons], [2, ['blurred']]);
  });

  test('without a face is refused', async () => {
    assert.equal((await analyseKeptPhoto(photo, showing())).outcome, 'no-face');
  });
});

describe('the faces of a picture', () => {
  test('are its largest ones, from left to right, with their numbers among all', async () => {
    const found = await analyseFaces(photo, showing(cyd, ada, ben), { ...all, most: 2 });
    assert.ok(found.outcome === 'ok');
    assert.equal(found.faceCount, 3);
    assert.deepEqual(
      found.faces.map((each) => each.face.number),
      [2, 3],
      'ada is the smallest',
    );
  });

  test('have embeddings only where they are asked for', async () => {
    const analyser = showing(ada, ben);
    const compared = await analyseFaces(photo, analyser, all);
    assert.ok(compared.outcome === 'ok');
    const [first, second] = compared.faces.map(({ embedding }) => embedding);
    assert.ok(first !== undefined && second !== undefined);
    assert.notDeepEqual(first, second);
    const { embed } = analyser.calls;
    const counted = await analyseFaces(photo, analyser, { ...all, isEmbedded: false });
    assert.ok(counted.outcome === 'ok');
    assert.deepEqual(
      counted.faces.map((each) => 'embedding' in each),
      [false, false],
    );
    assert.equal(analyser.calls.embed, embed, 'no network ran');
  });

  test('are described whatever their quality', async () => {
    const quality = { score: 0.1, reasons: ['dark'] as const };
    const found = await analyseFaces(photo, showing({ ...ada, quality }), all);
    assert.ok(found.outcome === 'ok');
    assert.deepEqual(
      found.faces.map((each) => each.quality.reasons),
      [['dark']],
    );
  });

  test('are none where nobody is shown, which is no refusal', async () => {
    assert.deepEqual(await analyseFaces(photo, showing(), all), { outcome: 'ok', faceCount: 0, faces: [] });
    assert.equal((await analyseFaces(Buffer.from('x'), showing(ada), all)).outcome, 'not-a-picture');
  });
});

describe('a view of a guided enrolment', () => {
  const turned = { ...ben, turn: { yawDeg: 20, pitchDeg: -5 }, openness: 0.2 };

  test('says where the main face looks, and has its template', async () => {
    const view = await analyseGuidedView(photo, showing(turned));
    assert.ok(view.outcome === 'ok' && view.main !== undefined);
    const { main, ...rest } = view;
    assert.deepEqual(rest, { outcome: 'ok', widthPx: 960, heightPx: 640, faceCount: 1 });
    assert.deepEqual([main.face.number, main.yawDeg, main.pitchDeg, main.openness], [1, 20, -5, 0.2]);
    assert.equal(main.lumaAround, 0, 'around it all is black');
    const told = guidedOutcome(view, 'scripted');
    assert.ok(told.outcome === 'ok');
    assert.equal(told.recogniser, 'scripted');
    assert.deepEqual(decodeEmbedding(told.main?.embeddingBase64 ?? ''), main.embedding);
  });

  test('has no template of a face that the gates refuse, and says why', async () => {
    const analyser = showing({ ...ben, quality: { score: 0.3, reasons: ['too-small'] as const } });
    const view = await analyseGuidedView(photo, analyser);
    assert.ok(view.outcome === 'ok');
    assert.deepEqual([view.main?.embedding, analyser.calls.embed], [undefined, 0]);
    const told = guidedOutcome(view, 'scripted');
    assert.ok(told.outcome === 'ok');
    assert.deepEqual(told.main?.quality, { score: 0.3, reasons: ['too-small'] });
    assert.equal('embeddingBase64' in told.main, false);
  });

  test('has no main face without faces, and where none of several stands out', async () => {
    for (const [faces, count] of [
      [[], 0],
      [[ada, ben, cyd], 3],
    ] as const) {
      const view = await analyseGuidedView(photo, showing(...faces));
      assert.deepEqual(view, { outcome: 'ok', widthPx: 960, heightPx: 640, faceCount: count });
      const { outcome, ...told } = guidedOutcome(view, 'scripted');
      assert.deepEqual([outcome, 'main' in told], ['ok', false]);
    }
  });

  test('is refused where it is no picture', async () => {
    const view = await analyseGuidedView(Buffer.from('x'), showing(ben));
    const told = guidedOutcome(view, 'scripted');
    assert.ok(told.outcome === 'refused');
    assert.equal(told.code, 'not-a-picture');
    assert.match(told.message, /^the picture cannot be read: /);
  });
});

describe('a photo of a labelled collection', () => {
  test('shows the person in its middle, whoever else is there', async () => {
    const { found, refusal, warnings } = await findSampleFace(photo, showing(ada, ben, cyd));
    assert.deepEqual([found?.face.box.x, refusal, warnings], [400, undefined, []]);
  });

  test('of poor quality has an embedding all the same, and the reason why enrolment would refuse it', async () => {
    const poor = { ...ben, quality: { score: 0.1, reasons: ['blurred', 'dark'] as const } };
    const { embedding, refusal } = await sampleImage(photo, showing(poor));
    assert.ok(embedding !== undefined);
    assert.equal(refusal, 'poor quality (blurred, dark)');
    const small = { ...ben, quality: { score: 0.5, reasons: ['too-small'] as const } };
    assert.deepEqual((await sampleImage(photo, showing(small))).warnings, ['too-small']);
  });

  test('without a face, or that is no photo, has none', async () => {
    assert.deepEqual(await sampleImage(photo, showing()), {
      ...{ embedding: undefined, refusal: 'no face', warnings: [] },
    });
    assert.match((await sampleImage(Buffer.from('x'), showing(ben))).refusal ?? '', /^not a picture \(/);
  });
});

test('the light around a face is that of the picture outside its box', () => {
  const [widthPx, heightPx] = [40, 20];
  const data = new Uint8Array(3 * widthPx * heightPx);
  // The left half is white, the right half is pure green.
  for (let at = 0; at < widthPx * heightPx; at += 1)
    data.set(at % widthPx < 20 ? [255, 255, 255] : [0, 255, 0], 3 * at);
  const lumaOutside = (x: number, width: number): number =>
    Math.round(
      lumaAround({ format: 'rgb24', widthPx, heightPx, data }, { x, y: 0, width, height: heightPx }),
    );
  assert.equal(lumaOutside(20, 20), 255);
  assert.equal(lumaOutside(0, 20), Math.round(0.587 * 255));
  assert.equal(lumaOutside(0, 40), Math.round((255 + 0.587 * 255) / 2), 'of all, where nothing is outside');
});
