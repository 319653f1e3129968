import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { crc32, deflateSync } from 'node:zlib';
import sharp, { type Sharp } from 'sharp';
import type { Point } from '../../daemon/kernel/faces/geometry.js';
import { similarityOf } from '../../daemon/kernel/identification/match.js';
import type { FaceAnalyser } from '../../daemon/vision/face-analyser.js';
import {
  analyseFaces,
  analyseKeptPhoto,
  analysePhoto,
  type PhotoAnalysis,
} from '../../daemon/vision/photo.js';
import { openTestAnalyser, portrait, toPicture } from '../support/inference.js';
import { sharedFile } from '../support/shared-media.js';
import { samplePhoto } from '../support/tensor-pictures.js';

let analyser: FaceAnalyser;

before(async () => {
  analyser = await openTestAnalyser();
});
after(async () => {
  await analyser[Symbol.asyncDispose]();
});

async function analyse(image: Sharp): Promise<PhotoAnalysis> {
  return analysePhoto(await image.jpeg({ quality: 92 }).toBuffer(), analyser);
}

function accepted(analysis: PhotoAnalysis) {
  assert.ok(analysis.outcome === 'ok', `${analysis.outcome}: ${JSON.stringify(analysis)}`);
  return analysis;
}

/** The beginning of a PNG that claims a square of so many pixels a side (PNG specification, 5.3 and 11.2.1). */
function pngOf(sidePx: number): Buffer {
  const chunk = (kind: string, content: Buffer): Buffer => {
    const body = Buffer.concat([Buffer.from(kind), content]);
    const ends = Buffer.alloc(8);
    ends.writeUInt32BE(content.length, 0);
    ends.writeUInt32BE(crc32(body), 4);
    return Buffer.concat([ends.subarray(0, 4), body, ends.subarray(4)]);
  };
  const header = Buffer.from([0, 0, 0, 0, 0, 0, 0, 0, 8, 2, 0, 0, 0]);
  header.writeUInt32BE(sidePx, 0);
  header.writeUInt32BE(sidePx, 4);
  const signature = Buffer.from('\x89PNG\r\n\x1a\n', 'latin1');
  return Buffer.concat([signature, chunk('IHDR', header), chunk('IDAT', deflateSync(Buffer.alloc(100)))]);
}

const half = (whole: Buffer): Buffer => whole.subarray(0, whole.length / 2);

/** How a phone's HEIC file begins. */
const heicStart = Buffer.concat([Buffer.from('\0\0\0\x18ftypheic\0\0\0\0mif1heic'), Buffer.alloc(400)]);

describe('an accepted photograph', () => {
  test('with one clear face gives a template, a quality and a small upright crop without metadata', async () => {
    const photo = accepted(await analyse(portrait('a').withExif({ IFD0: { Artist: 'somebody' } })));
    assert.ok(Math.abs(similarityOf(photo.embedding, photo.embedding) - 1) < 1e-5);
    assert.ok(photo.quality.score > 0.7 && photo.quality.reasons.length === 0);
    const kept = await sharp(photo.jpeg).metadata();
    assert.equal(kept.format, 'jpeg');
    assert.equal(kept.exif, undefined);
    assert.ok(kept.width <= 480 && kept.height <= 480 && photo.jpeg.length < 200_000);
  });

  test('that is stored sideways is set upright by its orientation tag', async () => {
    const { a: upright } = await portraitsAlone();
    const lying = await portrait('a').rotate(270).jpeg().toBuffer();
    const turned = accepted(await analyse(sharp(lying).withMetadata({ orientation: 6 })));
    assert.ok(similarityOf(upright.embedding, turned.embedding) > 0.98);
    const { width, height } = await sharp(turned.jpeg).metadata();
    assert.ok(width <= height && turned.face.box.width < turned.face.box.height);
  });

  test('may show a face that fills it completely', async () => {
    const { box } = (await portraitsAlone()).a.face;
    const tight = sharp(await portrait('a').png().toBuffer())
      .extract({
        left: box.x,
        top: box.y,
        width: box.width,
        height: box.height,
      })
      .resize(150);
    const outcome = await analyse(sharp(await tight.png().toBuffer()));
    assert.ok(outcome.outcome === 'ok' || outcome.outcome === 'poor-quality', outcome.outcome);
  });

  test('may be transparent or grey, a PNG or a WebP', async () => {
    const grey = await portrait('b').greyscale().png().toBuffer();
    const clear = await portrait('b').ensureAlpha(0.999).webp().toBuffer();
    const [a, b] = [
      accepted(await analysePhoto(grey, analyser)),
      accepted(await analysePhoto(clear, analyser)),
    ];
    assert.ok(similarityOf(a.embedding, b.embedding) > 0.95);
  });

  test('may show a small face in the far background, which does not count', async () => {
    const far = await portrait('b').resize(70).png().toBuffer();
    const photo = sharp(await portrait('a').png().toBuffer()).extend({ left: 400, background: '#778' });
    const both = photo.composite([{ input: far, left: 60, top: 20 }]);
    const { face, faceCount } = accepted(await analyse(sharp(await both.png().toBuffer())));
    assert.deepEqual(
      [face.number, face.place, faceCount],
      [2, 'right', 2],
      'the result names the face that was taken',
    );
  });

  test('of a large face in the middle and a smaller one beside gives the large one', async () => {
    const { a } = await portraitsAlone();
    const beside = sharp(await portrait('b').resize(240).png().toBuffer());
    const photo = accepted(await analyse(await pairOf(beside)));
    assert.ok(similarityOf(photo.embedding, a.embedding) > 0.98);
    assert.deepEqual([photo.face.number, photo.faceCount], [2, 2]);
    const expectedX = 480 + a.face.box.x;
    assert.ok(Math.abs(photo.face.box.x - expectedX) < 15, `${photo.face.box.x}, not ${expectedX}`);
  });

  test('of two faces side by side gives either by its number, from left to right', async () => {
    const { a, b } = await portraitsAlone();
    const pair = await (await pairOf(portrait('b'))).jpeg({ quality: 92 }).toBuffer();
    const refused = await analysePhoto(pair, analyser);
    assert.ok(refused.outcome === 'several-faces', refused.outcome);
    assert.match(
      refused.message,
      /shows 2 faces, .*: from left to right 1 \(left, \d+ x \d+ pixels at \d+, \d+\); 2 \(/,
    );
    assert.equal(refused.faces.length, 2);
    const [left, right] = [await analysePhoto(pair, analyser, 1), await analysePhoto(pair, analyser, 2)];
    assert.ok(similarityOf(accepted(left).embedding, b.embedding) > 0.97);
    assert.ok(similarityOf(accepted(right).embedding, a.embedding) > 0.97);
    const again = accepted(await analyseKeptPhoto(accepted(left).jpeg, analyser));
    assert.ok(
      similarityOf(again.embedding, b.embedding) > 0.95,
      'the kept crop shows that face in its middle',
    );
    const third = await analysePhoto(pair, analyser, 3);
    assert.ok(third.outcome === 'no-such-face', third.outcome);
    assert.match(third.message, /^the photo has no face with the number 3: from left to right 1 \(left/);
  });
});

describe('the faces of a picture', () => {
  test('are all described and embedded, and a picture without one is no error', async () => {
    const { a, b } = await portraitsAlone();
    const pair = await (await pairOf(portrait('b'))).jpeg({ quality: 92 }).toBuffer();
    const found = await analyseFaces(pair, analyser, { isEmbedded: true, most: 16 });
    assert.ok(found.outcome === 'ok');
    assert.deepEqual(
      found.faces.map(({ face }) => face.number),
      [1, 2],
    );
    for (const [index, alone] of [b, a].entries()) {
      const embedding = found.faces[index]?.embedding;
      assert.ok(embedding !== undefined && similarityOf(embedding, alone.embedding) > 0.97);
    }
    const largest = await analyseFaces(pair, analyser, { isEmbedded: false, most: 1 });
    assert.ok(largest.outcome === 'ok');
    assert.deepEqual([largest.faceCount, largest.faces.length], [2, 1]);
    assert.equal(largest.faces[0]?.embedding, undefined);
    const create = { width: 300, height: 300, channels: 3, background: '#778' } as const;
    const wall = await sharp({ create }).jpeg().toBuffer();
    const none = await analyseFaces(wall, analyser, { isEmbedded: true, most: 16 });
    assert.deepEqual(none, { outcome: 'ok', faceCount: 0, faces: [] });
    const text = await analyseFaces(Buffer.from('no picture'), analyser, { isEmbedded: true, most: 16 });
    assert.equal(text.outcome, 'not-a-picture');
  });
});

/** Portrait `a` at the right of the middle of 1200 x 700 pixels, and `beside` on its left. */
async function pairOf(beside: Sharp): Promise<Sharp> {
  const create = { width: 1200, height: 700, channels: 3, background: '#778' } as const;
  const [a, b] = [await portrait('a').png().toBuffer(), await beside.png().toBuffer()];
  const placed = [
    { input: a, left: 480, top: 90 },
    { input: b, left: 30, top: 90 },
  ];
  return sharp(await sharp({ create }).composite(placed).png().toBuffer());
}

/** Middles of the eyes of portrait a. */
async function eyesOfPortrait(): Promise<{ right: Point; left: Point; apartPx: number }> {
  const picture = await toPicture(portrait('a'));
  const [found] = await analyser.detect(picture, { smallestFacePx: 60 });
  const [face] = await analyser.locate(picture, [found?.box ?? assert.fail('no face')]);
  const [right, left] = face?.arcFacePoints ?? assert.fail('no mesh');
  return { right, left, apartPx: Math.hypot(left.x - right.x, left.y - right.y) };
}

let known: Promise<Readonly<Record<'a' | 'b', ReturnType<typeof accepted>>>> | undefined;

/** What each portrait gives alone; they are looked at once. */
function portraitsAlone() {
  const look = async () => ({
    a: accepted(await analyse(portrait('a'))),
    b: accepted(await analyse(portrait('b'))),
  });
  known ??= look();
  return known;
}

describe('the kept crop of a photograph is enough to embed it again:', () => {
  const whole = (name: 'a' | 'b' | 'c') => portrait(name);
  const cases: Readonly<Record<string, () => Promise<Buffer>>> = {
    'a portrait': () => whole('a').jpeg().toBuffer(),
    'another portrait': () => whole('b').jpeg().toBuffer(),
    'a third portrait': () => whole('c').jpeg().toBuffer(),
    'a photograph that was stored lying down, with metadata': async () =>
      sharp(await whole('a').rotate(270).jpeg().toBuffer())
        .withExif({ IFD0: { Artist: 'somebody', Orientation: '6' } })
        .withMetadata({ orientation: 6 })
        .toBuffer(),
    'a photograph of a large camera': () => whole('a').resize({ width: 3800 }).jpeg().toBuffer(),
    'a small face in a wide picture': async () =>
      sharp(await whole('a').resize({ width: 160 }).toBuffer())
        .extend({ left: 300, right: 500, top: 100, bottom: 200, background: '#778899' })
        .jpeg({ quality: 92 })
        .toBuffer(),
    'a head that is tilted': async () =>
      sharp(await whole('b').png().toBuffer())
        .rotate(15, { background: '#778899' })
        .jpeg()
        .toBuffer(),
  };
  for (const [what, make] of Object.entries(cases)) {
    test(what, async () => {
      const enrolled = accepted(await analysePhoto(await make(), analyser));
      const again = accepted(await analyseKeptPhoto(enrolled.jpeg, analyser));
      const similarity = similarityOf(enrolled.embedding, again.embedding);
      assert.ok(similarity > 0.98, `similarity ${similarity}`);
      assert.ok(enrolled.jpeg.length < 100_000, `${enrolled.jpeg.length} bytes`);
      const { exif, xmp, iptc, icc, orientation } = await sharp(enrolled.jpeg).metadata();
      assert.deepEqual([exif, xmp, iptc, icc, orientation], Array(5).fill(undefined));
    });
  }

  test('a kept photograph is embedded whatever its quality, but a new one of poor quality is refused', async () => {
    const far = await portrait('a').resize(60).extend({ left: 80, right: 80, background: '#889' });
    const small = await far.png().toBuffer();
    assert.equal((await analysePhoto(small, analyser)).outcome, 'poor-quality');
    const { embedding, quality } = accepted(await analyseKeptPhoto(small, analyser));
    assert.deepEqual(quality.reasons, ['too-small']);
    const similarity = similarityOf(embedding, (await portraitsAlone()).a.embedding);
    assert.ok(similarity > 0.7, `similarity ${similarity}`);
  });

  test('a kept file that shows no face is refused', async () => {
    assert.equal((await analyseKeptPhoto(Buffer.from('hello'), analyser)).outcome, 'not-a-picture');
    const wall = sharp({ create: { width: 480, height: 480, channels: 3, background: '#a08060' } });
    assert.equal((await analyseKeptPhoto(await wall.jpeg().toBuffer(), analyser)).outcome, 'no-face');
  });
});

describe('a photograph that is used with a warning', () => {
  /** Portrait `a` from `share` of the width of the face inside the face, on the side of the left eye. */
  const cutAt = async (share: number): Promise<Sharp> => {
    const { box } = (await portraitsAlone()).a.face;
    const whole = await portrait('a').png().toBuffer();
    const { width = 0, height = 0 } = await sharp(whole).metadata();
    const left = Math.round(box.x + share * box.width);
    return sharp(
      await sharp(whole)
        .extract({ left, top: 0, width: width - left, height })
        .png()
        .toBuffer(),
    );
  };

  test('is one with a face of 50 pixels, or with a part of the face outside', async () => {
    const { a } = await portraitsAlone();
    const far = portrait('a').resize(100).extend({ left: 80, right: 80, bottom: 40, background: '#889' });
    const spoilt = { 'too-small': far, 'cut-off': await cutAt(0.2) };
    for (const [warning, photograph] of Object.entries(spoilt)) {
      const { quality, embedding } = accepted(await analyse(photograph));
      assert.deepEqual([quality.reasons, quality.warnings], [[], [warning]]);
      const similarity = similarityOf(embedding, a.embedding);
      assert.ok(similarity > 0.7, `${warning}: similarity ${similarity}`);
    }
  });

  test('is none with half of the face outside', async () => {
    const analysis = await analyse(await cutAt(0.55));
    assert.notEqual(analysis.outcome, 'ok');
  });

  const lfw = sharedFile('media/identities/lfw/known');
  test('matches other photographs of the person when it is a tight crop', { skip: lfw.skip }, async () => {
    const people = (await readdir(lfw.path)).slice(0, 4);
    let [warned, matching] = [0, 0];
    for (const person of people) {
      const [first = '', second = ''] = (await readdir(join(lfw.path, person))).map((name) =>
        join(lfw.path, person, name),
      );
      const whole = await analysePhoto(await readFile(first), analyser);
      const other = await analysePhoto(await readFile(second), analyser);
      if (whole.outcome !== 'ok' || other.outcome !== 'ok') continue;
      const { x, y, width, height } = whole.face.box;
      const left = Math.round(x + 0.15 * width);
      const part = { left, top: y, width: x + width - left, height };
      const tight = await analyse(sharp(await sharp(first).extract(part).png().toBuffer()));
      if (tight.outcome !== 'ok') continue;
      if (tight.quality.warnings.includes('cut-off')) warned += 1;
      if (similarityOf(tight.embedding, other.embedding) > 0.55) matching += 1;
    }
    assert.ok(
      warned >= 2 && matching >= 2,
      `${warned} with a warning and ${matching} matching, of ${people.length}`,
    );
  });
});

describe('a refused photograph, with the reason and a remedy:', () => {
  test('one without a face', async () => {
    const wall = sharp({ create: { width: 640, height: 480, channels: 3, background: '#a08060' } });
    const analysis = await analyse(wall);
    assert.ok(analysis.outcome === 'no-face');
    assert.match(analysis.remedy, /one face/);
  });

  test('one with several faces, whose number is given', async () => {
    const analysis = await analyse(sharp(samplePhoto('sample5.jpg')));
    assert.ok(analysis.outcome === 'several-faces');
    assert.equal(analysis.faces.length, 5);
    assert.match(analysis.message, /5 faces/);
  });

  test('one with forty faces', async () => {
    const face = await portrait('a').resize(150).png().toBuffer();
    const { height = 0 } = await sharp(face).metadata();
    const places = Array.from({ length: 40 }, (_, index) => ({
      input: face,
      left: 10 + (index % 8) * 160,
      top: 10 + Math.floor(index / 8) * (height + 10),
    }));
    const create = { width: 1300, height: 20 + 5 * (height + 10), channels: 3, background: '#667' } as const;
    const analysis = await analyse(sharp({ create }).composite(places));
    assert.ok(analysis.outcome === 'several-faces');
    assert.equal(analysis.faces.length, 40);
    assert.match(analysis.message, /; \+ 20$/);
  });

  const solid = async (name: 'a' | 'b') => sharp(await portrait(name).png().toBuffer());
  const faults = {
    'too-small': 'too small',
    'turned-away': 'turned away',
    'cut-off': 'cut off',
    occluded: 'covered',
  } as const;
  const spoilt: Readonly<Record<keyof typeof faults, () => Promise<Sharp>>> = {
    'too-small': async () =>
      portrait('a').resize(60).extend({ left: 80, right: 80, bottom: 40, background: '#889' }),
    'turned-away': async () =>
      sharp(samplePhoto('sample2.jpg')).extract({ left: 180, top: 20, width: 500, height: 520 }),
    'cut-off': async () => (await solid('a')).extract({ left: 200, top: 0, width: 220, height: 520 }),
    occluded: async () => {
      const mask = { create: { width: 240, height: 140, channels: 3, background: '#9ab' } } as const;
      return (await solid('a')).composite([{ input: mask, left: 90, top: 290 }]);
    },
  };
  for (const [reason, fault] of Object.entries(faults) as [keyof typeof faults, string][]) {
    test(`one with a face that is ${reason}`, async () => {
      const analysis = await analyse(await spoilt[reason]());
      assert.ok(analysis.outcome === 'poor-quality', analysis.outcome);
      assert.ok(
        analysis.reasons.some((found) => found === reason),
        analysis.reasons.join(),
      );
      assert.match(analysis.message, new RegExp(`: ${fault}`));
      assert.ok(analysis.remedy.length > 20);
    });
  }

  /** Portrait a with something drawn onto it, in pixels of the portrait. */
  const drawnOver = async (drawing: string): Promise<Sharp> => {
    const { width, height } = await (await solid('a')).metadata();
    const size = `xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}"`;
    const input = Buffer.from(`<svg ${size}>${drawing}</svg>`);
    return sharp(await (await solid('a')).composite([{ input }]).png().toBuffer());
  };

  /** Light from the left that falls to a quarter across the face. */
  const shade =
    '<defs><linearGradient id="s"><stop offset=".3" stop-opacity="0"/><stop offset=".7" stop-opacity=".75"/></linearGradient></defs>' +
    '<rect width="100%" height="100%" fill="url(#s)"/>';

  test('one with a covered face (occluded), but not one with a face in the shade', async () => {
    const { box } = (await portraitsAlone()).a.face;
    const eyes = await eyesOfPortrait();
    const lens = ({ x, y }: Point) =>
      `<ellipse cx="${x}" cy="${y}" rx="${eyes.apartPx * 0.37}" ry="${eyes.apartPx * 0.3}" fill="#17171c"/>`;
    const palm = `<ellipse cx="${eyes.right.x}" cy="${eyes.right.y}" rx="${eyes.apartPx * 0.6}" ry="${eyes.apartPx * 0.5}" fill="#b98d76"/>`;
    const scarf = `<rect x="0" y="${box.y + box.height * 0.62}" width="100%" height="100%" fill="#7a2f35"/>`;
    const covers = { sunglasses: lens(eyes.right) + lens(eyes.left), palm, scarf };
    for (const [what, drawing] of Object.entries(covers)) {
      for (const light of ['', shade]) {
        const analysis = await analyse(await drawnOver(drawing + light));
        assert.ok(analysis.outcome === 'poor-quality', `${what}: ${analysis.outcome}`);
        assert.ok(analysis.reasons.includes('occluded'), `${what}: ${analysis.reasons.join()}`);
      }
    }
    assert.equal((await analyse(await drawnOver(shade))).outcome, 'ok');
  });

  const unreadable = {
    text: [/the file is a text file/, async () => Buffer.from('hello')],
    nothing: [/file is empty \(0 bytes\)/, async () => Buffer.alloc(0)],
    'a drawing': [
      /the file is an SVG drawing/,
      async () => Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>'),
    ],
    'half a JPEG': [
      /JPEG picture, but it is damaged or incomplete/,
      async () => half(await portrait('a').jpeg().toBuffer()),
    ],
    'half a PNG': [
      /PNG picture, but it is damaged or incomplete/,
      async () => half(await portrait('a').png().toBuffer()),
    ],
    'half an AVIF': [
      /AVIF picture, but it is damaged or incomplete/,
      async () => half(await portrait('a').resize(64).avif().toBuffer()),
    ],
    'a HEIC': [/HEIC picture, but it is damaged or incomplete/, async () => heicStart],
    'a picture of billions of pixels': [/more than 64 megapixels/, async () => pngOf(60_000)],
    'a picture of 81 million pixels': [/more than 64 megapixels/, async () => pngOf(9_000)],
  } as const;
  for (const [what, [reason, make]] of Object.entries(unreadable)) {
    test(`not a photograph: ${what}`, async () => {
      const analysis = await analysePhoto(await make(), analyser);
      assert.ok(analysis.outcome === 'not-a-picture', analysis.outcome);
      assert.match(analysis.message, reason);
      assert.doesNotMatch(analysis.message, /vips|heif:|buffer/i);
      assert.match(analysis.remedy, /JPEG|[Cc]opy|smaller/);
    });
  }
});
