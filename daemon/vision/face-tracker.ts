import type { Detection, FaceLandmarks } from '../kernel/faces/face.js';
import type { Box } from '../kernel/faces/geometry.js';
import type { Frame } from '../kernel/faces/picture.js';
import type { TrackId } from '../kernel/ids.js';
import { present } from '../kernel/present.js';
import { associate, associationCost, type Expectation, settleClaims } from '../kernel/tracks/association.js';
import {
  type DetectorHistory,
  detectorNeverRan,
  detectorRunDue,
  isFoundQuickly,
  recordDetectorRun,
  weightOfMiss,
} from '../kernel/tracks/detector-schedule.js';
import { selectFits } from '../kernel/tracks/frame-schedule.js';
import { isPieceOf, isShown } from '../kernel/tracks/look-parts.js';
import { predictBox } from '../kernel/tracks/motion.js';
import type { SightingEnd } from '../kernel/tracks/sighting.js';
import { chooseAlone, isAdrift, missedAgain, missedAlone, supported } from '../kernel/tracks/support.js';
import {
  beginTrack,
  defaultTrackPolicy,
  nextTrack,
  type Track,
  type TrackEndReason,
  type TrackInput,
} from '../kernel/tracks/track.js';
import type { FaceAnalyser, FaceRegion } from './face-analyser.js';
import { type Look, type Scene, SceneWatch } from './scene-watch.js';
import type { StageCounters } from './stage-counters.js';
import { type FaceTracking, TrackedFace } from './tracked-face.js';

/** Most meshes that are fitted in one frame: each takes about 10 ms. */
const fitsPerFrame = 8;

interface FaceTrackerOptions {
  readonly analyser: FaceAnalyser;
  readonly smallestFacePx: number;
  readonly newTrackId: () => TrackId;
  readonly counters: StageCounters;
  /** Whether the detector always looks at the whole picture, whatever moves. Default: it does not. */
  readonly looksAtStillScenes?: boolean | undefined;
  /** Default: motion counts in the whole picture. */
  readonly scene?: Scene | undefined;
  /**
   * Whether frames are lost because analysis takes too long, so that the detector must look less often, and frames wait for it.
   * Default: they are not.
   */
  readonly isShortOfTime?: (() => boolean) | undefined;
}

/** The mesh of a face in one frame. */
export interface MeshFit {
  readonly face: TrackedFace;
  readonly landmarks: FaceLandmarks;
}

/** What one frame did to the faces of a camera. */
interface TrackedFrame {
  readonly fits: readonly MeshFit[];
  /** Faces whose track ended in this frame. */
  readonly ended: readonly TrackedFace[];
}

/** The faces for which a mesh was tried in this frame, in order; undefined where it found no face. */
type FitResults = ReadonlyMap<TrackedFace, FaceLandmarks | undefined>;

/** A run of the detector that has begun. */
interface LookUnderway {
  readonly look: Look;
  /** When its frame was captured. */
  readonly atMs: number;
  /** Where the faces were in that frame that it finds if they are there. A face that is replaced meanwhile hands over its place. */
  readonly searched: readonly (Expectation & { face: TrackedFace })[];
  /** Where the faces were that it shows only in part. */
  readonly cutOff: readonly Box[];
  readonly detections: Promise<readonly Detection[]>;
  hasEnded: boolean;
}

/** What one detector run found. */
interface DetectorFinding {
  /** When its frame was captured: before the frame that takes the finding, if the run went on beside. */
  readonly atMs: number;
  readonly boxes: ReadonlyMap<TrackedFace, Box>;
  /** The faces that it would have found where they were expected. */
  readonly searched: ReadonlySet<TrackedFace>;
}

/** What one frame showed of one face. */
interface FrameFinding {
  readonly atMs: number;
  /** `untried` where no mesh was fitted. */
  readonly fit: 'untried' | 'found' | 'none';
  /** The mesh, where it was found and does not belong to another face or to the background. */
  readonly mesh: Box | undefined;
  /** What a run of the detector showed of it that no later frame has overtaken. */
  readonly look: { readonly atMs: number; readonly box: Box | undefined } | undefined;
}

/** Keeps a frame until `work` has ended, although its analysis ends before. */
export type KeepFrame = (work: Promise<unknown>) => void;

/**
 * Carries faces from frame to frame. The mesh of one frame is where the next frame is searched. The detector looks for
 * new faces on a schedule, and for faces whose mesh was lost. A look takes longer than the time between two frames, so while faces are
 * followed it can go on beside the next frames.
 */
export class FaceTracker {
  readonly #options: FaceTrackerOptions;
  #faces: readonly TrackedFace[] = [];
  readonly #scene: Scene;
  #detectorHistory: DetectorHistory = detectorNeverRan;
  #lookBeside: LookUnderway | undefined;

  constructor(options: FaceTrackerOptions) {
    this.#options = options;
    this.#scene = options.scene ?? new SceneWatch(options.smallestFacePx);
  }

  get faces(): readonly TrackedFace[] {
    return this.#faces;
  }

  /** Whether nothing has moved in front of the camera for a while. */
  isResting(atMs: number): boolean {
    return this.#scene.isResting(atMs);
  }

  /**
   * Finds every face in the next frame: predict and fit, detect, fit what was detected, check, settle. Without `keep`, it waits for
   * every run of the detector.
   */
  async track(frame: Frame, keep?: KeepFrame): Promise<TrackedFrame> {
    const atMs = frame.capturedAtMs;
    this.#scene.see(
      frame,
      this.#faces.map(({ track }) => track.motion.box),
    );
    const inSight = this.#faces.filter(isInSight);
    const predicted = await this.#fit(frame, inSight, fitsPerFrame, ({ track }) =>
      predictBox(track.motion, atMs),
    );
    const detected = await this.#detect(frame, predicted, keep);
    const results =
      detected === undefined ? predicted : await this.#fitDetected(frame, predicted, detected.boxes);
    await this.#detectAlone(frame, results);
    const fits = settledFits(results, atMs);
    for (const face of this.#faces) {
      face.tracking = nextTracking(face.tracking, {
        atMs,
        fit: results.has(face) ? (results.get(face) === undefined ? 'none' : 'found') : 'untried',
        mesh: fits.find((fit) => fit.face === face)?.landmarks.box,
        look: detected && lookOf(face, detected),
      });
    }
    return { fits, ended: this.#removeEnded() };
  }

  /** Ends one track and begins another in its place, for another person who stands there now. */
  replace(face: TrackedFace, atMs: number): void {
    finish(face, atMs, 'another-face');
    const box = face.track.motion.box;
    const id = this.#options.newTrackId();
    const next = new TrackedFace(beginTrack(id, { atMs, box, origin: 'mesh' }));
    this.#faces = [...this.#faces.filter((each) => each !== face), next];
    for (const place of this.#lookBeside?.searched ?? []) if (place.face === face) place.face = next;
  }

  /** Ends every track. */
  finishAll(atMs: number, reason: SightingEnd): readonly TrackedFace[] {
    for (const face of this.#faces) finish(face, atMs, reason);
    this.#lookBeside = undefined;
    this.#scene.forget();
    return this.#removeEnded();
  }

  #removeEnded(): readonly TrackedFace[] {
    const ended = this.#faces.filter((face) => face.track.phase === 'ended');
    this.#faces = this.#faces.filter((face) => face.track.phase !== 'ended');
    return ended;
  }

  /** Fits meshes in the regions of the given faces, `budget` of them at most. */
  async #fit(
    frame: Frame,
    faces: readonly TrackedFace[],
    budget: number,
    regionOf: (face: TrackedFace) => Box,
  ): Promise<FitResults> {
    const { analyser, counters } = this.#options;
    const waiting = faces.map(({ track, observation }) => ({
      widthPx: track.motion.box.width,
      lastFitMs: observation.lastFitMs,
    }));
    const chosen = selectFits(waiting, Math.max(0, budget)).flatMap((index) => faces[index] ?? []);
    counters.add('locatesDeferred', faces.length - chosen.length);
    if (chosen.length === 0) return new Map();
    const regions = chosen.map(
      (face): FaceRegion => ({ ...regionOf(face), rollDeg: face.observation.rollDeg }),
    );
    const located = await counters.time('locate', () => analyser.locate(frame.picture, regions));
    counters.add('facesLocated', chosen.length);
    return new Map(chosen.map((face, index) => [face, located[index]]));
  }

  /** The look to make in this frame. A run that is spared takes its turn too, so that the others come when they would anyway. */
  #lookDue(frame: Frame, predicted: FitResults): Look | undefined {
    const atMs = frame.capturedAtMs;
    const { smallestFacePx, looksAtStillScenes = false, isShortOfTime, counters } = this.#options;
    const notFitted = this.#faces.filter((face) => predicted.has(face) && predicted.get(face) === undefined);
    const lost = this.#faces.filter((face) => face.track.phase === 'lost');
    const missing = [...lost, ...notFitted];
    const kind = detectorRunDue(this.#detectorHistory, {
      atMs,
      isAnyoneFollowed: this.#faces.length > 0,
      isAnyoneJustLost: notFitted.some((face) => face.tracking.failedFits === 0),
      missingWidthsPx: missing.map((face) => face.track.motion.box.width),
      smallestFacePx,
    });
    if (kind === undefined) return undefined;
    this.#detectorHistory = recordDetectorRun(this.#detectorHistory, kind, atMs);
    if (looksAtStillScenes) return { kind };
    const followed = this.#faces.map((face) => ({
      box: expectationIn(predicted, face, atMs).box,
      isNear: isInSight(face) && isFoundQuickly(face.track.motion.box.width, smallestFacePx),
    }));
    const isShort = missing.length === 0 && isShortOfTime?.() === true;
    const look = this.#scene.look(kind, frame, { followed, isShort });
    if (look === undefined || (kind === 'full' && look.kind === 'quick')) counters.add('looksSpared');
    return look;
  }

  /**
   * What the detector found, in this frame or in an earlier one beside which it looked. Undefined if it has nothing to say now.
   */
  async #detect(
    frame: Frame,
    predicted: FitResults,
    keep: KeepFrame | undefined,
  ): Promise<DetectorFinding | undefined> {
    // With nobody to follow, the next frame is due long after the look, and a new face is fitted where it was found. While frames are
    // lost, looks that no frame waits for would come later and later.
    const isBeside = keep !== undefined && this.#faces.length > 0 && this.#options.isShortOfTime?.() !== true;
    const look = this.#lookBeside ?? this.#lookIfDue(frame, predicted, isBeside);
    if (look === undefined) return undefined;
    if (isBeside && this.#lookBeside === undefined) keep(look.detections);
    this.#lookBeside = isBeside && !look.hasEnded ? look : undefined;
    return this.#lookBeside === undefined ? this.#settleLook(look, await look.detections) : undefined;
  }

  #lookIfDue(frame: Frame, predicted: FitResults, isBeside: boolean): LookUnderway | undefined {
    const look = this.#lookDue(frame, predicted);
    if (look === undefined) return undefined;
    const { kind, parts } = look;
    const { capturedAtMs: atMs, picture } = frame;
    const { analyser, counters, smallestFacePx } = this.#options;
    if (kind === 'full') counters.add(parts === undefined ? 'fullLooks' : 'partLooks');
    const detections = counters.time('detect', () =>
      analyser.detect(picture, {
        smallestFacePx,
        isQuick: kind === 'quick',
        isBeside,
        ...present({ parts }),
      }),
    );
    const expected = this.#faces.map((face) => ({ face, ...expectationIn(predicted, face, atMs) }));
    const searched = expected.filter(({ box }) => isShown(box, parts, picture));
    const cutOff = expected.filter((each) => !searched.includes(each)).map(({ box }) => box);
    const begun: LookUnderway = { look, atMs, searched, cutOff, detections, hasEnded: false };
    const end = (): void => {
      begun.hasEnded = true;
    };
    detections.then(end, end);
    return begun;
  }

  /** Gives each box to its face, by where the faces were in the frame of the look; a box without one begins a new face. */
  #settleLook(
    { look: { kind }, atMs, searched, cutOff }: LookUnderway,
    detections: readonly Detection[],
  ): DetectorFinding {
    // A face that a part cuts off was not missed, and a piece of it is no other face.
    const boxes = detections.map(({ box }) => box).filter((box) => !isPieceOf(box, cutOff));
    const known = searched.map(({ face }) => face);
    const { expectationOf: expectationOfBox, missing } = associate(searched, boxes);
    const detected = new Map<TrackedFace, Box>();
    boxes.forEach((box, index) => {
      const expected = known[expectationOfBox.get(index) ?? -1];
      // A track that ended while the look went on stays ended.
      const isFollowed = expected !== undefined && expected.track.phase !== 'ended';
      const face = isFollowed ? expected : this.#begin(box, atMs);
      detected.set(face, box);
      face.tracking = { ...face.tracking, detected: { atMs, box }, support: supported };
    });
    for (const face of missing.flatMap((index) => known[index] ?? [])) {
      const weight = weightOfMiss(kind, face.track.motion.box.width, this.#options.smallestFacePx);
      face.tracking = { ...face.tracking, support: missedAgain(face.tracking.support, weight) };
    }
    return { atMs, boxes: detected, searched: new Set(known) };
  }

  #begin(box: Box, atMs: number): TrackedFace {
    const face = new TrackedFace(beginTrack(this.#options.newTrackId(), { atMs, box, origin: 'detector' }));
    this.#faces = [...this.#faces, face];
    return face;
  }

  /** Fits meshes in the boxes of detected faces that have none yet. A second try replaces the first. */
  async #fitDetected(
    frame: Frame,
    predicted: FitResults,
    detected: DetectorFinding['boxes'],
  ): Promise<FitResults> {
    const unfitted = [...detected.keys()].filter((face) => predicted.get(face) === undefined);
    const kept = [...predicted].filter(([face]) => !unfitted.includes(face));
    const regionOf = (face: TrackedFace): Box => detected.get(face) ?? face.track.motion.box;
    const fitted = await this.#fit(frame, unfitted, fitsPerFrame - kept.length, regionOf);
    return new Map([...kept, ...fitted]);
  }

  /** Shows one face alone to the detector: a mesh fits there, but runs over the whole picture missed it. */
  async #detectAlone(frame: Frame, results: FitResults): Promise<void> {
    const { analyser, counters, smallestFacePx } = this.#options;
    const fitted = this.#faces.filter((face) => results.get(face) !== undefined);
    const chosen = chooseAlone(fitted.map(({ tracking }) => tracking.support)) ?? -1;
    const face = fitted[chosen];
    const around = face && results.get(face)?.box;
    if (face === undefined || around === undefined) return;
    counters.add('aloneLooks');
    const detections = await counters.time('detect', () =>
      analyser.detect(frame.picture, { smallestFacePx, around }),
    );
    // The crop may show a neighbour too: its box supports its own mesh, not this one.
    const expectations = fitted.map((each) => expectationIn(results, each, frame.capturedAtMs));
    const boxes = detections.map(({ box }) => box);
    const { missing } = associate(expectations, boxes);
    const { support } = face.tracking;
    face.tracking = {
      ...face.tracking,
      support: missing.includes(chosen) ? missedAlone(support) : supported,
    };
  }
}

/** The tracking of a face after one frame. */
function nextTracking(tracking: FaceTracking, finding: FrameFinding): FaceTracking {
  const { fit } = finding;
  const failedFits = fit === 'untried' ? tracking.failedFits : fit === 'none' ? tracking.failedFits + 1 : 0;
  return { ...tracking, failedFits, track: advancedTrack(tracking.track, finding) };
}

function advancedTrack(track: Track, { atMs, fit, mesh, look }: FrameFinding): Track {
  const next = (input: TrackInput): Track => nextTrack(track, input, defaultTrackPolicy);
  if (mesh !== undefined) return next({ kind: 'observed', observation: { atMs, box: mesh, origin: 'mesh' } });
  if (look?.box !== undefined)
    return next({ kind: 'observed', observation: { atMs: look.atMs, box: look.box, origin: 'detector' } });
  if (fit !== 'untried') return next({ kind: 'missed', atMs });
  return look === undefined ? track : next({ kind: 'missed', atMs: look.atMs });
}

/** What a look says about one face. Nothing, if the face was seen after the frame of the look, or the look did not show it. */
function lookOf(face: TrackedFace, { atMs, boxes, searched }: DetectorFinding): FrameFinding['look'] {
  const box = boxes.get(face);
  const isShownThere = box !== undefined || searched.has(face);
  return isShownThere && atMs >= face.track.lastSeenMs ? { atMs, box } : undefined;
}

function finish(face: TrackedFace, atMs: number, reason: TrackEndReason): void {
  const track = nextTrack(face.track, { kind: 'finished', atMs, reason }, defaultTrackPolicy);
  face.tracking = { ...face.tracking, track };
}

/** Leaves out meshes that left their face: those adrift on the background, and those that jumped to another face. */
function settledFits(results: FitResults, atMs: number): readonly MeshFit[] {
  const fits = [...results].flatMap(([face, landmarks]) =>
    landmarks !== undefined && !isAdrift(face.tracking.support) && isPlausible(face, landmarks.box, atMs)
      ? [{ face, landmarks }]
      : [],
  );
  const holds = settleClaims(
    fits.map(({ face, landmarks }) => ({
      predicted: predictBox(face.track.motion, atMs),
      found: landmarks.box,
      firstSeenMs: face.track.firstSeenMs,
    })),
  );
  return fits.filter((_, index) => holds[index]);
}

function isInSight(face: TrackedFace): boolean {
  return face.track.phase === 'tentative' || face.track.phase === 'confirmed';
}

function expectationOf({ track }: TrackedFace, atMs: number): Expectation {
  const { motion, lastSeenMs } = track;
  return { box: predictBox(motion, atMs), unseenMs: atMs - lastSeenMs, isPredicted: motion.hasVelocity };
}

/** Where the face is by the mesh of this frame or, without one, where it should be. */
function expectationIn(results: FitResults, face: TrackedFace, atMs: number): Expectation {
  const mesh = results.get(face)?.box;
  return mesh === undefined ? expectationOf(face, atMs) : { box: mesh, unseenMs: 0, isPredicted: true };
}

function isPlausible(face: TrackedFace, found: Box, atMs: number): boolean {
  return Number.isFinite(associationCost(expectationOf(face, atMs), found));
}
