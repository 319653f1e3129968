/** The meaning of one line of FFmpeg's log. */
type LogLine =
  /** The unit of the presentation times that follow, seconds. */
  | { readonly kind: 'time-base'; readonly unitS: number }
  /** Announces the next picture on the raw output. */
  | {
      readonly kind: 'frame';
      /** Presentation time in units of the last time base; undefined where the stream has none. */
      readonly pts: number | undefined;
      readonly widthPx: number;
      readonly heightPx: number;
      readonly isFullRange: boolean;
    }
  /** Describes the video stream that was opened. */
  | {
      readonly kind: 'stream';
      readonly codec: string;
      readonly widthPx: number;
      readonly heightPx: number;
      readonly fps: number | null;
      /** Its pictures are full-range 4:2:0, even if they are not announced as `yuvj420p`, as those from a GPU are not. */
      readonly isFullRange: boolean;
    }
  /** A medium in the camera's session description: `video`, `audio`, `application`. */
  | { readonly kind: 'medium'; readonly medium: string }
  /** The picture rate in the session description. */
  | { readonly kind: 'rate'; readonly fps: number }
  /** Packets of the stream that arrived; FFmpeg logs it at the end. */
  | { readonly kind: 'packets'; readonly count: number }
  /** How FFmpeg took a command; negative for a refusal. */
  | { readonly kind: 'answer'; readonly code: number }
  /** A warning or an error. */
  | { readonly kind: 'message'; readonly text: string }
  | { readonly kind: 'chatter' };

const timeBase = /^\[Parsed_showinfo_\d+ @ \w+\] \[info\] config in time_base: (\d+)\/(\d+)/;
// Not `pts_time`: it has only six digits, and after a few hours no fraction of a second is left.
// From FFmpeg 7 on, another thread may print its question for a command between the parts of a line.
const frame =
  /^(?:(?:\[Parsed_showinfo_\d+ @ \w+\] )?\[info\] )?n: *\d+ pts: *(\S+) .*?fmt:(\w+) .*?s:(\d+)x(\d+) /;
const inputStream = /^\[info\] +Stream #0:\d+\S*: Video: (\w+)(.*)$/;
const pixelSize = /, (\d{1,5})x(\d{1,5})\b/;
const declaredRate = /, ([\d.]+)(k?) fps\b/;
const medium = /^m=([a-z]+) /;
const describedRate = /^a=(?:x-)?framerate: *([\d.]+)/;
const packetsRead = /^(?:\[[^\]]+ @ \w+\] )?\[verbose\] +Input stream #0:0 .*?: (\d+) packets read/;
/** No camera is faster. Without a declared rate, FFmpeg prints the unit of time as a rate: `60k fps`, `90k fps`. */
const highestFps = 500;
const answer = /^Command reply for stream \d+: ret:(-?\d+) /;
const complaint = /^(?:\[[^\]]+ @ \w+\] )?\[(?:warning|error|fatal|panic)\] /;

/** Parses a line of `-loglevel repeat+level+info` or `verbose` (checked with FFmpeg 4.1, 5.1 and 7.0). */
export function parseLogLine(line: string): LogLine {
  const shown = frame.exec(line);
  if (shown !== null) {
    const [, pts, format, widthPx, heightPx] = shown;
    const units = Number(pts);
    return {
      kind: 'frame',
      pts: Number.isFinite(units) ? units : undefined,
      widthPx: Number(widthPx),
      heightPx: Number(heightPx),
      isFullRange: format === 'yuvj420p',
    };
  }
  const base = timeBase.exec(line);
  if (base !== null) return { kind: 'time-base', unitS: Number(base[1]) / Number(base[2]) };
  const stream = inputStream.exec(line);
  if (stream !== null) return parseStream(stream[1] ?? '', stream[2] ?? '');
  const offered = medium.exec(line);
  if (offered !== null) return { kind: 'medium', medium: offered[1] ?? '' };
  const described = describedRate.exec(line);
  if (described !== null) return { kind: 'rate', fps: Number(described[1]) };
  const read = packetsRead.exec(line);
  if (read !== null) return { kind: 'packets', count: Number(read[1]) };
  const answered = answer.exec(line);
  if (answered !== null) return { kind: 'answer', code: Number(answered[1]) };
  if (complaint.test(line)) return { kind: 'message', text: line };
  return { kind: 'chatter' };
}

function parseStream(codec: string, rest: string): LogLine {
  const size = pixelSize.exec(rest);
  const rate = declaredRate.exec(rest);
  const fps = rate === null ? null : saneFps(Number(rate[1]) * (rate[2] === 'k' ? 1000 : 1));
  return {
    kind: 'stream',
    codec,
    widthPx: Number(size?.[1] ?? 0),
    heightPx: Number(size?.[2] ?? 0),
    fps,
    isFullRange: /\byuvj?420p\(pc\b/.test(rest),
  };
}

function saneFps(fps: number): number | null {
  return fps > 0 && fps <= highestFps ? fps : null;
}

/** A sign that a picture could not be decoded completely. */
export type DamageSign =
  /** Packets that did not arrive. */
  | { readonly sign: 'missed'; readonly count: number }
  /** Invalid coded data. */
  | { readonly sign: 'error' }
  /** A picture with guessed parts. */
  | { readonly sign: 'concealed' };

const missedPackets = /\] RTP: missed (\d+) packets/;
const concealed = /\bcorrupt decoded frame\b/;
const unassembled = /\] (?:Missing packets; dropping frame|Received packet without a start chunk)/;
const decoderError =
  /^\[(?:h264|hevc|mjpeg|mpeg4|mpeg2video|vp8|vp9|av1|libdav1d|\w+_(?:cuvid|qsv)) @ \w+\] \[(?:error|fatal)\] /;
/** Decoders print these as errors for streams whose pictures are whole. */
const harmless =
  /\bSEI\b|\bVUI\b|APP fields|mmco|number of reference frames|overread|EXIF|ICC|side data|not (?:yet )?(?:implemented|supported)/i;

/** Undefined for a line without a sign of damage. For FFmpeg 5.1 to 7; no value of `-err_detect` adds such lines. */
export function damageSignOf(line: string): DamageSign | undefined {
  const missed = missedPackets.exec(line);
  if (missed !== null) return { sign: 'missed', count: Number(missed[1]) };
  if (concealed.test(line)) return { sign: 'concealed' };
  if (unassembled.test(line)) return { sign: 'error' };
  return decoderError.test(line) && !harmless.test(line) ? { sign: 'error' } : undefined;
}
