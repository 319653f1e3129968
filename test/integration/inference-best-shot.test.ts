import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import sharp from 'sharp';
import type { Picture, Rgb24Picture, Yuv420Picture } from '../../daemon/kernel/faces/picture.js';
import { similarityOf } from '../../daemon/kernel/identification/match.js';
import type { FaceAnalyser } from '../../daemon/vision/face-analyser.js';
import { takeBestShot } from '../../daemon/vision/jpeg-encoding.js';
import { analysePhoto } from '../../daemon/vision/photo.js';
import { openTestAnalyser, portrait, toPicture } from '../support/inference.js';

let analyser: FaceAnalyser;

before(async () => {
  analyser = await openTestAnalyser();
});
after(async () => {
  await analyser[Symbol.asyncDispose]();
});

/** Full-range BT.601 as a camera of less than 720 lines would deliver it (ITU-T T.871, clause 7). */
function asVideo({ widthPx, heightPx, data }: Rgb24Picture): Yuv420Picture {
  const width = widthPx & ~1;
  const height = heightPx & ~1;
  const area = width * height;
  const video = new Uint8ClampedArray(1.5 * area);
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) {
      const [r = 0, g = 0, b = 0] = data.subarray(3 * (y * widthPx + x));
      video[y * width + x] = 0.299 * r + 0.587 * g + 0.114 * b;
      if (x % 2 === 1 || y % 2 === 1) continue;
      const chroma = area + (y >> 1) * (width >> 1) + (x >> 1);
      video[chroma] = 128 - 0.168736 * r - 0.331264 * g + 0.5 * b;
      video[chroma + area / 4] = 128 + 0.5 * r - 0.418688 * g - 0.081312 * b;
    }
  }
  const bytes = new Uint8Array(video.buffer);
  return { format: 'yuv420p', widthPx: width, heightPx: height, range: 'full', data: bytes };
}

async function onlyFace(picture: Picture) {
  const [detection] = await analyser.detect(picture, { smallestFacePx: 40 });
  assert.ok(detection, 'a face is found');
  const [face] = await analyser.locate(picture, [detection.box]);
  assert.ok(face, 'its mesh fits');
  return face;
}

describe('the best shot of a track', () => {
  for (const format of ['rgb24', 'yuv420p'] as const) {
    test(`shows the same face, small, without metadata, from ${format}`, async () => {
      const still = await toPicture(portrait('a'));
      const picture = format === 'rgb24' ? still : asVideo(still);
      const face = await onlyFace(picture);
      const jpeg = await takeBestShot(picture, face.box);
      const { width, height, exif, icc, format: kind } = await sharp(jpeg).metadata();
      assert.deepEqual([kind, exif, icc], ['jpeg', undefined, undefined]);
      assert.ok(width <= 160 && height <= 200 && jpeg.length < 16_000, `${width}x${height}, ${jpeg.length}`);
      const shown = await toPicture(sharp(jpeg));
      const again = await onlyFace(shown);
      const [before, now] = [await analyser.embed(picture, face), await analyser.embed(shown, again)];
      assert.ok(similarityOf(before, now) > 0.96, `similarity ${similarityOf(before, now)}`);
      // Strangers are enrolled from such pictures.
      assert.equal((await analysePhoto(Buffer.from(jpeg), analyser)).outcome, 'ok');
    });
  }

  test('is taken before the promise returns: the picture may be overwritten at once', async () => {
    const picture = await toPicture(portrait('b'));
    const { box } = await onlyFace(picture);
    const expected = await takeBestShot(picture, box);
    const taking = takeBestShot(picture, box);
    picture.data.fill(0);
    assert.deepEqual(await taking, expected);
  });

  test('is never enlarged, and ends at the edge of the picture', async () => {
    const picture = await toPicture(portrait('b').resize(120));
    const { box } = await onlyFace(picture);
    const small = await sharp(await takeBestShot(picture, box)).metadata();
    assert.ok(small.width <= 120 && small.height <= picture.heightPx);
    const corner = { x: -box.width / 2, y: -box.height / 2, width: box.width, height: box.height };
    const cut = await sharp(await takeBestShot(picture, corner)).metadata();
    assert.ok(cut.width < small.width && cut.height < small.height);
    const outside = { x: 5_000, y: 5_000, width: 50, height: 60 };
    assert.ok((await takeBestShot(picture, outside)).length > 0, 'a place beyond the picture breaks nothing');
  });

  test('stays far below the size limit, whatever the picture shows', async () => {
    const noise = new Uint8Array(3 * 640 * 640).map((_, index) => (index * 2_654_435_761) >>> 13);
    const picture: Rgb24Picture = { format: 'rgb24', widthPx: 640, heightPx: 640, data: noise };
    const jpeg = await takeBestShot(picture, { x: 200, y: 200, width: 84, height: 105 });
    assert.ok(jpeg.length < 40_000, `${jpeg.length} bytes`);
  });
});
