import { BufferPool } from './buffer-pool.js';
import { requireEndpoint } from './camera-address.js';
import { CameraOpening } from './camera-opening.js';
import type { CameraContinuity, CameraSourceOptions } from './camera-source-options.js';
import type { FrameSource } from './frame-source.js';

/** Pulls an RTSP camera with its own FFmpeg process. Throws `camera-url-unusable` for an address that is not RTSP. */
export function ffmpegCameraSource(options: CameraSourceOptions): FrameSource {
  requireEndpoint(options.address);
  const continuity: CameraContinuity = {
    pool: new BufferPool(options.bufferCount ?? 4),
    nextSequence: 0,
    lastCapturedMs: Number.NEGATIVE_INFINITY,
    hasWarnedOfLogin: false,
  };
  return {
    open: (sink, { signal }) => new CameraOpening(options, continuity, sink).run(signal),
  };
}
