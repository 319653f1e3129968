import { InferenceSession, Tensor } from '../../daemon/host/onnx-runtime.js';
import { type NhwcPicture, toNchw } from './tensor-pictures.js';

/** Named outputs of one run. */
export type Outputs = ReadonlyMap<string, { readonly dims: readonly number[]; readonly data: Float32Array }>;

/** Opens a network on one thread of the CPU. */
export function openNetwork(path: string): Promise<InferenceSession> {
  return InferenceSession.create(path, { intraOpNumThreads: 1, interOpNumThreads: 1 });
}

/** Runs a network on a batch of pictures of one size. */
export async function runNetwork(
  network: InferenceSession,
  pictures: readonly NhwcPicture[],
): Promise<Outputs> {
  const [first] = pictures;
  const [input] = network.inputNames;
  if (first === undefined || input === undefined) throw new Error('a network needs a picture and an input');
  const size = first.data.length;
  const batch = new Float32Array(size * pictures.length);
  for (const [index, picture] of pictures.entries()) batch.set(toNchw(picture), index * size);
  const tensor = new Tensor('float32', batch, [pictures.length, 3, first.heightPx, first.widthPx]);
  const results = await network.run({ [input]: tensor });
  return new Map(
    Object.entries(results).map(([name, { dims, data }]) => {
      if (!(data instanceof Float32Array)) throw new Error(`${name} is not float32`);
      return [name, { dims, data }];
    }),
  );
}

/** The data of one output. */
export function output(outputs: Outputs, name: string): Float32Array {
  const found = outputs.get(name);
  if (found === undefined) throw new Error(`there is no output ${name}`);
  return found.data;
}

/** Greatest difference of two lists of equal length; fails on different lengths and on anything not finite. */
export function greatestDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length) throw new Error(`${a.length} values against ${b.length}`);
  let greatest = 0;
  for (let i = 0; i < a.length; i++) {
    const difference = Math.abs((a[i] ?? Number.NaN) - (b[i] ?? Number.NaN));
    if (!Number.isFinite(difference)) throw new Error(`value ${i} is not finite`);
    greatest = Math.max(greatest, difference);
  }
  return greatest;
}
