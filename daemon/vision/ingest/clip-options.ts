import type { Clock } from '../../kernel/clock.js';
import type { CameraId } from '../../kernel/ids.js';
import type { FfmpegBinary } from './ffmpeg-binary.js';

/** Options for reading a clip. */
export interface ClipOptions {
  /** A video, or one JPEG or PNG picture: see `readDemuxer`. */
  readonly path: string;
  /** The camera id that the frames carry. */
  readonly cameraId: CameraId;
  readonly ffmpeg: FfmpegBinary;
  /** A real clock: it limits how long FFmpeg may take to end. */
  readonly clock: Clock;
  /** Sampling rate in frames a second: frame n has the time n / `fps`. Absent: all frames with their own times. */
  readonly fps?: number;
  /** Wider pictures are scaled down to this width, pixels. */
  readonly maxAnalysisWidthPx: number;
  /** For a clip from somebody else. Absent: any length. */
  readonly limits?: ClipLimits;
}

/** What one clip may cost. What lies beyond the limits is not read. */
export interface ClipLimits {
  readonly longestS: number;
  readonly mostFrames: number;
  /** Time for reading and analysis together, milliseconds. */
  readonly longestReadingMs: number;
  /** For the decoder. */
  readonly memoryBytes: number;
}
