import type { Box } from '../kernel/faces/geometry.js';
import type { Frame } from '../kernel/faces/picture.js';
import type { DetectorRunKind } from '../kernel/tracks/detector-schedule.js';
import type { GatePolicy } from '../kernel/tracks/look-gate.js';
import { longestKeyFrameWaitMs, type WantedFrames } from './ingest/resting-source.js';
import { type Look, type LookState, type Scene, SceneWatch } from './scene-watch.js';

/**
 * Every moment in which frames are wanted keeps the decoder of the main stream awake. So after a motion there is time for one full look
 * and the quick ones around it, and a look at the whole picture of a still scene comes seldom.
 */
const policy: GatePolicy = { heldForMs: 1200, wholeEveryMs: 15_000, seldomEveryMs: 15_000 };

/**
 * The scene in front of a camera with two streams. The substream is watched, which shows the same picture in small; only while it
 * cannot be, the analysed frames are.
 */
export class SubstreamScene implements Scene {
  readonly #watch: SceneWatch;
  #isSubstreamWatched = false;
  /** When the first frame came since the substream is watched. */
  #firstSeenMs: number | undefined;
  /** The followed faces, in shares of the picture. */
  #faces: readonly Box[] = [];

  /** `ignoredCells`: see `SceneMotion`. */
  constructor(smallestFacePx: number, ignoredCells?: Uint8Array) {
    this.#watch = new SceneWatch(smallestFacePx, ignoredCells, policy);
  }

  /** Whether frames of the substream come, and can be relied on. */
  watchSubstream(isWatched: boolean): void {
    if (isWatched === this.#isSubstreamWatched) return;
    this.#isSubstreamWatched = isWatched;
    this.#firstSeenMs = undefined;
    // Two encodings of a scene have different noise.
    this.#watch.forget();
  }

  /** Takes a frame of the substream. */
  seeSubstream(frame: Frame): void {
    const { widthPx, heightPx } = frame.picture;
    this.#firstSeenMs ??= frame.capturedAtMs;
    this.#watch.see(
      frame,
      this.#faces.map((face) => scaled(face, widthPx, heightPx)),
    );
  }

  see(frame: Frame, faces: readonly Box[]): void {
    const { widthPx, heightPx } = frame.picture;
    this.#faces = faces.map((face) => scaled(face, 1 / widthPx, 1 / heightPx));
    if (!this.#isSubstreamWatched) this.#watch.see(frame, faces);
  }

  isResting(atMs: number): boolean {
    return this.#watch.isResting(atMs);
  }

  /**
   * Which frames of the main stream are wanted while no face is followed. A look at a still scene sees a key frame, which is decoded
   * alone: a decoder that catches up with the frames after it costs as much as seconds of rest (docs/measurements/performance.md). That
   * also holds for the look after a motion that came too late to see it move, and for the first looks at a scene: on a box with too much
   * to do, streams that stay awake for their looks keep each other from getting any.
   */
  wantedFrames(atMs: number): WantedFrames {
    if (this.#watch.isMoving(atMs)) return 'all';
    if (this.#watch.isSettling) return 'key-frame';
    const overdueMs = Math.min(this.#watch.overdueMs(atMs), atMs - (this.#firstSeenMs ?? atMs));
    if (overdueMs < 0) return 'none';
    return overdueMs < longestKeyFrameWaitMs ? 'key-frame' : 'all';
  }

  look(due: DetectorRunKind, frame: Frame, state: LookState): Look | undefined {
    return this.#watch.look(due, frame, state);
  }

  forget(): void {
    this.#faces = [];
    if (this.#isSubstreamWatched) this.#watch.lookAgain();
    else this.#watch.forget();
  }
}

function scaled({ x, y, width, height }: Box, byX: number, byY: number): Box {
  return { x: x * byX, y: y * byY, width: width * byX, height: height * byY };
}
