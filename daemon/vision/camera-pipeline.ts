import type { StageTimes } from '../contract/vision/vision-reports.js';
import type { Clock } from '../kernel/clock.js';
import type { Frame } from '../kernel/faces/picture.js';
import type { CameraId, TrackId } from '../kernel/ids.js';
import {
  assessLiveness,
  type LivenessPolicy,
  rememberedStillMs,
} from '../kernel/liveness/liveness-verdict.js';
import { present } from '../kernel/present.js';
import { type FrameSchedule, initialSchedule, takeFrame } from '../kernel/tracks/frame-schedule.js';
import { showsSameFace } from '../kernel/tracks/same-face.js';
import type { SightingEnd } from '../kernel/tracks/sighting.js';
import type { FrameDemand } from './analysis-turns.js';
import type { FaceAnalyser } from './face-analyser.js';
import { FaceTracker, type KeepFrame, type MeshFit } from './face-tracker.js';
import { embedOne, type FaceView, type TakeShot, takeShotOf } from './probe-stage.js';
import type { Scene } from './scene-watch.js';
import { StageCounters } from './stage-counters.js';
import type { StageSink, ViewSink } from './stage-event.js';
import type { Movements, TrackedFace } from './tracked-face.js';

/** The passive model scores a face this often, milliseconds: its opinion changes slowly. */
const passiveEveryMs = 500;
/** Ended tracks whose faces are remembered: a picture that is held up again is recognised as the same one. */
const rememberedFaces = 8;
/** A face that stays in doubt for longer, such as a picture on a wall, gets the ordinary rate again, milliseconds. */
const provingForMs = 30_000;

interface CameraPipelineOptions {
  readonly cameraId: CameraId;
  /** Shared by all cameras of the process. */
  readonly analyser: FaceAnalyser;
  readonly sink: StageSink;
  /** Measures how long stages take; never decides anything. */
  readonly clock: Clock;
  /** Must never return the same id twice. */
  readonly newTrackId: () => TrackId;
  /** Frames analysed a second while no face is tracked. */
  readonly idleFps: number;
  /** Frames analysed a second while a face is tracked. */
  readonly trackingFps: number;
  /** The rate while the eyes of an undetermined face are visible. By default, and at least, `trackingFps`. */
  readonly provingFps?: number | undefined;
  /** Whether there is processor time for `provingFps`. Default: there is. */
  readonly hasTime?: () => boolean;
  readonly smallestFacePx: number;
  /** Whether frames are lost because analysis takes too long, so that the detector must look less often. Default: they are not. */
  readonly isShortOfTime?: () => boolean;
  /** Whether the detector always looks at the whole picture, whatever moves, to measure what that would find. Default: it does not. */
  readonly looksAtStillScenes?: boolean | undefined;
  /** Decides which runs of the detector are worth their cost. Default: motion counts in the whole picture. */
  readonly scene?: Scene | undefined;
  readonly liveness: LivenessPolicy;
  /** Similarity from which two views of one track are the same face: the recogniser's match threshold. */
  readonly sameFaceThreshold: number;
  /** Makes the pictures that sightings carry. Absent: they carry none. */
  readonly takeShot?: TakeShot | undefined;
  /** Gets every view of a face. Absent if nothing is drawn. */
  readonly onView?: ViewSink | undefined;
  /** Gets every analysed frame and the faces that are tracked then. Must not throw; the frame may be overwritten after the call. */
  readonly onAnalysed?: ((frame: Frame, faces: readonly TrackedFace[]) => void) | undefined;
}

/**
 * The stages of one camera, from a frame to the events about the faces in it. Only the capture times of the frames decide:
 * a clip and a camera that show the same frames give the same events.
 */
export class CameraPipeline {
  readonly #options: CameraPipelineOptions;
  readonly #counters: StageCounters;
  readonly #tracker: FaceTracker;
  #schedule: FrameSchedule = initialSchedule;
  /** The same as if no frame that was due had been lost. */
  #admitted: FrameSchedule = initialSchedule;
  #hasPassivePad = true;
  #lastFrameMs = 0;
  /** The latest faces whose tracks ended, oldest first. */
  #endedFaces: readonly TrackedFace[] = [];

  constructor(options: CameraPipelineOptions) {
    this.#options = options;
    this.#counters = new StageCounters(options.clock);
    const { analyser, smallestFacePx, looksAtStillScenes, scene, isShortOfTime, newTrackId } = options;
    const counters = this.#counters;
    this.#tracker = new FaceTracker({
      ...{ analyser, smallestFacePx, looksAtStillScenes, scene },
      ...{ isShortOfTime, newTrackId, counters },
    });
  }

  /** Counts and stage times since the start, see `StageCounters`. */
  get counters(): Readonly<Record<string, number>> {
    return this.#counters.snapshot();
  }

  get stageTimes(): StageTimes {
    return this.#counters.times;
  }

  /** Faces that are tracked now, confirmed or not. */
  get faceCount(): number {
    return this.#tracker.faces.length;
  }

  /**
   * Analyses `frame` if its turn has come; returns whether it did. Frames come in order, one at a time: the next only
   * after the promise settled. The caller keeps the frame and releases it, with `keep` after the work that still reads it. Rejects only
   * with what the analyser threw; the next frame can be analysed after that.
   */
  async analyse(frame: Frame, keep?: KeepFrame): Promise<boolean> {
    const schedule = takeFrame(this.#schedule, frame.capturedAtMs, this.demand().fps);
    if (schedule === undefined) {
      this.#counters.add('framesSkipped');
      return false;
    }
    this.#schedule = schedule;
    this.#lastFrameMs = frame.capturedAtMs;
    this.#counters.add('framesAnalysed');
    await this.#runStages(frame, keep);
    this.#options.onAnalysed?.(frame, this.#tracker.faces);
    return true;
  }

  /** The camera delivers no frames, for now or for ever, or is closed: every track ends. */
  end(reason: 'source-ended' | 'vision-stopped' = 'source-ended'): void {
    const atMs = this.#lastFrameMs;
    for (const face of this.#tracker.finishAll(atMs, reason)) this.#reportEnd(face, atMs);
  }

  /**
   * Whether a frame is due by the rate of this moment, if every frame before it that was due is analysed, too. Called once for each
   * frame, before `analyse`, which it need not reach.
   */
  admits(frame: Frame): boolean {
    const admitted = takeFrame(this.#admitted, frame.capturedAtMs, this.demand().fps);
    if (admitted === undefined) this.#counters.add('framesSkipped');
    else this.#admitted = admitted;
    return admitted !== undefined;
  }

  /** How much the next frame is worth, and how many to analyse a second at this moment. */
  demand(): FrameDemand {
    const { idleFps, trackingFps, provingFps = trackingFps, liveness, hasTime } = this.#options;
    const { faces } = this.#tracker;
    if (faces.length === 0) return { value: 'empty', fps: idleFps };
    const isUndetermined = ({ observation }: TrackedFace): boolean =>
      observation.liveness.observedMs < provingForMs &&
      assessLiveness(observation.liveness, liveness).verdict === 'undetermined';
    const isUnknown = ({ track, samples }: TrackedFace): boolean =>
      samples.views.probeCount === 0 && this.#lastFrameMs - track.firstSeenMs < provingForMs;
    const isAnyoneProving = faces.some((face) => face.observation.areEyesSeen && isUndetermined(face));
    const isAnyoneOpen = isAnyoneProving || faces.some((face) => isUndetermined(face) || isUnknown(face));
    const isFaster = isAnyoneProving && provingFps > trackingFps && hasTime?.() !== false;
    return { value: isAnyoneOpen ? 'open' : 'settled', fps: isFaster ? provingFps : trackingFps };
  }

  /**
   * How many frames a second the source should deliver. While something moves or a face is open, that is the most that `demand` may ask
   * for at the next frame, because a source takes a moment to follow.
   */
  deliveryFps(): number {
    const { idleFps, trackingFps, provingFps = trackingFps, hasTime } = this.#options;
    const { value, fps } = this.demand();
    if (value === 'settled') return fps;
    if (value === 'empty' && this.#tracker.isResting(this.#lastFrameMs)) return idleFps;
    return hasTime?.() === false ? trackingFps : Math.max(trackingFps, provingFps);
  }

  async #runStages(frame: Frame, keep: KeepFrame | undefined): Promise<void> {
    const atMs = frame.capturedAtMs;
    // The passive network sees a face in the frame in which the detector found it, so there the detector is waited for.
    const { fits, ended } = await this.#tracker.track(frame, this.#hasPassivePad ? undefined : keep);
    this.#endedFaces = this.#endedFaces.filter(({ track }) => atMs - track.lastSeenMs <= rememberedStillMs);
    for (const face of ended) this.#reportEnd(face, atMs);
    const views = fits.map((fit) => this.#assess(frame, fit));
    for (const { face } of fits) this.#reportStart(face, atMs);
    const movements = views.map((view) => this.#observe(frame, view));
    await this.#scorePassively(frame, fits);
    const embedded = await embedOne(frame, views, { ...this.#options, counters: this.#counters });
    if (embedded?.judgement === 'same') this.#recall(embedded.face);
    await this.#takeShotOfAttack(frame, views);
    for (const [index, { face }] of views.entries()) {
      const own = embedded?.face === face ? embedded : undefined;
      if (own?.judgement === 'another') {
        this.#tracker.replace(face, atMs);
        this.#reportEnd(face, atMs);
      } else this.#reportChanges(face, movements[index], own?.isBinding ?? false, atMs);
    }
  }

  #assess(frame: Frame, { face, landmarks }: MeshFit): FaceView {
    const { analyser, smallestFacePx } = this.#options;
    const quality = this.#counters.timeSync('assess', () =>
      analyser.assess(frame.picture, landmarks, { smallestFacePx }),
    );
    return {
      ...{ face, landmarks, quality },
      texture: () => analyser.texture(frame.picture, landmarks),
      surroundings: () => analyser.surroundings(frame.picture, landmarks),
    };
  }

  #observe(frame: Frame, view: FaceView): Movements {
    const { face, landmarks, quality } = view;
    const { capturedAtMs: atMs, picture } = frame;
    const movements = face.observation.observe(frame, view, this.#options);
    const { eyes, motion } = movements;
    this.#options.onView?.({ trackId: face.track.id, atMs, landmarks, quality, eyes, motion, picture });
    return movements;
  }

  /** Asks the passive model about one face that the detector found in this frame: the one that has waited longest. */
  async #scorePassively(frame: Frame, fits: readonly MeshFit[]): Promise<void> {
    if (!this.#hasPassivePad) return;
    const atMs = frame.capturedAtMs;
    const { analyser, liveness } = this.#options;
    const [due] = fits
      .flatMap(({ face }) => {
        const { detected } = face.tracking;
        const waitingMs = atMs - (face.observation.lastPassiveMs ?? Number.NEGATIVE_INFINITY);
        const isDue = face.reported.isStarted && detected?.atMs === atMs && waitingMs >= passiveEveryMs;
        return isDue ? [{ face, box: detected.box, waitingMs }] : [];
      })
      .sort((a, b) => compareWaiting(b.waitingMs, a.waitingMs));
    if (due === undefined) return;
    const score = await this.#counters.time('passive', () => analyser.passivePad(frame.picture, due.box));
    if (score === undefined) this.#hasPassivePad = false;
    else due.face.observation.observePassive(score, atMs, liveness);
  }

  /** An attack may never be worth an embedding, which would bring its picture: it gets one here. One face a frame. */
  async #takeShotOfAttack(frame: Frame, views: readonly FaceView[]): Promise<void> {
    const { takeShot, liveness } = this.#options;
    if (takeShot === undefined) return;
    const view = views.find(
      ({ face }) =>
        face.reported.isStarted &&
        face.samples.shotQuality === undefined &&
        assessLiveness(face.observation.liveness, liveness).verdict === 'attack',
    );
    if (view) await takeShotOf(frame, view, { takeShot, counters: this.#counters });
  }

  /** The first embedding identifies the face, so the evidence of an ended track of the same face still counts. */
  #recall({ samples, observation }: TrackedFace): void {
    const [first, ...others] = samples.memory.seen;
    if (first === undefined || others.length > 0) return;
    const { sameFaceThreshold, liveness } = this.#options;
    const before = this.#endedFaces.findLast((ended) =>
      showsSameFace(ended.samples.memory, first, sameFaceThreshold),
    );
    if (before !== undefined)
      observation.learn({ kind: 'seen-before', from: before.observation.liveness }, liveness);
  }

  #reportStart({ track, reported }: TrackedFace, atMs: number): void {
    if (reported.isStarted || track.phase !== 'confirmed') return;
    reported.isStarted = true;
    this.#counters.add('tracksConfirmed');
    const { id, firstSeenMs, motion } = track;
    this.#options.sink({ type: 'track.started', atMs, trackId: id, firstSeenMs, box: motion.box });
  }

  /** Reports what changed about one face, and sends a sighting if anything did. */
  #reportChanges(face: TrackedFace, movements: Movements | undefined, isBound: boolean, atMs: number): void {
    const { reported, samples, observation, track } = face;
    if (!reported.isStarted) return;
    const { blinks = [], gesture } = movements ?? {};
    const { sink, liveness } = this.#options;
    const trackId = track.id;
    for (const blink of blinks) {
      this.#counters.add('blinks');
      sink({ type: 'blink', atMs, trackId, blink });
    }
    if (gesture !== undefined) {
      this.#counters.add('gestures');
      sink({ type: 'gesture', atMs, trackId, gesture });
    }
    const assessment = assessLiveness(observation.liveness, liveness);
    const isNewVerdict = assessment.verdict !== reported.verdict;
    if (isNewVerdict) {
      reported.verdict = assessment.verdict;
      sink({ type: 'liveness', atMs, trackId, assessment });
    }
    const hasMoved = blinks.length > 0 || gesture !== undefined;
    // The core hears of every confirmed face at once, because this process may be killed before the first embedding.
    const isFirst = reported.sightingCount === 0;
    const isDecided = isNewVerdict && assessment.verdict !== 'undetermined';
    if (isFirst || isNewVerdict || hasMoved || isBound || samples.hasNewProbes)
      this.#reportSighting(face, atMs, { isDecided });
  }

  #reportEnd(face: TrackedFace, atMs: number): void {
    const { track, reported } = face;
    if (!reported.isStarted || track.phase !== 'ended') return;
    this.#endedFaces = [...this.#endedFaces, face].slice(-rememberedFaces);
    const { id, firstSeenMs, lastSeenMs, reason } = track;
    // A confirmed track never ends as `never-confirmed`.
    this.#reportSighting(face, atMs, { endedBy: reason === 'never-confirmed' ? 'left' : reason });
    this.#options.sink({ type: 'track.ended', atMs, trackId: id, firstSeenMs, lastSeenMs, reason });
  }

  #reportSighting(
    { track, observation, samples, reported }: TrackedFace,
    atMs: number,
    { endedBy, isDecided }: { readonly endedBy?: SightingEnd; readonly isDecided?: boolean },
  ): void {
    const { cameraId, analyser, liveness: policy, sink } = this.#options;
    const liveness = assessLiveness(observation.liveness, policy);
    const isUndecided = endedBy !== undefined && liveness.verdict === 'undetermined';
    const openness = isDecided === true || isUndecided ? observation.openness : undefined;
    const sequence = reported.sightingCount;
    reported.sightingCount += 1;
    this.#counters.add('sightings');
    const { probes, bestShot } = samples.takeNew();
    const sighting = {
      cameraId,
      trackId: track.id,
      sequence,
      isEnded: endedBy !== undefined,
      ...present({ endedBy }),
      firstSeenMs: track.firstSeenMs,
      lastSeenMs: track.lastSeenMs,
      box: track.motion.box,
      quality: observation.bestQuality,
      views: { ...observation.views, embedded: samples.views.probeCount },
      liveness,
      recogniser: analyser.recogniser,
      probes,
      ...present({ bestShot, openness }),
    };
    sink({ type: 'sighting', atMs, sighting });
  }
}

function compareWaiting(a: number, b: number): number {
  return a === b ? 0 : a < b ? -1 : 1;
}
