import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { setWasmPaths } from '@tensorflow/tfjs-backend-wasm';
import { present } from '../../daemon/kernel/present.js';

const require = createRequire(import.meta.url);

/** Starts TensorFlow.js on its WebAssembly backend; harmless when called again. */
export async function startTensorFlow(): Promise<void> {
  setWasmPaths(`${dirname(require.resolve('@tensorflow/tfjs-backend-wasm/package.json'))}/dist/`);
  await tf.setBackend('wasm');
  await tf.ready();
}

/** Opens a graph model of the human package, straight from its files. */
export async function openHumanModel(name: string): Promise<tf.GraphModel> {
  const directory = join(dirname(require.resolve('@vladmandic/human')), '..', 'models');
  const stored = JSON.parse(await readFile(join(directory, `${name}.json`), 'utf8'));
  return openGraphModel(stored, await readFile(join(directory, `${name}.bin`)));
}

/** The parts of the JSON file of a graph model that TensorFlow.js reads. */
interface StoredGraph {
  readonly modelTopology: object;
  readonly weightsManifest: readonly { readonly weights: readonly object[] }[];
  readonly format: string;
  readonly signature?: object;
  readonly userDefinedMetadata?: object;
}

/** Opens a graph model from the content of its two files. */
export async function openGraphModel(stored: StoredGraph, bytes: Uint8Array): Promise<tf.GraphModel> {
  const handler: tf.io.IOHandler = {
    load: async () => ({
      modelTopology: stored.modelTopology,
      weightSpecs: stored.weightsManifest.flatMap(
        (group) => group.weights,
      ) as tf.io.WeightsManifestConfig[number]['weights'],
      weightData: Uint8Array.from(bytes).buffer,
      format: stored.format,
      ...present({ signature: stored.signature }),
      ...(stored.userDefinedMetadata === undefined
        ? {}
        : { userDefinedMetadata: { ...stored.userDefinedMetadata } }),
    }),
  };
  return tf.loadGraphModel(handler);
}

/** One result of a graph model for one picture, whose pixels become `(pixel - mean) * scale`. */
export function executeHumanModel(
  model: tf.GraphModel,
  picture: { readonly widthPx: number; readonly heightPx: number; readonly data: Float32Array },
  pixels: { readonly mean: number | readonly number[]; readonly scale: number },
  result: string,
): Float32Array {
  return tf.tidy(() => {
    const image = tf.tensor4d(picture.data, [1, picture.heightPx, picture.widthPx, 3]);
    const found = model.execute(
      image.sub(typeof pixels.mean === 'number' ? pixels.mean : [...pixels.mean]).mul(pixels.scale),
      result,
    );
    if (Array.isArray(found)) throw new Error(`${result} is not one tensor`);
    return Float32Array.from(found.dataSync());
  });
}
