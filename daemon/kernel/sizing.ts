import { usableShare } from './capacity.js';
import { automaticProcesses } from './vision-processes.js';

/** Codecs whose cost was measured. */
export const sizedCodecs = ['h264', 'hevc'] as const;

/** The cameras that a box is to serve, all alike. */
export interface PlannedCameras {
  readonly cameras: number;
  /** Of the only stream of each. For cameras with a substream, nothing was measured. */
  readonly widthPx: number;
  readonly heightPx: number;
  readonly framesPerS: number;
  readonly codec: (typeof sizedCodecs)[number];
  /** Share of the time in which somebody is in sight, 0 to 1. */
  readonly faceShare: number;
}

/** A machine, by the fixed computation that `scripts/bench cameras` and `rollcall sizing` run. */
export interface SizedMachine {
  readonly cores: number;
  /** On one core by itself, and on each while all compute; 1e9 multiplications a second. */
  readonly alone: number;
  readonly together: number;
  /** Cores that other programs used before. */
  readonly otherCores: number;
}

/** With more cores of other programs than this, a machine seems slower than it is. */
export const mostOtherCores = 0.3;

export const sizingVerdicts = ['enough', 'uncertain', 'too-little'] as const;

/** An estimate. The truth is probably within each range. */
export interface Sizing {
  /** Cores of this machine that the cameras keep busy. */
  readonly cores: { readonly least: number; readonly most: number };
  /** Cores that may be busy, so that bursts find room. */
  readonly usableCores: number;
  /** Memory of the vision processes and the decoders, MiB; the core, the gate and the system need more. */
  readonly memoryMiB: number;
  readonly verdict: (typeof sizingVerdicts)[number];
}

/** The speed of the machine on which the costs below were measured, on one core by itself. */
const referenceSpeed = 0.565;
/** Pixels a second of the camera that was measured: 1080p, 25 frames a second. */
const referencePixelRate = 1920 * 1080 * 25;

/**
 * Cores for one such camera on that machine: without people, and what somebody in sight adds. Decoding takes 0.092 cores. The least is
 * from `scripts/bench pipeline --nobody`, 1.40 times that, and from what a face in sight added before frames were delivered as asked,
 * 1.47 times. The most is from `scripts/bench cameras` at 75 and at 100 percent before looks saw parts of the picture: 1.85 and 1.87 cores
 * for four cameras, which lost 7.6 and 20.2 % of their frames, had they lost none. Today's four use 1.4 cores; the most stays, because
 * the verdict must hold on a bad day, too (`docs/measurements/performance.md`).
 */
const least = { empty: 0.13, face: 0.14 };
const most = { empty: 0.245, face: 0.34 };

/** Processor time of H.265 to that of H.264 in software, docs/measurements/performance.md, "On a GPU". */
const codecFactors: Readonly<Record<PlannedCameras['codec'], number>> = { h264: 1, hevc: 7.6 / 7.3 };

/** From the same run of `scripts/bench cameras`, and `scripts/bench pipeline --minutes`: 425 MiB with one thread, 709 with two. */
const memory = { baseMiB: 141, threadMiB: 284, decoderMiB: 36, smallestDecoderMiB: 18 };

/** Estimates what planned cameras need of a machine. */
export function sizeBox(planned: PlannedCameras, machine: SizedMachine): Sizing {
  const { cameras, widthPx, heightPx, framesPerS, codec, faceShare } = planned;
  const pixels = (widthPx * heightPx * framesPerS * codecFactors[codec]) / referencePixelRate;
  // What people cost hardly depends on the size of the picture: networks see crops.
  const coresFor = ({ empty, face }: typeof least, speed: number): number =>
    (cameras * (pixels * empty + faceShare * face) * referenceSpeed) / speed;
  const cores = { least: coresFor(least, machine.alone), most: coresFor(most, machine.together) };
  const usableCores = usableShare * machine.cores;
  const threads = Math.min(machine.cores, cameras);
  const decoderMiB = Math.max(
    memory.smallestDecoderMiB,
    memory.decoderMiB * ((widthPx * heightPx) / (1920 * 1080)),
  );
  const processes = automaticProcesses(machine.cores, cameras);
  const memoryMiB = processes * memory.baseMiB + threads * memory.threadMiB + cameras * decoderMiB;
  const isTooLittle = cores.least > usableCores && machine.otherCores <= mostOtherCores;
  const verdict = cores.most <= usableCores ? 'enough' : isTooLittle ? 'too-little' : 'uncertain';
  return { cores, usableCores, memoryMiB, verdict };
}
