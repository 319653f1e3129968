import type { BestShot } from '../faces/best-shot.js';
import type { Box } from '../faces/geometry.js';
import type { FaceQuality } from '../faces/quality.js';
import type { Probe } from '../identification/match.js';
import type { CameraId, RecogniserId, TrackId } from '../ids.js';
import type { LivenessAssessment } from '../liveness/liveness.js';

/**
 * What a vision process tells the core about one track, whenever something changed. It is all that ever leaves a
 * vision process about a face in front of a camera.
 */
export interface Sighting {
  readonly cameraId: CameraId;
  readonly trackId: TrackId;
  /** Counts the sightings of this track from 0. */
  readonly sequence: number;
  readonly isEnded: boolean;
  /** Capture times of the first frame, and of the frame that caused this sighting, monotonic milliseconds. */
  readonly firstSeenMs: number;
  readonly lastSeenMs: number;
  /** Latest position in full-resolution pixels. */
  readonly box: Box;
  /** Best view so far. */
  readonly quality: FaceQuality;
  readonly liveness: LivenessAssessment;
  readonly recogniser: RecogniserId;
  /** Embeddings taken since the sighting before this one. */
  readonly probes: readonly Probe[];
  /** A picture of the face, where evidence is kept and this one is better than the one sent before, if any. */
  readonly bestShot?: BestShot;
}
