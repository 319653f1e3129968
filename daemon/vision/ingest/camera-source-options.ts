import type { Clock } from '../../kernel/clock.js';
import type { CameraId } from '../../kernel/ids.js';
import type { Logger } from '../../kernel/logger.js';
import type { HwaccelChoice, VideoDecoder } from '../../kernel/video-decoder.js';
import type { Polygon } from '../../kernel/zones/polygon.js';
import type { BufferPool } from './buffer-pool.js';
import type { CameraAddress } from './camera-address.js';
import type { CameraNetwork } from './camera-network.js';
import type { FfmpegBinary } from './ffmpeg-binary.js';
import type { StreamFailure } from './stream-end.js';

/** Options of the source of one camera. */
export interface CameraSourceOptions {
  readonly cameraId: CameraId;
  readonly address: CameraAddress;
  /** Default: that of this process. */
  readonly network?: CameraNetwork | undefined;
  readonly ffmpeg: FfmpegBinary;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Frames a second on average; fewer where the stream has fewer. */
  readonly framesPerS: number;
  /** Wider pictures are scaled down to this width, pixels. */
  readonly maxAnalysisWidthPx: number;
  /** Parts of the picture that are black in every frame. Default: none. */
  readonly masks?: readonly Polygon[];
  readonly hwaccel: HwaccelChoice;
  /** Seconds without a new frame after which a running stream counts as dead. */
  readonly stallAfterS: number;
  /** Seconds a newly opened stream may take to its first frame. */
  readonly firstFrameWithinS: number;
  /** Frames that are older than this when they are complete are dropped, milliseconds. Default 1000. */
  readonly staleAfterMs?: number;
  /** Most pictures in memory. Default `usualBuffers`. */
  readonly bufferCount?: number;
}

/** Options of one opening of a camera. */
export interface OpeningOptions extends CameraSourceOptions {
  readonly decoder: VideoDecoder;
}

/** State that outlives one opening of a camera. */
export interface CameraContinuity {
  readonly pool: BufferPool;
  nextSequence: number;
  lastCapturedMs: number;
  /** The warning about a password in readable form was logged. */
  hasWarnedOfLogin: boolean;
  /** Why `hwaccel: auto` no longer uses the hardware. A stream that broke it once would break it again. */
  fallback: StreamFailure | undefined;
}
