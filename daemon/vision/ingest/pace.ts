import { type SaidTexts, type SaidValues, said } from '../../kernel/said.js';
import { inEnglish } from '../../words/language.js';

/** A problem with a camera that streams. */
export interface CameraProblem {
  readonly code: string;
  readonly message: string;
  readonly remedy: string;
  readonly says?: SaidTexts<'message' | 'remedy'>;
}

/** Camera, box or network can be too slow. */
export const slowPartCodes = ['camera-too-slow', 'box-too-slow', 'box-busy', 'network-too-slow'] as const;

/** Measurements while every picture of a camera was read. */
export interface Pace {
  /** Pictures that were read. */
  readonly frames: number;
  /** From the first to the last picture by the clock of this box, milliseconds. */
  readonly elapsedMs: number;
  /** From the first to the last picture by the time stamps of the camera, milliseconds. */
  readonly filmedMs: number;
  /** Processor time of FFmpeg in this time, milliseconds of one core. */
  readonly ffmpegMs: number;
  /** Share of all processor time of the machine that was used, 0 to 1. */
  readonly busyShare: number;
}

/** Filmed time over elapsed time. Pictures that arrive more slowly than this are not late by chance. */
const latePace = 0.85;
/** FFmpeg decodes in one thread: with this share of a core it is at its limit. */
const fullCore = 0.8;
const busyMachine = 0.9;
/** Below ten pictures a second, short blinks fall between two pictures. A camera of 10 may measure a little lower. */
const slowestFps = 9.5;

/** Pictures a second that the camera sent, and pictures a second that were read. */
export function ratesOf({ frames, elapsedMs, filmedMs }: Pace): {
  readonly sentFps: number;
  readonly readFps: number;
} {
  const rate = (ms: number): number => (ms > 0 ? (frames * 1000) / ms : 0);
  return { sentFps: rate(filmedMs), readFps: rate(elapsedMs) };
}

/** Cores that FFmpeg used on average; more than 1 with several threads. */
export const coresOf = ({ ffmpegMs, elapsedMs }: Pace): number => (elapsedMs > 0 ? ffmpegMs / elapsedMs : 0);

/** Tells which of camera, network and box is too slow; undefined where none is. */
export function slowPart(
  pace: Pace,
): (CameraProblem & { readonly code: (typeof slowPartCodes)[number] }) | undefined {
  const { frames, elapsedMs, filmedMs, busyShare } = pace;
  if (frames === 0 || elapsedMs <= 0) return undefined;
  const { sentFps, readFps } = ratesOf(pace);
  const cores = coresOf(pace);
  const read = said('cameras/arriving', { read: readFps, sent: sentFps });
  const taken = said('cameras/ffmpeg-share', { percent: cores * 100 });
  if (filmedMs / elapsedMs < latePace) {
    if (cores >= fullCore) return problemOf('box-too-slow', { read, taken });
    return busyShare >= busyMachine
      ? problemOf('box-busy', { read, taken, busy: busyShare * 100 })
      : problemOf('network-too-slow', { read, taken });
  }
  return sentFps >= slowestFps ? undefined : problemOf('camera-too-slow', { sent: sentFps, taken });
}

function problemOf(code: (typeof slowPartCodes)[number], values: SaidValues) {
  const [message, remedy] = [said(`cameras/${code}`, values), said(`cameras/remedy-${code}`)];
  return { code, ...inEnglish({ message, remedy }) };
}
