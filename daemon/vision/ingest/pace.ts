/** What a camera that streams cannot be used with as it is. */
export interface CameraProblem {
  readonly code: string;
  readonly message: string;
  readonly remedy: string;
}

/** What can be too slow. */
export const slowPartCodes = ['camera-too-slow', 'box-too-slow', 'box-busy', 'network-too-slow'] as const;

/** What was measured while pictures of a camera were read, all of them. */
export interface Pace {
  /** Pictures that were read. */
  readonly frames: number;
  /** From the first to the last by the clock of this box, milliseconds. */
  readonly elapsedMs: number;
  /** The same by the times that the camera gave them. */
  readonly filmedMs: number;
  /** What FFmpeg computed meanwhile, milliseconds of one core. */
  readonly ffmpegMs: number;
  /** Share of this machine that was busy meanwhile, 0 to 1. */
  readonly busyShare: number;
}

/** Pictures that come so much more slowly than they were filmed are not late by chance. */
const latePace = 0.85;
/** One decoder thread cannot do much more. */
const fullCore = 0.8;
const busyMachine = 0.9;
/** Ten pictures a second are few; below, short blinks fall between two. A rate of 10 is sometimes measured a little lower. */
const slowestFps = 9.5;

/** Pictures a second that the camera sends, and that were read. */
export function ratesOf({ frames, elapsedMs, filmedMs }: Pace): {
  readonly sentFps: number;
  readonly readFps: number;
} {
  const rate = (ms: number): number => (ms > 0 ? (frames * 1000) / ms : 0);
  return { sentFps: rate(filmedMs), readFps: rate(elapsedMs) };
}

/** Cores that FFmpeg took on average; more than 1 where it used several. */
export const coresOf = ({ ffmpegMs, elapsedMs }: Pace): number => (elapsedMs > 0 ? ffmpegMs / elapsedMs : 0);

/** Whether camera, network or box is too slow, and which. Undefined where none is. */
export function slowPart(
  pace: Pace,
): (CameraProblem & { readonly code: (typeof slowPartCodes)[number] }) | undefined {
  const { frames, elapsedMs, filmedMs, busyShare } = pace;
  if (frames === 0 || elapsedMs <= 0) return undefined;
  const { sentFps, readFps } = ratesOf(pace);
  const cores = coresOf(pace);
  const read = `${readFps.toFixed(1)} of ${sentFps.toFixed(1)} pictures a second are read`;
  const taken = `FFmpeg takes ${Math.round(cores * 100)} % of a core`;
  if (filmedMs / elapsedMs < latePace) {
    if (cores >= fullCore) {
      return {
        code: 'box-too-slow',
        message: `this box decodes the stream too slowly: ${read}, ${taken}`,
        remedy: "use the camera's substream, lower its resolution or rate, or configure hardware decoding",
      };
    }
    if (busyShare >= busyMachine) {
      return {
        code: 'box-busy',
        message: `this box is busy with other work: ${read}, ${taken}, and the processor is used to ${Math.round(busyShare * 100)} %`,
        remedy: 'look for what takes the processor (top), use fewer cameras or their substreams',
      };
    }
    return {
      code: 'network-too-slow',
      message: `the pictures arrive more slowly than the camera films: ${read}, ${taken}`,
      remedy: 'lower the bit rate of the camera, and check its cable, switch port or radio link',
    };
  }
  if (sentFps >= slowestFps) return undefined;
  return {
    code: 'camera-too-slow',
    message: `the camera sends only ${sentFps.toFixed(1)} pictures a second, and short blinks fall between two; ${taken}`,
    remedy: 'set 15 pictures a second or more in the camera, and switch off long exposure in the dark',
  };
}
