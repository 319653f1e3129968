import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import sharp from 'sharp';
import { isRollcallError } from '../../daemon/base/errors.js';
import { intersectionOverUnion } from '../../daemon/domain/faces/geometry.js';
import { type ModelStore, openModelStore } from '../../daemon/models/store.js';
import { openTestAnalyser, toPicture } from '../support/inference.js';
import { sharedFile } from '../support/shared-media.js';
import { samplePhoto } from '../support/tensor-pictures.js';

const packs = sharedFile('models');
const stills = sharedFile('media/attack/stills');

let importDir: string;

before(async () => {
  importDir = await mkdtemp(join(tmpdir(), 'rollcall-packs-'));
});
after(async () => {
  await rm(importDir, { recursive: true });
});

/** A store that holds the base packs and the named files, imported as a user would. */
async function storeWith(...files: readonly string[]): Promise<ModelStore> {
  const store = await openModelStore({ importDir: await mkdtemp(join(importDir, 'store-')) });
  for (const file of files) await store.import(join(packs.path, file));
  return store;
}

const YUNETS = {
  'of any size': 'yunet_n_dynamic.onnx',
  'of 640 x 640': 'face_detection_yunet_2023mar.onnx',
} as const;

describe('YuNet', { skip: packs.skip }, () => {
  for (const [size, file] of Object.entries(YUNETS)) {
    test(`${size} finds the faces that the embedded detector finds, in the same places`, async () => {
      await using yunet = await openTestAnalyser({ models: await storeWith(file), detector: 'yunet' });
      await using embedded = await openTestAnalyser();
      let more = 0;
      for (const number of [1, 3, 5, 6]) {
        const picture = await toPicture(sharp(samplePhoto(`sample${number}.jpg`)));
        const found = await yunet.detect(picture, { smallestFacePx: 80 });
        const expected = await embedded.detect(picture, { smallestFacePx: 80 });
        for (const { box } of expected) {
          const overlaps = found.map((detection) => intersectionOverUnion(detection.box, box));
          assert.ok(Math.max(...overlaps) > 0.45, `nothing at ${JSON.stringify(box)}`);
        }
        more += found.length - expected.length;
      }
      // It finds one more: a face at the edge of a photograph.
      assert.ok(more <= 1, `${more} more`);
    });
  }

  test('configured but not installed it is an error that says how to install it', async () => {
    const opening = openTestAnalyser({ models: await storeWith(), detector: 'yunet' });
    await assert.rejects(opening, (error) => {
      assert.ok(isRollcallError(error, 'pack-absent'));
      assert.match(error.remedy ?? '', /rollcall models/);
      return true;
    });
  });
});

describe('MiniFASNet', { skip: packs.skip || stills.skip }, () => {
  test('tells the live still of its makers from their attacks and a printed face', async () => {
    const models = await storeWith('2.7_80x80_MiniFASNetV2.onnx', '4_0_0_80x80_MiniFASNetV1SE.onnx');
    await using analyser = await openTestAnalyser({ models, passivePad: 'minifasnet' });
    const score = async (still: string) => {
      const picture = await toPicture(sharp(join(stills.path, still)).rotate());
      const [face] = await analyser.detect(picture, { smallestFacePx: 100 });
      assert.ok(face);
      return analyser.passivePad(picture, face.box);
    };
    assert.ok(((await score('minivision_image_T1.jpg')) ?? 0) > 0.9);
    for (const attack of ['minivision_image_F1.jpg', 'minivision_image_F2.jpg', 'roynozoa_spoof_print.jpg']) {
      assert.ok(((await score(attack)) ?? 1) < 0.5, attack);
    }
  });

  test('configured but not installed it is an error that names the pack', async () => {
    const opening = openTestAnalyser({ models: await storeWith(), passivePad: 'minifasnet' });
    await assert.rejects(opening, (error) => {
      assert.ok(isRollcallError(error, 'pack-absent'));
      assert.match(error.message, /minifasnet/);
      return true;
    });
  });
});
