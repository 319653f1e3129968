import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import sharp from 'sharp';
import { similarityOf } from '../../daemon/kernel/identification/match.js';
import type { FaceAnalyser } from '../../daemon/vision/face-analyser.js';
import { analysePhoto } from '../../daemon/vision/photo.js';
import { decodeHeic, decodePhoto } from '../../daemon/vision/photo-decoding.js';
import { heicClaiming, heicOf, nestedHeic, tiledHeicOf } from '../support/heic-files.js';
import { openTestAnalyser, portrait } from '../support/inference.js';

let analyser: FaceAnalyser;

before(async () => {
  analyser = await openTestAnalyser();
});
after(async () => {
  await analyser[Symbol.asyncDispose]();
});

/** Even sides, which HEVC needs. */
const face = () => portrait('a').resize(480, 600, { fit: 'cover' });

async function embeddingOf(file: Uint8Array) {
  const photo = await analysePhoto(file, analyser);
  assert.ok(photo.outcome === 'ok', JSON.stringify(photo));
  return photo;
}

/** The mean difference between the pixels of a file and those of the portrait, 0..255. */
async function differenceOf(file: Uint8Array): Promise<number> {
  const decoded = await decodePhoto(file);
  assert.ok(decoded.outcome === 'ok', JSON.stringify(decoded));
  const { data, info } = await face().removeAlpha().raw().toBuffer({ resolveWithObject: true });
  assert.deepEqual([decoded.picture.widthPx, decoded.picture.heightPx], [info.width, info.height]);
  return (
    data.reduce((sum, value, at) => sum + Math.abs(value - (decoded.picture.data[at] ?? 0)), 0) / data.length
  );
}

const refusedAs = async (file: Uint8Array): Promise<string> => {
  const decoded = await decodePhoto(file);
  assert.ok(decoded.outcome === 'not-a-picture', decoded.outcome);
  return decoded.reason;
};

describe('a HEIC photograph', () => {
  test('gives the same template as a JPEG of it', async () => {
    const jpeg = await embeddingOf(await face().jpeg({ quality: 95 }).toBuffer());
    const heic = await embeddingOf(await heicOf(face()));
    assert.ok(similarityOf(jpeg.embedding, heic.embedding) > 0.98);
    assert.equal((await sharp(heic.jpeg).metadata()).format, 'jpeg');
  });

  for (const quarters of [1, 2, 3] as const) {
    test(`that was stored ${quarters} quarter turns from upright is set upright`, async () => {
      assert.ok((await differenceOf(await heicOf(face(), quarters))) < 4);
    });
  }

  test('of tiles, the last of which reach beyond the picture, is joined and set upright', async () => {
    assert.ok((await differenceOf(await tiledHeicOf(face(), 256, 1))) < 4);
  });

  test('that is cut off, or begins like one only, is refused as damaged', async () => {
    const whole = await heicOf(face());
    for (const length of [24, 200, Math.floor(whole.length / 2)])
      assert.match(
        await refusedAs(whole.subarray(0, length)),
        /HEIC picture, but it is damaged/,
        `${length}`,
      );
    const noise = Buffer.concat([whole.subarray(0, 24), Buffer.alloc(400, 0x41)]);
    assert.match(await refusedAs(noise), /HEIC picture, but it is damaged/);
  });

  test('that claims billions of pixels is refused without reading them', async () => {
    assert.match(await refusedAs(await heicClaiming(9_000, 9_000)), /more than 64 megapixels/);
  });

  test('of pictures within pictures, of which millions would be drawn, is refused', async () => {
    assert.match(await refusedAs(await nestedHeic(7, 8)), /takes too much time or memory/);
  });

  test('that needs more memory or time than it may have ends its own process only', async () => {
    const large = await heicOf(face().resize(4000, 3000, { fit: 'fill' }));
    const mostPixels = 64_000_000;
    for (const limit of [{ dataBytes: 200_000_000 }, { longestMs: 1 }])
      assert.deepEqual(await decodeHeic(large, { mostPixels, ...limit }), { outcome: 'too-demanding' });
    assert.equal((await decodeHeic(large, { mostPixels })).outcome, 'ok');
  });
});
