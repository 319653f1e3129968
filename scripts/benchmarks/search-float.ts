// The contender that compares all templates as float32 by WebAssembly's vector instructions, with the production kernels
// after it.
import {
  add,
  addFloat,
  type Code,
  constant,
  get,
  isBelow,
  loadVector,
  multiplyFloat,
  repeatWhile,
  set,
  storeVector,
  sumsOfLanes,
  wasmModule,
} from '../../daemon/gallery/search/wasm-code.js';
import { WasmMemory } from '../../daemon/gallery/search/wasm-memory.js';

const rowsAtOnce = 4;
const lanes = 4;
const [rows, end, results, piece, first, second, third, fourth, oneSum, otherSum] = [
  0, 1, 2, 3, 4, 5, 6, 7, 8, 9,
];

/** Multiplies rows of `dimensions` values, a multiple of four, with the probe at `probeAddress`. */
function productCode(dimensions: number, probeAddress: number): Code {
  const rowBytes = dimensions * Float32Array.BYTES_PER_ELEMENT;
  const products: number[] = [];
  for (let step = 0; step < dimensions / lanes; step += 1) {
    products.push(...set(piece, loadVector(constant(0), probeAddress + step * 16)));
    for (const [row, sum] of [first, second, third, fourth].entries()) {
      const product = multiplyFloat(loadVector(get(rows), row * rowBytes + step * 16), get(piece));
      products.push(...set(sum, step === 0 ? product : addFloat(get(sum), product)));
    }
  }
  const sums = sumsOfLanes([get(first), get(second), get(third), get(fourth)], addFloat, [oneSum, otherSum]);
  return repeatWhile(isBelow(get(rows), get(end)), [
    ...products,
    ...storeVector(get(results), sums),
    ...set(rows, add(get(rows), constant(rowsAtOnce * rowBytes))),
    ...set(results, add(get(results), constant(16))),
  ]);
}

/** Similarities of all of `vectors`, row-major, to a probe; the answer is good until the next call. */
export function floatProducts(
  vectors: Float32Array,
  dimensions: number,
): (probe: Float32Array) => Float32Array {
  const memory = new WasmMemory();
  const count = vectors.length / dimensions;
  const probeAddress = memory.reserve(dimensions * Float32Array.BYTES_PER_ELEMENT);
  const resultAddress = memory.reserve((count + rowsAtOnce) * Float32Array.BYTES_PER_ELEMENT);
  const rowsAddress = memory.reserve(vectors.byteLength + rowsAtOnce * dimensions * 4);
  const run = memory.link(
    wasmModule({
      parameters: ['i32', 'i32', 'i32'],
      locals: ['v128', 'v128', 'v128', 'v128', 'v128', 'v128', 'v128'],
      body: productCode(dimensions, probeAddress),
    }),
  );
  const values = new Float32Array(memory.buffer);
  values.set(vectors, rowsAddress / 4);
  return (probe) => {
    values.set(probe, probeAddress / 4);
    run(rowsAddress, rowsAddress + vectors.byteLength, resultAddress);
    return values.subarray(resultAddress / 4, resultAddress / 4 + count);
  };
}
