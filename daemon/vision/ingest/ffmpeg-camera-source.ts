import { BufferPool } from './buffer-pool.js';
import { requireEndpoint } from './camera-address.js';
import { CameraOpening } from './camera-opening.js';
import type { CameraContinuity, CameraSourceOptions } from './camera-source-options.js';
import type { FrameSource } from './frame-source.js';

/**
 * Pulls an RTSP camera with an FFmpeg process of its own. Throws `camera-url-unusable` for an address that is none.
 */
export function ffmpegCameraSource(options: CameraSourceOptions): FrameSource {
  requireEndpoint(options.address);
  const continuity: CameraContinuity = {
    pool: new BufferPool(options.bufferCount ?? 4),
    nextSequence: 0,
    lastCapturedMs: Number.NEGATIVE_INFINITY,
    isTold: false,
  };
  return {
    open: (sink, { signal }) => new CameraOpening(options, continuity, sink).run(signal),
  };
}
