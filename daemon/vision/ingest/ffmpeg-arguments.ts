import { scriptProtocols } from './concat-script.js';
import type { FfmpegBinary } from './ffmpeg-binary.js';

export interface PictureOptions {
  /** Wider pictures are scaled down to this width, pixels. */
  readonly maxAnalysisWidthPx: number;
}

/** The log carries one line per frame and, with its level in front, all that is needed to explain a failure. */
function logged(level: 'info' | 'verbose'): string[] {
  return ['-hide_banner', '-nostats', '-nostdin', '-loglevel', `repeat+level+${level}`];
}

/**
 * Takes the first frame of every 1/`fps` of a second of presentation time: on average `fps` frames a second
 * where the stream has more, all of them where it has fewer. Unlike the `fps` filter it adds no delay and keeps
 * the time stamps. A jump of the camera's clock in either direction changes the bucket, too.
 */
function selectRate(fps: number): string {
  return `select=not(eq(floor(t*${fps})\\,floor(prev_selected_t*${fps})))`;
}

/**
 * Full-range 4:2:0 stays as it is: converting it would cost as much as decoding. `showinfo` comes last, so that
 * its line k announces the k-th picture of the output with its very size.
 */
function pictureFilters({ maxAnalysisWidthPx }: PictureOptions): string[] {
  const isWide = `gt(iw\\,${maxAnalysisWidthPx})`;
  return [
    `scale=w=if(${isWide}\\,${maxAnalysisWidthPx}\\,iw):h=if(${isWide}\\,-2\\,ih):flags=bilinear+bitexact`,
    'format=yuv420p|yuvj420p',
    'showinfo=checksum=0',
  ];
}

/** One decoder thread and one encoder thread: more of either hold frames back (measured in docs/ingest.md). */
const oneThread = ['-threads', '1'];

function output(ffmpeg: FfmpegBinary, filters: readonly string[]): string[] {
  return [
    '-map',
    '0:v:0',
    '-filter_threads',
    '1',
    '-vf',
    filters.join(','),
    ...(ffmpeg.hasFpsMode ? ['-fps_mode', 'passthrough'] : ['-vsync', 'passthrough']),
    ...(ffmpeg.keepsChangedSize ? ['-noautoscale'] : []),
    ...oneThread,
    '-f',
    'rawvideo',
    'pipe:1',
  ];
}

/** Arguments to pull the camera whose script comes on standard input. They hold nothing secret. */
export function cameraArguments(
  ffmpeg: FfmpegBinary,
  options: PictureOptions & {
    readonly framesPerS: number;
    /** As `-hwaccel` takes it, or `none`. */
    readonly hwaccel: string;
  },
): string[] {
  const { framesPerS, hwaccel } = options;
  return [
    // Verbose: what the camera offers, and how many packets came, tell causes apart that look alike otherwise.
    ...logged('verbose'),
    ...oneThread,
    ...(hwaccel === 'none' ? [] : ['-hwaccel', hwaccel]),
    '-protocol_whitelist',
    scriptProtocols,
    '-f',
    'concat',
    '-safe',
    '0',
    '-i',
    'pipe:0',
    ...output(ffmpeg, [selectRate(framesPerS), ...pictureFilters(options)]),
  ];
}

/**
 * Arguments to read a clip or picture from the descriptor `fd`. The same file gives the same bytes: one thread,
 * and conversions without the shortcuts that differ between processors.
 */
export function fileArguments(
  ffmpeg: FfmpegBinary,
  options: PictureOptions & { readonly fd: number; readonly fps: number | undefined },
): string[] {
  const { fd, fps } = options;
  const rate = fps === undefined ? [] : [`fps=${fps}:eof_action=pass`];
  return [
    ...logged('info'),
    ...oneThread,
    '-flags',
    '+bitexact',
    '-protocol_whitelist',
    'file,crypto,data',
    '-i',
    `file:/dev/fd/${fd}`,
    '-sws_flags',
    'bilinear+accurate_rnd+full_chroma_int+bitexact',
    ...output(ffmpeg, [...rate, ...pictureFilters(options)]),
  ];
}
