import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { describe, test } from 'node:test';
import { unzipSync } from 'fflate';
import { readTflite } from '../../daemon/host/models/convert/tflite-file.js';
import { isRollcallError } from '../../daemon/kernel/errors.js';
import { sharedFile } from '../support/shared-media.js';

const bundle = sharedFile('models/face_landmarker.task');
const isUnsupported = (error: unknown): boolean => isRollcallError(error, 'network-unsupported');

describe('readTflite', () => {
  test('refuses what is no TFLite file', () => {
    for (const bytes of [
      new Uint8Array(0),
      new Uint8Array(100),
      new TextEncoder().encode('xxxxTFL3 yyyyy'),
    ]) {
      assert.throws(() => readTflite(bytes), isUnsupported);
    }
  });

  test('reads the operators and the half-precision weights of a network, and refuses a part of it', {
    skip: bundle.skip,
  }, async () => {
    const bytes = unzipSync(await readFile(bundle.path))['face_landmarks_detector.tflite'];
    assert.ok(bytes !== undefined);
    const { tensors, operators, inputs, outputs } = readTflite(bytes);
    assert.deepEqual(tensors[inputs[0] ?? -1]?.shape, [1, 256, 256, 3]);
    assert.deepEqual(
      outputs.map((at) => tensors[at]?.name),
      ['Identity', 'Identity_1', 'Identity_2'],
    );
    assert.equal(operators.length, 220);
    const [, filters] = operators[0]?.inputs ?? [];
    const { shape, data } = tensors[filters ?? -1] ?? {};
    assert.deepEqual(shape, [16, 3, 3, 3]);
    assert.ok(data?.length === 432 && data.every((value) => Math.abs(value) < 10));
    assert.throws(() => readTflite(bytes.subarray(0, 5000)), isUnsupported);
  });
});
