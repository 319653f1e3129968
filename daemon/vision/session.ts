import type { Clock } from '../base/clock.js';
import type { Frame } from '../domain/faces/picture.js';
import type { CameraId, TrackId } from '../domain/ids.js';
import {
  assessLiveness,
  type LivenessPolicy,
  rememberedStillMs,
} from '../domain/liveness/liveness-verdict.js';
import { type FrameSchedule, initialSchedule, takeFrame } from '../domain/tracks/frame-schedule.js';
import { showsSameFace } from '../domain/tracks/same-face.js';
import { keepShot, shoot, type TakeShot } from './best-shot-stage.js';
import type { FaceAnalyser } from './face-analyser.js';
import { FaceFollower, type Look } from './face-follower.js';
import type { FollowedFace, SeenMovements } from './followed-face.js';
import { type AssessedLook, embedOne } from './probe-stage.js';
import { StageCounters } from './stage-counters.js';
import type { LookSink, StageSink } from './stage-event.js';

/** Scores of the passive model are taken this often per face, milliseconds: it is slow to change its mind. */
const passiveEveryMs = 500;
/** Faces whose tracks ended that are remembered, so that a picture that is held up again is known. */
const rememberedFaces = 8;

/** A face that is seen for so long and stays in doubt, as a picture on a wall does, takes no more of the processor, milliseconds. */
const provingForMs = 30_000;

export interface CameraSessionOptions {
  readonly cameraId: CameraId;
  /** Shared by all cameras of the process. */
  readonly analyser: FaceAnalyser;
  readonly sink: StageSink;
  /** Measures how long stages take; never decides anything. */
  readonly clock: Clock;
  /** Must never return the same id twice. */
  readonly newTrackId: () => TrackId;
  /** Frames analysed a second while nobody is in sight, and while somebody is. */
  readonly idleFps: number;
  readonly trackingFps: number;
  /** While a face that has not yet proven to be live shows its eyes. Absent, or below `trackingFps`: as that. */
  readonly provingFps?: number | undefined;
  /** Whether there is processor time for `provingFps`. Absent: there is. */
  readonly hasTime?: () => boolean;
  readonly smallestFacePx: number;
  readonly liveness: LivenessPolicy;
  /** Similarity from which two views of one track are the same face: the recogniser's match threshold. */
  readonly sameFaceThreshold: number;
  /** Makes the pictures that sightings carry. Absent: they carry none. */
  readonly takeShot?: TakeShot | undefined;
  /** Hears of every look. Absent where nothing is drawn. */
  readonly onLook?: LookSink | undefined;
}

/**
 * The stages of one camera, from a frame to what is said about the faces in it. Everything is decided by the capture
 * times of the frames, so a file and a camera that show the same give the same.
 */
export class CameraSession {
  readonly #options: CameraSessionOptions;
  readonly #counters: StageCounters;
  readonly #follower: FaceFollower;
  #schedule: FrameSchedule = initialSchedule;
  #hasPassivePad = true;
  #lastFrameMs = 0;
  /** The latest faces whose tracks ended, oldest first. */
  #left: readonly FollowedFace[] = [];

  constructor(options: CameraSessionOptions) {
    this.#options = options;
    this.#counters = new StageCounters(options.clock);
    const { analyser, smallestFacePx, newTrackId } = options;
    this.#follower = new FaceFollower({ analyser, smallestFacePx, newTrackId, counters: this.#counters });
  }

  /** Counts and stage times since the session began, see `StageCounters`. */
  get counters(): Readonly<Record<string, number>> {
    return this.#counters.snapshot();
  }

  /** Faces that are being followed now, confirmed or not. */
  get faceCount(): number {
    return this.#follower.faces.length;
  }

  /**
   * Analyses `frame` if its turn has come, and says whether it did. Frames come in order, one at a time: the next only
   * after the promise settled. The caller keeps the frame and releases it. Rejects only with what the analyser threw;
   * the session can go on with the next frame.
   */
  async analyse(frame: Frame): Promise<boolean> {
    const schedule = takeFrame(this.#schedule, frame.capturedAtMs, this.#fps());
    if (schedule === undefined) {
      this.#counters.add('framesSkipped');
      return false;
    }
    this.#schedule = schedule;
    this.#lastFrameMs = frame.capturedAtMs;
    this.#counters.add('framesAnalysed');
    await this.#stages(frame);
    return true;
  }

  /** The camera delivers no more, or not for now: every track ends. */
  end(): void {
    for (const face of this.#follower.finishAll(this.#lastFrameMs)) this.#tellEnd(face, this.#lastFrameMs);
  }

  /** Frames wanted a second as things are. */
  #fps(): number {
    const { idleFps, trackingFps, provingFps = trackingFps, liveness, hasTime } = this.#options;
    const { faces } = this.#follower;
    if (faces.length === 0) return idleFps;
    const isAnyoneProving = faces.some(
      (face) =>
        face.areEyesSeen &&
        face.liveness.observedMs < provingForMs &&
        assessLiveness(face.liveness, liveness).verdict === 'undetermined',
    );
    const isFaster = isAnyoneProving && provingFps > trackingFps && hasTime?.() !== false;
    return isFaster ? provingFps : trackingFps;
  }

  async #stages(frame: Frame): Promise<void> {
    const atMs = frame.capturedAtMs;
    const { looks, ended } = await this.#follower.follow(frame);
    this.#left = this.#left.filter(({ track }) => atMs - track.lastSeenMs <= rememberedStillMs);
    for (const face of ended) this.#tellEnd(face, atMs);
    const assessed = looks.map((look) => this.#assess(frame, look));
    this.#announce(looks, atMs);
    const seen = new Map<FollowedFace, SeenMovements>();
    for (const look of assessed) {
      const movements = look.face.see(frame, look, this.#options.liveness);
      seen.set(look.face, movements);
      this.#tellLook(frame, look, movements);
    }
    await this.#hearPassiveModel(frame, looks);
    const embedded = await embedOne(frame, assessed, { ...this.#options, counters: this.#counters });
    if (embedded?.judgement === 'same') this.#recall(embedded.face);
    await this.#showAttack(frame, assessed);
    for (const { face } of looks) {
      if (embedded?.face === face && embedded.judgement === 'another') {
        this.#follower.replace(face, atMs);
        this.#tellEnd(face, atMs);
      } else {
        const isBound = embedded?.face === face && embedded.isBinding;
        this.#tellChanges(face, seen.get(face), isBound, atMs);
      }
    }
  }

  #assess(frame: Frame, { face, landmarks }: Look): AssessedLook {
    const { analyser, smallestFacePx } = this.#options;
    const quality = this.#counters.timeSync('assess', () =>
      analyser.assess(frame.picture, landmarks, { smallestFacePx }),
    );
    return { face, landmarks, quality };
  }

  #tellLook(
    { capturedAtMs: atMs, picture }: Frame,
    { face, landmarks, quality }: AssessedLook,
    { eyes }: SeenMovements,
  ): void {
    this.#options.onLook?.({ trackId: face.track.id, atMs, landmarks, quality, eyes, picture });
  }

  #announce(looks: readonly Look[], atMs: number): void {
    for (const { face } of looks) {
      if (face.isAnnounced || face.track.phase !== 'confirmed') continue;
      face.isAnnounced = true;
      this.#counters.add('tracksConfirmed');
      const { id, firstSeenMs, motion } = face.track;
      this.#options.sink({ type: 'track.started', atMs, trackId: id, firstSeenMs, box: motion.box });
    }
  }

  /** Asks the passive model about one face that the detector saw in this frame. */
  async #hearPassiveModel(frame: Frame, looks: readonly Look[]): Promise<void> {
    if (!this.#hasPassivePad) return;
    const atMs = frame.capturedAtMs;
    const { analyser, liveness } = this.#options;
    const due = looks
      .filter(({ face }) => face.isAnnounced && face.detected?.atMs === atMs)
      .map(({ face }) => ({ face, waitingMs: atMs - (face.lastPassiveMs ?? Number.NEGATIVE_INFINITY) }))
      .filter(({ waitingMs }) => waitingMs >= passiveEveryMs)
      .sort((a, b) => compareWaiting(b.waitingMs, a.waitingMs))[0]?.face;
    const box = due?.detected?.box;
    if (due === undefined || box === undefined) return;
    const score = await this.#counters.time('passive', () => analyser.passivePad(frame.picture, box));
    due.lastPassiveMs = atMs;
    if (score === undefined) this.#hasPassivePad = false;
    else due.learn({ kind: 'passive', score }, liveness);
  }

  /** A picture that is held up may never be worth an embedding: it is shown as it is. One face a frame. */
  async #showAttack(frame: Frame, looks: readonly AssessedLook[]): Promise<void> {
    const { takeShot, liveness } = this.#options;
    if (takeShot === undefined) return;
    const look = looks.find(
      ({ face }) =>
        face.isAnnounced &&
        face.shotQuality === undefined &&
        assessLiveness(face.liveness, liveness).verdict === 'attack',
    );
    if (look) keepShot(look, await shoot(frame, look, { takeShot, counters: this.#counters }));
  }

  /** Says what changed about one face, and sends a sighting if anything did. */
  #tellChanges(face: FollowedFace, seen: SeenMovements | undefined, isBound: boolean, atMs: number): void {
    if (!face.isAnnounced) return;
    const { blinks = [], gesture } = seen ?? {};
    const { sink, liveness } = this.#options;
    const trackId = face.track.id;
    for (const blink of blinks) {
      this.#counters.add('blinks');
      sink({ type: 'blink', atMs, trackId, blink });
    }
    if (gesture !== undefined) {
      this.#counters.add('gestures');
      sink({ type: 'gesture', atMs, trackId, gesture });
    }
    const assessment = assessLiveness(face.liveness, liveness);
    const isNewVerdict = assessment.verdict !== face.toldVerdict;
    if (isNewVerdict) {
      face.toldVerdict = assessment.verdict;
      sink({ type: 'liveness', atMs, trackId, assessment });
    }
    const hasMoved = blinks.length > 0 || gesture !== undefined;
    const hasChanged = isNewVerdict || hasMoved || isBound || face.freshProbes.length > 0;
    if (hasChanged) this.#tellSighting(face, false, atMs);
  }

  /** A track has shown for the first time whose face it follows: what was known of this face goes on. */
  #recall(face: FollowedFace): void {
    const [first, ...others] = face.memory.seen;
    if (first === undefined || others.length > 0) return;
    const { sameFaceThreshold, liveness } = this.#options;
    const before = this.#left.findLast(({ memory }) => showsSameFace(memory, first, sameFaceThreshold));
    if (before !== undefined) face.learn({ kind: 'seen-before', from: before.liveness }, liveness);
  }

  #tellEnd(face: FollowedFace, atMs: number): void {
    if (!face.isAnnounced || face.track.phase !== 'ended') return;
    this.#left = [...this.#left, face].slice(-rememberedFaces);
    const { id, firstSeenMs, lastSeenMs, reason } = face.track;
    this.#tellSighting(face, true, atMs);
    this.#options.sink({ type: 'track.ended', atMs, trackId: id, firstSeenMs, lastSeenMs, reason });
  }

  #tellSighting(face: FollowedFace, isEnded: boolean, atMs: number): void {
    const { cameraId, analyser, liveness, sink } = this.#options;
    const { id, firstSeenMs, lastSeenMs, motion } = face.track;
    const sequence = face.sightingCount;
    face.sightingCount += 1;
    this.#counters.add('sightings');
    const bestShot = face.takeShot();
    const sighting = {
      cameraId,
      trackId: id,
      sequence,
      isEnded,
      firstSeenMs,
      lastSeenMs,
      box: motion.box,
      quality: face.bestQuality,
      liveness: assessLiveness(face.liveness, liveness),
      recogniser: analyser.recogniser,
      probes: face.takeProbes(),
      ...(bestShot === undefined ? {} : { bestShot }),
    };
    sink({ type: 'sighting', atMs, sighting });
  }
}

function compareWaiting(a: number, b: number): number {
  return a === b ? 0 : a < b ? -1 : 1;
}
