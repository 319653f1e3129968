import { WIDTH_STEP } from './quantised.kernel.js';
import {
  add,
  addFloat,
  addInt32,
  type Code,
  constant,
  dotInt16,
  floatOfInt32,
  get,
  isBelow,
  loadInt8x8,
  loadVector,
  multiplyFloat,
  repeatWhile,
  set,
  splatFloat,
  storeVector,
  sumsOfLanes,
  type ValueType,
  type WasmFunction,
} from './wasm-code.js';

/** Rows that one turn of the loop takes. */
export const ROWS_AT_ONCE = 4;

const FACT_BYTES = ROWS_AT_ONCE * Float32Array.BYTES_PER_ELEMENT;
const PROBE_STEP_BYTES = WIDTH_STEP * Int16Array.BYTES_PER_ELEMENT;

const parameters = {
  /** Address of the first int8 row. */
  rows: 0,
  /** Address behind the last one; as many rows as are a multiple of `ROWS_AT_ONCE`. */
  end: 1,
  /** Address of the scales; errors and norms follow at distances fixed in the code. */
  facts: 2,
  /** Address of what is written: one float32 a row. */
  bounds: 3,
  probeScale: 4,
  errorFactor: 5,
  normFactor: 6,
} as const;
const parameterTypes: readonly ValueType[] = ['i32', 'i32', 'i32', 'i32', 'f32', 'f32', 'f32'];

const [piece, first, second, third, fourth, oneSum, otherSum] = [7, 8, 9, 10, 11, 12, 13];
const sums = [first, second, third, fourth] as const;

export interface BoundsLayout {
  /** Bytes of an int8 row, a multiple of `WIDTH_STEP`. */
  readonly width: number;
  /** Bytes from the scales to the errors, and from those to the norms. */
  readonly factsDistance: number;
  /** Address of the probe's int16 values. */
  readonly probeAddress: number;
}

/**
 * What no template's similarity to the probe exceeds, row by row:
 * int8 row · int16 probe · both scales + error · errorFactor + norm · normFactor.
 * The width is fixed in the code, so that the loop over a row is unrolled.
 */
export function boundsFunction({ width, factsDistance, probeAddress }: BoundsLayout): WasmFunction {
  const fact = (number: number): Code => loadVector(get(parameters.facts), number * factsDistance);
  const products: number[] = [];
  for (let step = 0; step < width / WIDTH_STEP; step += 1) {
    const probe = loadVector(constant(0), probeAddress + step * PROBE_STEP_BYTES);
    products.push(...set(piece, probe));
    for (const [row, sum] of sums.entries()) {
      const template = loadInt8x8(get(parameters.rows), row * width + step * WIDTH_STEP);
      const product = dotInt16(template, get(piece));
      products.push(...set(sum, step === 0 ? product : addInt32(get(sum), product)));
    }
  }
  const wholeSums = sumsOfLanes([get(first), get(second), get(third), get(fourth)], addInt32, [
    oneSum,
    otherSum,
  ]);
  const scaled = multiplyFloat(
    multiplyFloat(floatOfInt32(wholeSums), fact(0)),
    splatFloat(get(parameters.probeScale)),
  );
  const margin = addFloat(
    multiplyFloat(fact(1), splatFloat(get(parameters.errorFactor))),
    multiplyFloat(fact(2), splatFloat(get(parameters.normFactor))),
  );
  const forward = (parameter: number, bytes: number): Code =>
    set(parameter, add(get(parameter), constant(bytes)));
  return {
    parameters: parameterTypes,
    locals: ['v128', 'v128', 'v128', 'v128', 'v128', 'v128', 'v128'],
    body: repeatWhile(isBelow(get(parameters.rows), get(parameters.end)), [
      ...products,
      ...storeVector(get(parameters.bounds), addFloat(scaled, margin)),
      ...forward(parameters.rows, ROWS_AT_ONCE * width),
      ...forward(parameters.facts, FACT_BYTES),
      ...forward(parameters.bounds, FACT_BYTES),
    ]),
  };
}
