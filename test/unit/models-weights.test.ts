import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  readWeights,
  scaleWeights,
  type WeightsManifest,
  weight,
} from '../../daemon/host/models/convert/tfjs-weights.js';
import { decodeFloat16 } from '../../daemon/host/models/convert/weight-decoding.kernel.js';
import { isRollcallError } from '../../daemon/kernel/errors.js';

const manifest: WeightsManifest = [
  {
    paths: ['a.bin'],
    weights: [
      { name: 'plain', shape: [2], dtype: 'float32' },
      { name: 'bytes', shape: [3], dtype: 'float32', quantization: { dtype: 'uint8', scale: 0.5, min: -1 } },
      { name: 'halves', shape: [1], dtype: 'float32', quantization: { dtype: 'float16' } },
      { name: 'whole', shape: [], dtype: 'int32' },
    ],
  },
];

function stored(): Uint8Array {
  const bytes = new Uint8Array(8 + 3 + 2 + 4);
  const view = new DataView(bytes.buffer);
  view.setFloat32(0, 1.5, true);
  view.setFloat32(4, -2.25, true);
  bytes.set([0, 2, 255], 8);
  view.setUint16(11, 0x3800, true);
  view.setInt32(13, -7, true);
  return bytes;
}

describe('reading TensorFlow.js weights', () => {
  test('decodes every stored form, at any alignment', () => {
    const tensors = readWeights(manifest, stored());
    assert.deepEqual([...weight(tensors, 'plain').data], [1.5, -2.25]);
    assert.deepEqual([...weight(tensors, 'bytes').data], [-1, 0, 126.5]);
    assert.deepEqual([...weight(tensors, 'halves').data], [0.5]);
    assert.deepEqual([...weight(tensors, 'whole').data], [-7]);
  });

  test('refuses a file that is too short or too long', () => {
    for (const bytes of [stored().subarray(1), Uint8Array.of(...stored(), 0)]) {
      assert.throws(
        () => readWeights(manifest, bytes),
        (error) => isRollcallError(error, 'weights-length'),
      );
    }
  });

  test('names the tensor that is missing', () => {
    assert.throws(() => weight(readWeights(manifest, stored()), 'other'), /no tensor other/);
  });

  test('a tensor is multiplied in a copy, the others stay', () => {
    const bytes = stored();
    const tensors = readWeights(manifest, scaleWeights(manifest, bytes, ['plain'], -2));
    assert.deepEqual([...weight(tensors, 'plain').data], [-3, 4.5]);
    assert.deepEqual([...weight(tensors, 'bytes').data], [-1, 0, 126.5]);
    assert.deepEqual(bytes, stored());
    assert.throws(() => scaleWeights(manifest, bytes, ['other'], 2), /no tensor other/);
  });

  test('half precision: zero, smallest, greatest, infinite, not a number', () => {
    const values = decodeFloat16(Uint16Array.of(0, 0x8001, 0x7bff, 0xfc00, 0x7e00, 0xc000));
    assert.deepEqual([...values], [0, -(2 ** -24), 65504, -Infinity, Number.NaN, -2]);
  });
});
