import { type FacesInSight, mostFacesInSight, mostOpenness } from '../../contract/vision/vision-reports.js';
import type { TrackId } from '../../kernel/ids.js';
import type { EyeSample } from '../../kernel/liveness/liveness.js';
import { assessLiveness, type LivenessPolicy } from '../../kernel/liveness/liveness-verdict.js';
import type { TrackedView } from '../stage-event.js';
import { measuresOf, type SeenFace } from './seen-faces.js';

/** Shortest time between two reports, milliseconds. */
const everyMs = 200;
/** The same while no face is in sight. */
const everyIdleMs = 1_000;

/**
 * What one camera measures at the faces in its sight, in numbers, while a caller follows it. Costs nothing otherwise.
 */
export class FollowedFaces {
  readonly #cameraId: string;
  readonly #policy: LivenessPolicy;
  readonly #report: (faces: FacesInSight) => void;
  /** How far the eyes of each face were open since the last report. */
  readonly #openness = new Map<TrackId, (number | null)[]>();
  #isFollowed = false;
  #lastMs = Number.NEGATIVE_INFINITY;
  #hadFaces = false;

  constructor(cameraId: string, policy: LivenessPolicy, report: (faces: FacesInSight) => void) {
    this.#cameraId = cameraId;
    this.#policy = policy;
    this.#report = report;
  }

  get isFollowed(): boolean {
    return this.#isFollowed;
  }

  /** Begins or ends the reports. */
  follow(isFollowed: boolean): void {
    this.#isFollowed = isFollowed;
    this.#lastMs = Number.NEGATIVE_INFINITY;
    this.#openness.clear();
  }

  /** Takes what the frame that is being analysed showed of one face. */
  see({ trackId, eyes }: TrackedView): void {
    if (!this.#isFollowed) return;
    const before = this.#openness.get(trackId) ?? [];
    this.#openness.set(trackId, [...before, opennessOf(eyes)].slice(-mostOpenness));
  }

  /** Takes an analysed frame; `faces` gives its faces. */
  offer(capturedAtMs: number, faces: () => readonly SeenFace[]): void {
    if (!this.#isFollowed || capturedAtMs - this.#lastMs < everyMs) return;
    const seen = faces().slice(0, mostFacesInSight);
    const isIdle = seen.length === 0 && !this.#hadFaces;
    if (isIdle && capturedAtMs - this.#lastMs < everyIdleMs) return;
    this.#hadFaces = seen.length > 0;
    this.#lastMs = capturedAtMs;
    this.#report({
      ...{ cameraId: this.#cameraId, capturedAtMs },
      faces: seen.map((face) => this.#describe(face)),
    });
    this.#openness.clear();
  }

  #describe({ face: { track, observation }, number, view }: SeenFace): FacesInSight['faces'][number] {
    const { verdict, reason, evidence } = assessLiveness(observation.liveness, this.#policy);
    const { blinks, unboundBlinks, observedS } = evidence;
    const blinkCount = blinks.length + unboundBlinks.length;
    return {
      ...{ trackId: track.id, number },
      view: view === undefined ? null : measuresOf(view),
      openness: this.#openness.get(track.id) ?? [],
      liveness: { verdict, reason, blinkCount, observedS },
    };
  }
}

/** The mean of both eyes, or that of the one that could be judged. */
function opennessOf({ left, right }: EyeSample): number | null {
  const eyes = [left, right].filter((eye) => eye !== undefined);
  return eyes.length === 0 ? null : eyes.reduce((sum, eye) => sum + eye, 0) / eyes.length;
}
