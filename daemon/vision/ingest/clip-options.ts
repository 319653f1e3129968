import type { Clock } from '../../base/clock.js';
import type { CameraId } from '../../domain/ids.js';
import type { FfmpegBinary } from './ffmpeg-binary.js';

/** Which clip to replay, and how. */
export interface ClipOptions {
  /** A clip or picture in any format that FFmpeg recognises by its content. */
  readonly path: string;
  /** What the frames are said to come from. */
  readonly cameraId: CameraId;
  readonly ffmpeg: FfmpegBinary;
  /** A real clock: it only limits how long FFmpeg may take to end. */
  readonly clock: Clock;
  /** Frames per second to sample at: frame n is then at n / `fps`. Absent: every frame at its own time. */
  readonly fps?: number;
  /** Wider pictures are scaled down to this width, pixels. */
  readonly maxAnalysisWidthPx: number;
}
