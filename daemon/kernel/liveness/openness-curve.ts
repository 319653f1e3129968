import { type EyeFault, type EyeSample, eyeFaults } from './liveness.js';

/** How far the eyes were open in one view: the mean of both, as in `EyeContour`, or why at least one could not be judged. */
export interface OpennessSample {
  readonly atMs: number;
  readonly eyes: number | EyeFault;
}

/** Samples of one face in the order of time, each in two bytes: it is kept with every passage. */
export interface OpennessCurve {
  /** When the first sample was captured, milliseconds. */
  readonly fromMs: number;
  /** Of each sample: the time since the sample before, in steps of `stepMs`; then the openness, or a fault. */
  readonly packed: Uint8Array;
}

/** Enough for 20 s at 15 frames a second, and for 10 s at 30: longer than an attack takes to show. */
export const mostOpennessSamples = 300;
export const bytesPerSample = 2;

const stepMs = 10;
/** What one byte holds, with room for rounding. */
const longestGapMs = 2500;
/** Openness is kept in these steps; the greatest values of a byte stand for faults. */
const opennessStep = 0.002;
const faultsFrom = 256 - eyeFaults.length;

/** Keeps the latest samples of one face. After a gap that its form cannot hold, it begins again. */
export class OpennessRecorder {
  #samples: OpennessSample[] = [];

  add({ atMs, left, right, fault = 'eye-unmeasured' }: EyeSample): void {
    const last = this.#samples.at(-1);
    if (last !== undefined && atMs - last.atMs > longestGapMs) this.#samples = [];
    const eyes = left === undefined || right === undefined ? fault : (left + right) / 2;
    this.#samples.push({ atMs, eyes });
    if (this.#samples.length > mostOpennessSamples) this.#samples.shift();
  }

  /** Undefined before the first sample. */
  get curve(): OpennessCurve | undefined {
    return packedCurve(this.#samples);
  }
}

/** Undefined without samples. */
export function packedCurve(samples: readonly OpennessSample[]): OpennessCurve | undefined {
  const fromMs = samples[0]?.atMs;
  if (fromMs === undefined) return undefined;
  const packed = new Uint8Array(bytesPerSample * samples.length);
  let atStep = 0;
  for (const [index, { atMs, eyes }] of samples.entries()) {
    // Counted from the first sample, so that rounding does not add up.
    const step = Math.round((atMs - fromMs) / stepMs);
    packed[bytesPerSample * index] = step - atStep;
    packed[bytesPerSample * index + 1] = byteOf(eyes);
    atStep = step;
  }
  return { fromMs, packed };
}

/** The inverse of `packedCurve`, up to the steps of its form. */
export function samplesOf({ fromMs, packed }: OpennessCurve): readonly OpennessSample[] {
  let atMs = fromMs;
  return Array.from({ length: packed.length / bytesPerSample }, (_, index) => {
    atMs += (packed[bytesPerSample * index] ?? 0) * stepMs;
    return { atMs, eyes: eyesOf(packed[bytesPerSample * index + 1] ?? 0) };
  });
}

function byteOf(eyes: OpennessSample['eyes']): number {
  return typeof eyes === 'number'
    ? Math.min(faultsFrom - 1, Math.max(0, Math.round(eyes / opennessStep)))
    : faultsFrom + eyeFaults.indexOf(eyes);
}

function eyesOf(byte: number): OpennessSample['eyes'] {
  return eyeFaults[byte - faultsFrom] ?? byte * opennessStep;
}
