/** One kind of stream, as a clip that each server sends in its own way. */
export interface Shape {
  readonly name: string;
  readonly codec: 'h264' | 'hevc' | 'mjpeg' | 'mpeg4';
  readonly widthPx: number;
  readonly heightPx: number;
  readonly fps: number;
  readonly seconds: number;
  /** FFmpeg's arguments for filters and the encoder. */
  readonly encoding: readonly string[];
  /** The size of the analysed frames, where it isn't that of the stream. */
  readonly analysed?: readonly [widthPx: number, heightPx: number];
  /** Frames come at irregular times. */
  readonly isIrregular?: boolean;
  /** Problems that `rollcall camera test` has to name. Default: none. */
  readonly problems?: readonly string[];
}

const usual = { codec: 'h264', widthPx: 640, heightPx: 360, fps: 25, seconds: 9 } as const;

/** Quick H.264 with a key frame every second. */
const h264 = (...more: readonly string[]): readonly string[] => [
  ...[
    '-pix_fmt',
    'yuv420p',
    '-c:v',
    'libx264',
    '-preset',
    'ultrafast',
    '-force_key_frames',
    'expr:gte(t,n_forced)',
  ],
  ...more,
];
const h265 = (format: string): readonly string[] => [
  ...['-pix_fmt', format, '-c:v', 'libx265', '-preset', 'ultrafast', '-tag:v', 'hvc1'],
  ...['-x265-params', 'log-level=none:keyint=25:scenecut=0'],
];

/** Widest analysed frames, pixels; the default of `maxAnalysisWidthPx`. */
export const maxAnalysisWidthPx = 1920;

export const shapes: readonly Shape[] = [
  { ...usual, name: 'H.264 baseline', encoding: h264('-profile:v', 'baseline') },
  {
    ...usual,
    name: 'H.264 high with B-frames',
    encoding: h264('-profile:v', 'high', '-bf', '3', '-b_strategy', '0'),
  },
  { ...usual, name: 'H.264 interlaced', encoding: h264('-flags', '+ildct+ilme', '-x264-params', 'tff=1') },
  {
    ...{ ...usual, name: 'H.264 portrait', widthPx: 360, heightPx: 640 },
    encoding: h264(),
  },
  {
    ...{ ...usual, name: 'H.264 with narrow pixels (960H)', widthPx: 960, heightPx: 576 },
    ...{ encoding: h264('-vf', 'setsar=4/5'), analysed: [768, 576] },
  },
  {
    ...{ ...usual, name: 'H.264 4K, 10 fps', widthPx: 3840, heightPx: 2160, fps: 10, seconds: 7 },
    ...{ encoding: h264('-crf', '35'), analysed: [1920, 1080] },
  },
  { ...usual, name: 'H.264 1 fps', fps: 1, seconds: 16, encoding: h264(), problems: ['camera-too-slow'] },
  { ...usual, name: 'H.264 60 fps', fps: 60, encoding: h264() },
  {
    ...{ ...usual, name: 'H.264 variable rate', isIrregular: true },
    encoding: ['-vf', 'select=gt(mod(n\\,5)\\,0)*lt(mod(n\\,31)\\,24)', '-fps_mode', 'vfr', ...h264()],
  },
  {
    ...{ ...usual, name: 'H.264 key frame every 10 s', seconds: 22 },
    encoding: [
      '-pix_fmt',
      'yuv420p',
      '-c:v',
      'libx264',
      '-preset',
      'ultrafast',
      '-g',
      '250',
      '-sc_threshold',
      '0',
    ],
  },
  { ...usual, name: 'H.265 8 bits', codec: 'hevc', encoding: h265('yuv420p') },
  { ...usual, name: 'H.265 10 bits', codec: 'hevc', encoding: h265('yuv420p10le') },
  {
    ...usual,
    name: 'MJPEG',
    codec: 'mjpeg',
    encoding: ['-pix_fmt', 'yuvj420p', '-c:v', 'mjpeg', '-huffman', 'default', '-q:v', '4'],
  },
  {
    ...usual,
    name: 'MPEG-4',
    codec: 'mpeg4',
    encoding: ['-pix_fmt', 'yuv420p', '-c:v', 'mpeg4', '-g', '25', '-q:v', '4'],
  },
];
