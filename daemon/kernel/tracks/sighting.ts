import type { BestShot } from '../faces/best-shot.js';
import type { Box } from '../faces/geometry.js';
import type { FaceQuality } from '../faces/quality.js';
import type { ViewTally } from '../faces/view-tally.js';
import type { Probe } from '../identification/match.js';
import type { CameraId, RecogniserId, TrackId } from '../ids.js';
import type { LivenessAssessment } from '../liveness/liveness.js';
import type { OpennessCurve } from '../liveness/openness-curve.js';
import { trackEndReasons } from './track.js';

/** Only confirmed tracks have sightings. */
export const sightingEnds = trackEndReasons.filter((reason) => reason !== 'never-confirmed');
export type SightingEnd = (typeof sightingEnds)[number];

/**
 * The message of a vision process to the core about one track, sent whenever something changed. No other data about a face in
 * front of a camera leaves a vision process.
 */
export interface Sighting {
  readonly cameraId: CameraId;
  readonly trackId: TrackId;
  /** Number of the sighting within its track, from 0. */
  readonly sequence: number;
  readonly isEnded: boolean;
  /** Set if the track has ended. */
  readonly endedBy?: SightingEnd;
  /** Capture times of the first frame, and of the frame that caused this sighting, monotonic milliseconds. */
  readonly firstSeenMs: number;
  readonly lastSeenMs: number;
  /** Latest position in full-resolution pixels. */
  readonly box: Box;
  /** Best view so far. */
  readonly quality: FaceQuality;
  /** All views so far. */
  readonly views: ViewTally;
  readonly liveness: LivenessAssessment;
  readonly recogniser: RecogniserId;
  /** Embeddings since the previous sighting. */
  readonly probes: readonly Probe[];
  /** A picture of the face, if evidence is kept and the picture is better than the last one sent. */
  readonly bestShot?: BestShot;
  /** The eyes up to now: with each verdict on liveness, and at the end of a track that has none. */
  readonly openness?: OpennessCurve;
}
