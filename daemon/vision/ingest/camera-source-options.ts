import type { Clock } from '../../base/clock.js';
import type { Logger } from '../../base/logger.js';
import type { CameraId } from '../../domain/ids.js';
import type { BufferPool } from './buffer-pool.js';
import type { CameraAddress } from './camera-address.js';
import type { FfmpegBinary } from './ffmpeg-binary.js';

/** Which camera to pull, and how. */
export interface CameraSourceOptions {
  readonly cameraId: CameraId;
  readonly address: CameraAddress;
  readonly ffmpeg: FfmpegBinary;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Frames wanted per second, on average; fewer where the stream has fewer. */
  readonly framesPerS: number;
  /** Wider pictures are scaled down to this width, pixels. */
  readonly maxAnalysisWidthPx: number;
  /** As FFmpeg's `-hwaccel` takes it, or `none`. */
  readonly hwaccel: string;
  /** Seconds without a frame after which a stream that had delivered is dead. */
  readonly stallAfterS: number;
  /** Seconds a newly opened stream may take to its first frame. */
  readonly firstFrameWithinS: number;
  /** Frames older than this when they are whole are dropped, milliseconds. Default 1000. */
  readonly staleAfterMs?: number;
  /**
   * Pictures in memory at a time. Default 4: one being read, one waiting, one being analysed, and one for a
   * consumer that compares with the frame before.
   */
  readonly bufferCount?: number;
}

/** What outlives one opening of a camera. */
export interface CameraContinuity {
  readonly pool: BufferPool;
  nextSequence: number;
  lastCapturedMs: number;
  /** It was logged that the password travels in a form that can be read on the way. */
  isTold: boolean;
}
