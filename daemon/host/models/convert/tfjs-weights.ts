import { z } from 'zod';
import { operational } from '../../../kernel/errors.js';
import { decodeFloat16, dequantise } from './weight-decoding.kernel.js';

const quantisationSchema = z.union([
  z.object({ dtype: z.literal('float16') }),
  z.object({ dtype: z.enum(['uint8', 'uint16']), scale: z.number(), min: z.number() }),
]);

const weightSchema = z.object({
  name: z.string(),
  shape: z.array(z.number().int().nonnegative()),
  dtype: z.enum(['float32', 'int32']),
  quantization: quantisationSchema.optional(),
});

/** The weights manifest of TensorFlow.js: groups of tensors. Their binary files hold one tensor after another. */
export const weightsManifestSchema = z.array(
  z.object({ paths: z.array(z.string()), weights: z.array(weightSchema) }),
);

export type WeightsManifest = z.infer<typeof weightsManifestSchema>;
type WeightEntry = z.infer<typeof weightSchema>;

/** A constant in TensorFlow's layout (NHWC images, HWIO filters). */
export interface WeightTensor {
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

export type WeightTensors = ReadonlyMap<string, WeightTensor>;

/** Bytes of one stored element. */
function elementBytes(entry: WeightEntry): number {
  switch (entry.quantization?.dtype) {
    case undefined:
      return 4;
    case 'uint8':
      return 1;
    default:
      return 2;
  }
}

function decode(entry: WeightEntry, stored: Uint8Array): Float32Array {
  const aligned = Uint8Array.from(stored).buffer;
  const quantisation = entry.quantization;
  if (quantisation === undefined) {
    return entry.dtype === 'float32' ? new Float32Array(aligned) : Float32Array.from(new Int32Array(aligned));
  }
  if (quantisation.dtype === 'float16') return decodeFloat16(new Uint16Array(aligned));
  const integers = quantisation.dtype === 'uint8' ? new Uint8Array(aligned) : new Uint16Array(aligned);
  const values = dequantise(integers, quantisation.scale, quantisation.min);
  return entry.dtype === 'int32' ? values.map(Math.round) : values;
}

interface Placed {
  readonly entry: WeightEntry;
  readonly start: number;
  readonly end: number;
}

/**
 * Where each tensor of a manifest lies in `bytes`. Throws `weights-length` if the file has another length than the manifest
 * says.
 */
function placed(manifest: WeightsManifest, bytes: Uint8Array): readonly Placed[] {
  let end = 0;
  const places = manifest
    .flatMap((group) => group.weights)
    .map((entry): Placed => {
      const start = end;
      end += entry.shape.reduce((product, dim) => product * dim, 1) * elementBytes(entry);
      return { entry, start, end };
    });
  if (end !== bytes.length) throw wrongLength(end, bytes.length);
  return places;
}

/**
 * Decodes every tensor of a TensorFlow.js weights manifest. `bytes`: its binary files, one after another. Integer constants become
 * floats with whole values. Throws `weights-length`.
 */
export function readWeights(manifest: WeightsManifest, bytes: Uint8Array): WeightTensors {
  return new Map(
    placed(manifest, bytes).map(({ entry, start, end }) => [
      entry.name,
      { shape: entry.shape, data: decode(entry, bytes.subarray(start, end)) },
    ]),
  );
}

/**
 * A copy of `bytes` in which the float32 tensors `names` are multiplied by `factor`. Throws `weights-length` and
 * `weight-missing`.
 */
export function scaleWeights(
  manifest: WeightsManifest,
  bytes: Uint8Array,
  names: readonly string[],
  factor: number,
): Uint8Array {
  const scaled = Uint8Array.from(bytes);
  const view = new DataView(scaled.buffer);
  const places = new Map(placed(manifest, bytes).map((place) => [place.entry.name, place]));
  for (const name of names) {
    const place = places.get(name);
    if (place === undefined) throw missing(name);
    for (let at = place.start; at < place.end; at += 4)
      view.setFloat32(at, view.getFloat32(at, true) * factor, true);
  }
  return scaled;
}

function wrongLength(expectedBytes: number, foundBytes: number): Error {
  return operational(
    'weights-length',
    `the weight file holds ${foundBytes} bytes where its manifest describes ${expectedBytes}`,
    { remedy: 'Install the npm dependencies again; the package is damaged or of another version.' },
  );
}

/** The tensor `name`. Throws `weight-missing`. */
export function weight(tensors: WeightTensors, name: string): WeightTensor {
  const tensor = tensors.get(name);
  if (tensor === undefined) throw missing(name);
  return tensor;
}

function missing(name: string): Error {
  return operational('weight-missing', `the weights hold no tensor ${name}`, {
    remedy: 'Install the version of the npm dependency that the model manifest names.',
  });
}
