import type { VideoDecoder } from '../../kernel/video-decoder.js';
import { stripsOf } from '../../kernel/zones/mask-strips.js';
import type { Polygon } from '../../kernel/zones/polygon.js';
import type { ClipLimits } from './clip-options.js';
import { scriptProtocols } from './concat-script.js';
import type { FfmpegBinary } from './ffmpeg-binary.js';
import { rateFilter } from './frame-rate.js';

interface PictureOptions {
  /** Wider pictures are scaled down to this width, pixels. */
  readonly maxAnalysisWidthPx: number;
  /** Parts of the picture that are black in every frame. */
  readonly masks?: readonly Polygon[];
}

/** The log has one line per frame, and levels in front of all lines: `diagnose` needs both. */
function logged(level: 'info' | 'verbose'): string[] {
  return ['-hide_banner', '-nostats', '-loglevel', `repeat+level+${level}`];
}

/**
 * Full-range 4:2:0 is not converted: that would cost as much as decoding. `showinfo` comes last: its line k announces
 * picture k of the output with its final size.
 */
function pictureFilters({ maxAnalysisWidthPx, masks = [] }: PictureOptions): string[] {
  const shrunkBy = `min(1\\,${maxAnalysisWidthPx}/(iw*${pixelShape}))`;
  const sizes = [scaled('iw', `${pixelShape}*${shrunkBy}`), scaled('ih', shrunkBy)];
  return [
    `scale=w=${sizes[0]}:h=${sizes[1]}:flags=bilinear+bitexact`,
    'format=yuv420p|yuvj420p',
    ...maskFilters(masks),
    'showinfo=checksum=0',
  ];
}

/**
 * Width of a pixel over its height. Analogue formats such as 960H have narrow or wide pixels, in which faces would be too wide or too narrow
 * for the networks. A ratio that no camera has, or that hardly differs from 1, is not worth the scaling.
 */
const pixelShape = 'if(between(abs(log(sar))\\,0.04\\,0.7)\\,sar\\,1)';

/** A side of the picture times `factor`, even where it changes. */
const scaled = (side: 'iw' | 'ih', factor: string): string =>
  `if(eq(${factor}\\,1)\\,${side}\\,2*round(${side}*${factor}/2))`;

/**
 * Blackens polygons, strip by strip. Each strip depends on nothing but the size of the picture: a clock of the camera that jumps, a
 * new size in mid-stream, or a second input that is missing cannot let a frame through uncovered. Whole pixels are covered.
 */
function maskFilters(masks: readonly Polygon[]): string[] {
  return stripsOf(masks).map(({ left, top, right, bottom }) => {
    const [x, y] = [`floor(iw*${fraction(left)})`, `floor(ih*${fraction(top)})`];
    // FFmpeg takes a width of 0 as that of the whole picture.
    const width = `max(1\\,ceil(iw*${fraction(right)})-${x})`;
    const height = `max(1\\,ceil(ih*${fraction(bottom)})-${y})`;
    return `drawbox=x=${x}:y=${y}:w=${width}:h=${height}:color=black:t=fill`;
  });
}

const fraction = (value: number): string => value.toFixed(6);

/** The descriptor on which FFmpeg finds its input. */
export const inputFd = 3;

/** One decoder thread and one encoder thread: more threads delay frames (measured in docs/reference/ingest.md). */
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

/**
 * What decodes the input that follows. The frames stay on the device, so that nothing but `hardwareFilters` takes them: without these
 * options FFmpeg would silently decode in software what the hardware cannot.
 */
export function decoderInput(decoder: VideoDecoder): string[] {
  return decoder === 'software' ? [] : ['-hwaccel', decoder, '-hwaccel_output_format', decoder];
}

/** Copies frames from the device, with 8 or 10 bits. Frames that were decoded in software end FFmpeg here. */
export const hardwareFilters: readonly string[] = ['hwdownload', 'format=nv12|p010'];

/** The script from a URL as the input. */
function scriptInput(url: string): string[] {
  return ['-protocol_whitelist', scriptProtocols, '-f', 'concat', '-safe', '0', '-i', url];
}

/** FFmpeg takes no commands on standard input while it reads from anything that begins with `pipe:`. */
const commandedInput = `async:pipe:${inputFd}`;

/** Later versions of FFmpeg read commands as often as statistics are due. */
function takesCommandsSoon(ffmpeg: FfmpegBinary): string[] {
  return ffmpeg.readsCommandsWithStats ? ['-stats_period', '0.1'] : [];
}

/** The most pixels of a picture of a camera: 8192 x 8192. A stream that claims more would cost gigabytes. */
const mostCameraPixels = 2 ** 26;
const decoderLimits = ['-max_pixels', String(mostCameraPixels)];

interface DecodingOptions extends PictureOptions {
  readonly framesPerS: number;
  readonly decoder: VideoDecoder;
}

/** Frames that are not chosen are neither scaled nor written, and never leave the device that decoded them. */
function chosenPictures(options: DecodingOptions): string[] {
  const download = options.decoder === 'software' ? [] : hardwareFilters;
  return [rateFilter(options.framesPerS), ...download, ...pictureFilters(options)];
}

/** The longest key frame interval of usual cameras, with something to spare, seconds. */
const longestKeyFrameIntervalS = 12;

/**
 * Passes frames from the first key frame on. Whoever opens a camera mostly joins between two of them, and FFmpeg shows what it decodes of
 * H.265 until the next one, on guessed reference frames. A stream that refreshes its pictures bit by bit has no key frames, so they are
 * waited for in vain only at its beginning.
 */
const fromKeyFrame = `select=if(key\\,st(0\\,1)\\,ld(0)+gte(t-start_t\\,${longestKeyFrameIntervalS}))`;

/**
 * Arguments to pull the camera whose script comes on descriptor `inputFd`. They contain no secret. Standard input takes commands
 * (`FrameRate`).
 */
export function cameraArguments(ffmpeg: FfmpegBinary, options: DecodingOptions): string[] {
  return [
    // Verbose: the media that the camera offers and the packet count distinguish causes that look alike.
    ...logged('verbose'),
    ...takesCommandsSoon(ffmpeg),
    ...oneThread,
    ...decoderLimits,
    ...decoderInput(options.decoder),
    ...scriptInput(commandedInput),
    ...output(ffmpeg, [fromKeyFrame, ...chosenPictures(options)]),
  ];
}

/** Arguments to hand on the video of such a camera picture by picture, as fragments of MP4. Nothing is decoded. */
export function partArguments(): string[] {
  return [
    ...logged('verbose'),
    '-nostdin',
    ...scriptInput(`pipe:${inputFd}`),
    ...['-map', '0:v:0', '-c', 'copy', '-f', 'mp4'],
    ...['-movflags', '+frag_every_frame+empty_moov+default_base_moof', '-flush_packets', '1', 'pipe:1'],
  ];
}

/**
 * Arguments to decode such fragments on descriptor `inputFd`. Pictures before `fromS` on the clock of the stream are not written. Standard
 * input takes commands (`FrameRate`).
 */
export function partDecoderArguments(
  ffmpeg: FfmpegBinary,
  options: DecodingOptions & { readonly fromS: number },
): string[] {
  return [
    ...logged('verbose'),
    ...takesCommandsSoon(ffmpeg),
    ...oneThread,
    ...decoderLimits,
    ...decoderInput(options.decoder),
    // Otherwise times would begin at 0, and the first pictures would be read to measure a frame rate that nothing uses.
    ...['-copyts', '-fpsprobesize', '0'],
    ...['-protocol_whitelist', 'async,pipe', '-f', 'mp4', '-i', commandedInput],
    ...output(ffmpeg, [`select=gte(t\\,${options.fromS.toFixed(3)})`, ...chosenPictures(options)]),
  ];
}

/** Codecs that browsers play, as FFmpeg names them. */
export const copiedCodecs = ['h264', 'hevc'] as const;
export type CopiedCodec = (typeof copiedCodecs)[number];

/** How much a fragment of a copied stream holds at most, microseconds: the player cannot show a picture before its fragment ends. */
const fragmentUs = 100_000;

/** Arguments to hand on the video of a camera, whose script comes on standard input, as fragments of MP4. Nothing is decoded. */
export function copyArguments(codec: CopiedCodec): string[] {
  return [
    ...['-hide_banner', '-nostats', '-nostdin', '-loglevel', 'quiet'],
    ...scriptInput('pipe:0'),
    ...['-map', '0:v:0', '-c', 'copy', '-f', 'mp4'],
    // By the other name of H.265 in MP4, which FFmpeg takes by default, Safari does not play it.
    ...(codec === 'hevc' ? ['-tag:v', 'hvc1'] : []),
    ...['-movflags', '+frag_keyframe+empty_moov+default_base_moof', '-frag_duration', String(fragmentUs)],
    ...['-flush_packets', '1', 'pipe:1'],
  ];
}

/** The most pixels of a picture in a clip: 4096 x 4096. A header that claims more would cost gigabytes. */
const mostClipPixels = 2 ** 24;

/**
 * Arguments to read a clip or picture from descriptor `inputFd` with one named demuxer and no other protocol than files. One thread and exact conversions: the same file gives the
 * same bytes on every processor.
 */
export function fileArguments(
  ffmpeg: FfmpegBinary,
  options: PictureOptions & {
    readonly demuxer: string;
    readonly fps: number | undefined;
    readonly limits: Pick<ClipLimits, 'longestS' | 'mostFrames'> | undefined;
  },
): string[] {
  const { fps, demuxer, limits } = options;
  const rate = fps === undefined ? [] : [`fps=${fps}:eof_action=pass`];
  return [
    ...logged('info'),
    '-nostdin',
    ...oneThread,
    '-flags',
    '+bitexact',
    ...['-max_pixels', String(mostClipPixels)],
    ...(limits === undefined ? [] : ['-t', String(limits.longestS)]),
    ...['-protocol_whitelist', 'file', '-format_whitelist', demuxer, '-f', demuxer],
    '-i',
    `file:/dev/fd/${inputFd}`,
    '-sws_flags',
    'bilinear+accurate_rnd+full_chroma_int+bitexact',
    ...(limits === undefined ? [] : ['-frames:v', String(limits.mostFrames)]),
    ...output(ffmpeg, [...rate, ...pictureFilters(options)]),
  ];
}
