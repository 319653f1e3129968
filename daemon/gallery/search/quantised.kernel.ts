// Stores vectors in fewer bits, with the error of doing so. A vector v becomes whole numbers q and a scale s; its image is s·q.

/** Rows are padded with zeros to a multiple of this. */
export const WIDTH_STEP = 8;

const ROW_LEVELS = 127;
const PROBE_LEVELS = 32_767;
const LARGEST_SUM = 2 ** 31 - 1;

/** Within these, no product comes near the limits of float32. Vectors outside get no image and are always compared in full. */
const SMALLEST_MAXIMUM = 1e-12;
const LARGEST_MAXIMUM = 1e12;

/** Covers the rounding of errors and norms to float32. */
const ROUNDED_UP = 1 + 1e-6;

/** Covers what float32 arithmetic loses in a bound: at most eight roundings of 2^-24, times the larger operand. */
const ARITHMETIC_LOSS = 4e-6;

export interface QuantisedRow {
  /** 0 where the row has no image. */
  readonly scale: number;
  /** Euclidean norm of v - s·q; infinite where the row has no image. */
  readonly error: number;
  /** Euclidean norm of s·q. */
  readonly norm: number;
}

/**
 * The similarity of a template and a probe differs from the product of their images by at most
 * error · errorFactor + norm · normFactor (Cauchy and Schwarz): v·p - v'·p' = (v - v')·p + v'·(p - p').
 */
export interface QuantisedProbe {
  readonly scale: number;
  readonly errorFactor: number;
  readonly normFactor: number;
}

export function paddedWidth(dimensions: number): number {
  return Math.ceil(dimensions / WIDTH_STEP) * WIDTH_STEP;
}

function quantise(vector: Float32Array, target: Int8Array | Int16Array, levels: number): QuantisedRow {
  let greatest = 0;
  let areNumbers = true;
  for (let axis = 0; axis < vector.length; axis += 1) {
    const size = Math.abs(vector[axis]!);
    if (size > greatest) greatest = size;
    else if (Number.isNaN(size)) areNumbers = false;
  }
  target.fill(0);
  if (greatest === 0 && areNumbers) return { scale: 0, error: 0, norm: 0 };
  if (!areNumbers || greatest < SMALLEST_MAXIMUM || greatest > LARGEST_MAXIMUM)
    return { scale: 0, error: Number.POSITIVE_INFINITY, norm: 0 };
  const scale = Math.fround(greatest / levels);
  let lost = 0;
  let kept = 0;
  for (let axis = 0; axis < vector.length; axis += 1) {
    const value = Math.round(vector[axis]! / scale);
    target[axis] = value;
    kept += (value * scale) ** 2;
    lost += (vector[axis]! - value * scale) ** 2;
  }
  return { scale, error: Math.sqrt(lost) * ROUNDED_UP, norm: Math.sqrt(kept) * ROUNDED_UP };
}

/** Writes the template's whole numbers to `target`, which has the padded width. */
export function quantiseRow(template: Float32Array, target: Int8Array): QuantisedRow {
  return quantise(template, target, ROW_LEVELS);
}

/** As `quantiseRow`, for the probe. The number of levels keeps every sum of products within 32 bits. */
export function quantiseProbe(probe: Float32Array, target: Int16Array): QuantisedProbe {
  const levels = Math.min(PROBE_LEVELS, Math.floor(LARGEST_SUM / (ROW_LEVELS * target.length)));
  const { scale, error, norm } = quantise(probe, target, levels);
  const length = (norm + error) * ROUNDED_UP;
  return { scale, errorFactor: length, normFactor: error + ARITHMETIC_LOSS * length };
}

/** The most by which the similarity of a template with this error and norm can be below its upper bound. */
export function slackOf(error: number, norm: number, { errorFactor, normFactor }: QuantisedProbe): number {
  return 2 * (error * errorFactor + norm * normFactor) * ROUNDED_UP;
}

/** Adds each value to the sum of its row's owner. `values` belong to the rows from `firstRow` on. */
export function addByOwner(
  values: Float32Array,
  owners: readonly number[],
  firstRow: number,
  sums: Float64Array,
): void {
  for (let at = 0; at < values.length; at += 1) {
    const owner = owners[firstRow + at]!;
    sums[owner] = sums[owner]! + values[at]!;
  }
}

/** The inner product of `probe` and the values from `start` on, summed in float64. */
export function exactProduct(values: Float32Array, start: number, probe: Float32Array): number {
  const width = probe.length;
  const whole = width - (width % 4);
  let first = 0;
  let second = 0;
  let third = 0;
  let fourth = 0;
  for (let axis = 0; axis < whole; axis += 4) {
    first += values[start + axis]! * probe[axis]!;
    second += values[start + axis + 1]! * probe[axis + 1]!;
    third += values[start + axis + 2]! * probe[axis + 2]!;
    fourth += values[start + axis + 3]! * probe[axis + 3]!;
  }
  for (let axis = whole; axis < width; axis += 1) first += values[start + axis]! * probe[axis]!;
  return first + second + (third + fourth);
}

/** The index, from `from` on, of the first bound that is not below `floor`; NaN counts as not below. The length if there is none. */
export function nextNotBelow(bounds: Float32Array, from: number, floor: number): number {
  for (let at = from; at < bounds.length; at += 1) {
    if (!(bounds[at]! < floor)) return at;
  }
  return bounds.length;
}
