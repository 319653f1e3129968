import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import sharp from 'sharp';
import { analyseFaces, analyseKeptPhoto, analysePhoto } from '../../daemon/vision/photo.js';
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
    assert.match(unclear.message, /shows 3 faces.* right 1 \(left, 180 x 180 pixels at 60, 200\); 2 \(middle/);
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
