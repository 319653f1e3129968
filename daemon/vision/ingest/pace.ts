/** A problem with a camera that streams. */
export interface CameraProblem {
  readonly code: string;
  readonly message: string;
  readonly remedy: string;
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
  const read = `${readFps.toFixed(1)} of ${sentFps.toFixed(1)} pictures a second arrive`;
  const taken = `FFmpeg takes ${Math.round(cores * 100)} % of a core`;
  if (filmedMs / elapsedMs < latePace) {
    if (cores >= fullCore) {
      return {
        code: 'box-too-slow',
        message: `this box decodes the stream too slowly: ${read}, ${taken}`,
        remedy: "Use the camera's substream, lower its resolution or rate, or configure hardware decoding.",
      };
    }
    if (busyShare >= busyMachine) {
      return {
        code: 'box-busy',
        message: `this box is busy with other work: ${read}, ${taken}, and the processor is ${Math.round(busyShare * 100)} % busy`,
        remedy: 'Find out which programs use the processor (top), or use fewer cameras or their substreams.',
      };
    }
    return {
      code: 'network-too-slow',
      message: `the pictures arrive more slowly than the camera records them: ${read}, ${taken}`,
      remedy: 'Lower the bit rate of the camera, and check its cable, switch port or radio link.',
    };
  }
  if (sentFps >= slowestFps) return undefined;
  return {
    code: 'camera-too-slow',
    message: `the camera sends only ${sentFps.toFixed(1)} pictures a second, too few to see short blinks; ${taken}`,
    remedy: 'Set the camera to 15 pictures a second or more, and switch off long exposure in the dark.',
  };
}
