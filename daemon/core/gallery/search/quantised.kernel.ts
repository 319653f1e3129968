// Stores vectors in fewer bits, with the error of doing so. A vector v becomes whole numbers q and a scale s. The image of a
// template is s·(q + ½) with q from -8 to 7, that of the probe s·q.

/** Rows are padded to a multiple of this: 16 bytes of a row. */
export const WIDTH_STEP = 32;

/** A 16-bit word holds this many values of a row. The values of one word are `WORDS` apart. */
const VALUES_OF_WORD = 4;
const WORDS = WIDTH_STEP / VALUES_OF_WORD;

const LEAST_STEP = -8;
const GREATEST_STEP = 7;

/** With this many levels, a value less 16 times another fits into 16 bits. */
const PROBE_LEVELS = 1927;
/** float32 holds whole numbers up to here exactly, and halves up to half of it. */
const LARGEST_SUM = 2 ** 24;

/** The steps of 16 levels that lose least of normally distributed values, times their standard deviation (Max, 1960). */
const STEP_OF_NORMAL = 0.3352;
/** Turns in which the scale is fitted to the steps of the last turn. Later ones gain less than 1 %. */
const FITTING_TURNS = 2;

/** Within these, no product comes near the limits of float32. Vectors outside get no image and are always compared in full. */
const SMALLEST_MAXIMUM = 1e-12;
const LARGEST_MAXIMUM = 1e12;

/** Covers the rounding of errors and norms to float32. */
const ROUNDED_UP = 1 + 1e-6;

/**
 * Covers what float32 arithmetic loses in a bound, and the rounding of the similarity itself to float32: at most nine roundings of
 * 2^-24, times the larger operand.
 */
const ARITHMETIC_LOSS = 4e-6;

export interface QuantisedRow {
  /** 0 where the row has no image. */
  readonly scale: number;
  /** Euclidean norm of the difference between the vector and its image; infinite where the row has no image. */
  readonly error: number;
  /** Euclidean norm of the image. */
  readonly norm: number;
}

/**
 * The similarity of a template and a probe differs from the product of their images by at most
 * error · errorFactor + norm · normFactor (Cauchy and Schwarz): v·p - v'·p' = (v - v')·p + v'·(p - p').
 */
export interface QuantisedProbe {
  readonly scale: number;
  /** What the product of the stored words and the stored probe lacks, before the scales. */
  readonly offset: number;
  readonly errorFactor: number;
  readonly normFactor: number;
}

const NO_IMAGE: QuantisedRow = { scale: 0, error: Number.POSITIVE_INFINITY, norm: 0 };
const ZERO: QuantisedRow = { scale: 0, error: 0, norm: 0 };

export function paddedWidth(dimensions: number): number {
  return Math.ceil(dimensions / WIDTH_STEP) * WIDTH_STEP;
}

/** The greatest absolute value; NaN if any value is. */
function greatestOf(vector: Float32Array): number {
  let greatest = 0;
  for (let axis = 0; axis < vector.length; axis += 1) {
    const size = Math.abs(vector[axis]!);
    if (size > greatest) greatest = size;
    else if (Number.isNaN(size)) return size;
  }
  return greatest;
}

const hasImage = (greatest: number): boolean => greatest >= SMALLEST_MAXIMUM && greatest <= LARGEST_MAXIMUM;

function stepOf(value: number, scale: number): number {
  const step = Math.floor(value / scale);
  return step < LEAST_STEP ? LEAST_STEP : step > GREATEST_STEP ? GREATEST_STEP : step;
}

/** The scale that loses little of the vector. */
function fittedScale(vector: Float32Array): number {
  let squares = 0;
  for (let axis = 0; axis < vector.length; axis += 1) squares += vector[axis]! ** 2;
  let scale = STEP_OF_NORMAL * Math.sqrt(squares / vector.length);
  for (let turn = 0; turn < FITTING_TURNS; turn += 1) {
    let products = 0;
    let stepSquares = 0;
    for (let axis = 0; axis < vector.length; axis += 1) {
      const middle = stepOf(vector[axis]!, scale) + 0.5;
      products += vector[axis]! * middle;
      stepSquares += middle * middle;
    }
    scale = products / stepSquares;
  }
  return Math.fround(scale);
}

/** Writes the image of `template` to `target`, which holds a quarter of the padded width. */
export function quantiseRow(template: Float32Array, target: Int16Array): QuantisedRow {
  target.fill(0);
  const greatest = greatestOf(template);
  if (greatest === 0) return ZERO;
  if (!hasImage(greatest)) return NO_IMAGE;
  const scale = fittedScale(template);
  let lost = 0;
  let kept = 0;
  for (let axis = 0; axis < template.length; axis += 1) {
    const step = stepOf(template[axis]!, scale);
    const image = (step + 0.5) * scale;
    kept += image * image;
    lost += (template[axis]! - image) ** 2;
    const place = Math.floor((axis % WIDTH_STEP) / WORDS);
    // All but the last of a word count from 0, so that they add up without carries.
    const stored = place === VALUES_OF_WORD - 1 ? step : step - LEAST_STEP;
    const word = Math.floor(axis / WIDTH_STEP) * WORDS + (axis % WORDS);
    target[word] = target[word]! + stored * 16 ** place;
  }
  return { scale, error: Math.sqrt(lost) * ROUNDED_UP, norm: Math.sqrt(kept) * ROUNDED_UP };
}

/**
 * Writes the whole numbers of `probe` to `target`, which has the padded width, each less 16 times the value before it in the same
 * word (bounds.kernel.as says why).
 */
export function quantiseProbe(probe: Float32Array, target: Int16Array): QuantisedProbe {
  target.fill(0);
  const greatest = greatestOf(probe);
  if (greatest === 0) return { scale: 0, offset: 0, errorFactor: 0, normFactor: 0 };
  if (!hasImage(greatest))
    return {
      scale: 0,
      offset: 0,
      errorFactor: Number.POSITIVE_INFINITY,
      normFactor: Number.POSITIVE_INFINITY,
    };
  const levels = Math.min(
    PROBE_LEVELS,
    Math.floor(LARGEST_SUM / ((GREATEST_STEP - LEAST_STEP) * target.length)),
  );
  const scale = Math.fround(greatest / levels);
  let lost = 0;
  let kept = 0;
  let offset = 0;
  for (let axis = probe.length - 1; axis >= 0; axis -= 1) {
    const step = Math.round(probe[axis]! / scale);
    kept += (step * scale) ** 2;
    lost += (probe[axis]! - step * scale) ** 2;
    const place = Math.floor((axis % WIDTH_STEP) / WORDS);
    offset += step * (place === VALUES_OF_WORD - 1 ? 0.5 : 0.5 + LEAST_STEP);
    target[axis] = target[axis]! + step;
    if (place < VALUES_OF_WORD - 1) target[axis + WORDS] = target[axis + WORDS]! - 16 * step;
  }
  const error = Math.sqrt(lost) * ROUNDED_UP;
  const length = (Math.sqrt(kept) * ROUNDED_UP + error) * ROUNDED_UP;
  const loss = ARITHMETIC_LOSS * length;
  return { scale, offset, errorFactor: length + loss, normFactor: error + loss };
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
