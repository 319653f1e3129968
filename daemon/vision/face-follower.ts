import type { Detection, FaceLandmarks } from '../domain/faces/face.js';
import type { Box } from '../domain/faces/geometry.js';
import type { Frame } from '../domain/faces/picture.js';
import type { TrackId } from '../domain/ids.js';
import { associate, associationCost, type Expectation } from '../domain/tracks/association.js';
import { chooseLooks } from '../domain/tracks/look-order.js';
import {
  type LookHistory,
  type LookKind,
  lookDue,
  neverLooked,
  recordLook,
  weightOfMiss,
} from '../domain/tracks/look-schedule.js';
import { type Observation, predictBox } from '../domain/tracks/motion.js';
import { settleClaims } from '../domain/tracks/shared-face.js';
import { chooseAlone, isAdrift, missedAgain, missedAlone, supported } from '../domain/tracks/support.js';
import { beginTrack, defaultTrackPolicy, nextTrack, type TrackEndReason } from '../domain/tracks/track.js';
import type { FaceAnalyser, FaceRegion } from './face-analyser.js';
import { FollowedFace } from './followed-face.js';
import type { StageCounters } from './stage-counters.js';

/** Meshes fitted in one frame; at about 10 ms each more would take longer than the frame may. */
const looksPerFrame = 8;

export interface FollowerOptions {
  readonly analyser: FaceAnalyser;
  readonly smallestFacePx: number;
  readonly newTrackId: () => TrackId;
  readonly counters: StageCounters;
}

/** A face that was located in this frame. */
export interface Look {
  readonly face: FollowedFace;
  readonly landmarks: FaceLandmarks;
}

/** What one frame did to the faces of a camera. */
export interface Followed {
  readonly looks: readonly Look[];
  /** Faces whose track ended in this frame. */
  readonly ended: readonly FollowedFace[];
}

/**
 * The stages that carry faces from frame to frame: the mesh of one frame is where the next frame is searched; the
 * detector looks for newcomers on a schedule and for faces whose mesh was lost.
 */
export class FaceFollower {
  readonly #options: FollowerOptions;
  #faces: FollowedFace[] = [];
  #looks: LookHistory = neverLooked;

  constructor(options: FollowerOptions) {
    this.#options = options;
  }

  get faces(): readonly FollowedFace[] {
    return this.#faces;
  }

  async follow(frame: Frame): Promise<Followed> {
    const atMs = frame.capturedAtMs;
    const looked = new Map<FollowedFace, FaceLandmarks | undefined>();
    await this.#locate(frame, this.#faces.filter(isInSight), looked);
    const kind = this.#lookDue(atMs, looked);
    const detected = kind === undefined ? undefined : await this.#detect(frame, kind, looked);
    await this.#lookAlone(frame, looked);
    const looks = this.#settle(looked, atMs);
    for (const [face, landmarks] of looked) {
      face.failedLooks = landmarks === undefined ? face.failedLooks + 1 : 0;
    }
    const unseen = this.#faces.filter((face) => !looks.some((look) => look.face === face));
    for (const { face, landmarks } of looks) {
      observe(face, { atMs, box: landmarks.box, origin: 'mesh' });
    }
    for (const face of unseen) {
      const box = detected?.get(face);
      if (box !== undefined) observe(face, { atMs, box, origin: 'detector' });
      else if (looked.has(face) || detected !== undefined) {
        face.track = nextTrack(face.track, { kind: 'missed', atMs }, defaultTrackPolicy);
      }
    }
    return { looks, ended: this.#removeEnded() };
  }

  /** Ends one track and begins another in its place: somebody else stands there now. */
  replace(face: FollowedFace, atMs: number): void {
    this.#finish(face, atMs, 'another-face');
    const box = face.track.motion.box;
    const id = this.#options.newTrackId();
    this.#faces = this.#faces.filter((each) => each !== face);
    this.#faces.push(new FollowedFace(beginTrack(id, { atMs, box, origin: 'mesh' })));
  }

  /** Ends every track. */
  finishAll(atMs: number): readonly FollowedFace[] {
    for (const face of this.#faces) this.#finish(face, atMs, 'source-ended');
    return this.#removeEnded();
  }

  #finish(face: FollowedFace, atMs: number, reason: TrackEndReason): void {
    face.track = nextTrack(face.track, { kind: 'finished', atMs, reason }, defaultTrackPolicy);
  }

  #removeEnded(): readonly FollowedFace[] {
    const ended = this.#faces.filter((face) => face.track.phase === 'ended');
    this.#faces = this.#faces.filter((face) => face.track.phase !== 'ended');
    return ended;
  }

  /** Fits meshes where the given faces should be, as many as the frame has places for. */
  async #locate(
    frame: Frame,
    faces: readonly FollowedFace[],
    looked: Map<FollowedFace, FaceLandmarks | undefined>,
    regionOf: (face: FollowedFace) => Box = (face) => predictBox(face.track.motion, frame.capturedAtMs),
  ): Promise<void> {
    const { analyser, counters } = this.#options;
    const waiting = faces.map((face) => ({
      widthPx: face.track.motion.box.width,
      lastLookedMs: face.lastLocatedMs,
    }));
    const chosen = chooseLooks(waiting, Math.max(0, looksPerFrame - looked.size)).flatMap(
      (index) => faces[index] ?? [],
    );
    counters.add('locatesDeferred', faces.length - chosen.length);
    if (chosen.length === 0) return;
    const regions = chosen.map((face): FaceRegion => ({ ...regionOf(face), rollDeg: face.rollDeg }));
    const located = await counters.time('locate', () => analyser.locate(frame.picture, regions));
    counters.add('facesLocated', chosen.length);
    chosen.forEach((face, index) => {
      looked.set(face, located[index]);
    });
  }

  #lookDue(atMs: number, looked: ReadonlyMap<FollowedFace, FaceLandmarks | undefined>): LookKind | undefined {
    const unlocated = this.#faces.filter((face) => looked.has(face) && looked.get(face) === undefined);
    const lost = this.#faces.filter((face) => face.track.phase === 'lost');
    return lookDue(this.#looks, {
      atMs,
      isAnyoneFollowed: this.#faces.length > 0,
      isAnyoneJustLost: unlocated.some((face) => face.failedLooks === 0),
      missingWidthsPx: [...lost, ...unlocated].map((face) => face.track.motion.box.width),
      smallestFacePx: this.#options.smallestFacePx,
    });
  }

  /** Runs the detector; returns its box for every known face that it found, and locates those not located yet. */
  async #detect(
    frame: Frame,
    kind: LookKind,
    looked: Map<FollowedFace, FaceLandmarks | undefined>,
  ): Promise<ReadonlyMap<FollowedFace, Box>> {
    const atMs = frame.capturedAtMs;
    const { analyser, counters, smallestFacePx } = this.#options;
    this.#looks = recordLook(this.#looks, kind, atMs);
    if (kind === 'full') counters.add('fullLooks');
    const detections = await counters.time('detect', () =>
      analyser.detect(frame.picture, { smallestFacePx, isQuick: kind === 'quick' }),
    );
    const found = this.#associate(detections, looked, kind, atMs);
    const unlocated = [...found.keys()].filter((face) => looked.get(face) === undefined);
    for (const face of unlocated) looked.delete(face);
    await this.#locate(frame, unlocated, looked, (face) => found.get(face) ?? face.track.motion.box);
    return found;
  }

  #associate(
    detections: readonly Detection[],
    looked: ReadonlyMap<FollowedFace, FaceLandmarks | undefined>,
    kind: LookKind,
    atMs: number,
  ): Map<FollowedFace, Box> {
    const known = this.#faces;
    const expectations = known.map((face) => expectationIn(looked, face, atMs));
    const boxes = detections.map(({ box }) => box);
    const { expectationOf: expectationOfBox, missing } = associate(expectations, boxes);
    const found = new Map<FollowedFace, Box>();
    boxes.forEach((box, index) => {
      const face = known[expectationOfBox.get(index) ?? -1] ?? this.#welcome(box, atMs);
      found.set(face, box);
      face.detected = { atMs, box };
      face.support = supported;
    });
    for (const index of missing) {
      const face = known[index];
      if (face === undefined) continue;
      const weight = weightOfMiss(kind, face.track.motion.box.width, this.#options.smallestFacePx);
      face.support = missedAgain(face.support, weight);
    }
    return found;
  }

  /** Shows the detector one face alone that it did not find in the whole picture, though a mesh fits there. */
  async #lookAlone(
    frame: Frame,
    looked: ReadonlyMap<FollowedFace, FaceLandmarks | undefined>,
  ): Promise<void> {
    const { analyser, counters, smallestFacePx } = this.#options;
    const fitted = this.#faces.filter((face) => looked.get(face) !== undefined);
    const due = fitted[chooseAlone(fitted.map(({ support }) => support)) ?? -1];
    const around = due && looked.get(due)?.box;
    if (due === undefined || around === undefined) return;
    counters.add('aloneLooks');
    const detections = await counters.time('detect', () =>
      analyser.detect(frame.picture, { smallestFacePx, around }),
    );
    // A neighbour in the same crop speaks for its own mesh, not for this one.
    const expectations = fitted.map((face) => expectationIn(looked, face, frame.capturedAtMs));
    const boxes = detections.map(({ box }) => box);
    const { missing } = associate(expectations, boxes);
    due.support = missing.includes(fitted.indexOf(due)) ? missedAlone(due.support) : supported;
  }

  #welcome(box: Box, atMs: number): FollowedFace {
    const face = new FollowedFace(beginTrack(this.#options.newTrackId(), { atMs, box, origin: 'detector' }));
    this.#faces = [...this.#faces, face];
    return face;
  }

  /** Drops meshes that left their face: adrift on the background, or jumped onto somebody else's. */
  #settle(looked: ReadonlyMap<FollowedFace, FaceLandmarks | undefined>, atMs: number): readonly Look[] {
    const looks: Look[] = [];
    for (const [face, landmarks] of looked) {
      if (landmarks === undefined || isAdrift(face.support)) continue;
      if (isPlausible(face, landmarks.box, atMs)) looks.push({ face, landmarks });
    }
    const holds = settleClaims(
      looks.map(({ face, landmarks }) => ({
        predicted: predictBox(face.track.motion, atMs),
        found: landmarks.box,
        firstSeenMs: face.track.firstSeenMs,
      })),
    );
    return looks.filter((_, index) => holds[index]);
  }
}

function isInSight(face: FollowedFace): boolean {
  return face.track.phase === 'tentative' || face.track.phase === 'confirmed';
}

function observe(face: FollowedFace, observation: Observation): void {
  face.track = nextTrack(face.track, { kind: 'observed', observation }, defaultTrackPolicy);
}

function expectationOf({ track }: FollowedFace, atMs: number): Expectation {
  const { motion, lastSeenMs } = track;
  return { box: predictBox(motion, atMs), unseenMs: atMs - lastSeenMs, isPredicted: motion.hasVelocity };
}

/** Where the face is by the mesh of this frame or, without one, where it should be. */
function expectationIn(
  looked: ReadonlyMap<FollowedFace, FaceLandmarks | undefined>,
  face: FollowedFace,
  atMs: number,
): Expectation {
  const mesh = looked.get(face)?.box;
  return mesh === undefined ? expectationOf(face, atMs) : { box: mesh, unseenMs: 0, isPredicted: true };
}

function isPlausible(face: FollowedFace, found: Box, atMs: number): boolean {
  return Number.isFinite(associationCost(expectationOf(face, atMs), found));
}
