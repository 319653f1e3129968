import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import sharp from 'sharp';
import { intersectionOverUnion } from '../../daemon/kernel/faces/geometry.js';
import { blazefaceAnchors } from '../../daemon/vision/inference/blazeface-decoding.kernel.js';
import { openTestAnalyser, portrait, toPicture } from '../support/inference.js';
import { samplePhoto } from '../support/tensor-pictures.js';

describe('the light detector', () => {
  test('has one anchor centre for every encoding of the network', () => {
    const anchors = blazefaceAnchors();
    assert.equal(anchors.length, 896 * 2);
    assert.deepEqual([...anchors.subarray(0, 6)], [8, 8, 8, 8, 24, 8]);
    assert.deepEqual([...anchors.subarray(2 * 512, 2 * 512 + 2)], [16, 16]);
  });

  test('finds a large face in the place where the embedded detector finds it, with the same landmarks', async () => {
    await using light = await openTestAnalyser({ detector: 'blazeface' });
    await using embedded = await openTestAnalyser();
    for (const name of ['a', 'b', 'c'] as const) {
      const picture = await toPicture(portrait(name));
      const [found, ...others] = await light.detect(picture, { smallestFacePx: 60 });
      const [wanted] = await embedded.detect(picture, { smallestFacePx: 60 });
      assert.ok(found && wanted, `${name} is found by both`);
      assert.deepEqual(others, []);
      assert.ok(intersectionOverUnion(found.box, wanted.box) > 0.4, `${name}: the boxes overlap`);
      const [one] = await light.locate(picture, [found.box]);
      const [other] = await embedded.locate(picture, [wanted.box]);
      assert.ok(one && other);
      assert.ok(intersectionOverUnion(one.box, other.box) > 0.9, `${name}: the meshes agree`);
    }
  });

  test('finds the 22 faces of the sample photographs, all near the camera, and nothing else', async () => {
    await using light = await openTestAnalyser({ detector: 'blazeface' });
    const counts: number[] = [];
    for (const number of [1, 2, 3, 4, 5, 6]) {
      const picture = await toPicture(sharp(samplePhoto(`sample${number}.jpg`)));
      counts.push((await light.detect(picture, { smallestFacePx: 20 })).length);
    }
    assert.deepEqual(counts, [3, 3, 3, 4, 5, 4]);
  });

  test('finds a small face of a group if it is shown alone', async () => {
    await using light = await openTestAnalyser({ detector: 'blazeface' });
    const picture = await toPicture(sharp(samplePhoto('sample5.jpg')).resize(640));
    const face = { x: 195, y: 146, width: 61, height: 77 };
    const found = await light.detect(picture, { smallestFacePx: 20, around: face });
    assert.ok(found.some(({ box }) => intersectionOverUnion(box, face) > 0.4));
  });

  test('leaves out faces that are narrower than requested', async () => {
    await using light = await openTestAnalyser({ detector: 'blazeface' });
    const picture = await toPicture(portrait('a'));
    assert.deepEqual(await light.detect(picture, { smallestFacePx: 400 }), []);
  });
});
