import type { CameraStatus } from '../../contract/cameras.js';
import type { CameraConfig } from '../../contract/settings/schema.js';
import {
  type CameraProgress,
  type CameraState,
  type StageTimes,
  stages,
} from '../../contract/vision/vision-reports.js';
import { present } from '../../kernel/present.js';
import { said } from '../../kernel/said.js';
import { inEnglish } from '../../words/language.js';

type Counters = Readonly<Record<string, number>>;

/** True for counters of the present or the last minute; the others count since the start. */
const isMomentary = (name: string): boolean =>
  ['tracks', 'lastFrameAgeMs', 'decoderBytes'].includes(name) || name.endsWith('PerMin');

/**
 * The latest states and counters of the cameras, as vision reported them. Counters continue when a camera is reopened or its
 * process is replaced. The counts of an ended process since its last report, at most a second, are lost.
 */
export class CameraBoard {
  readonly #states = new Map<string, CameraState>();
  /** Counts since the present process opened the camera. */
  readonly #counters = new Map<string, Counters>();
  /** Earlier counts. */
  readonly #earlierCounters = new Map<string, Counters>();
  /** As the two above. */
  readonly #stageTimes = new Map<string, StageTimes>();
  readonly #earlierStageTimes = new Map<string, StageTimes>();

  setState(cameraId: string, state: CameraState): void {
    this.#states.set(cameraId, state);
  }

  /**
   * Takes the counters that a vision process sends about once a second. Returns true for progress: a frame was analysed, or watched
   * in a substream while none was wanted of the main stream, or no camera delivers frames.
   */
  takeProgress(reported: readonly CameraProgress[]): boolean {
    let hasAnalysed = false;
    for (const { id, counters, stageTimes } of reported) {
      hasAnalysed ||= isProgress(this.#counters.get(id) ?? {}, counters);
      this.#counters.set(id, counters);
      this.#stageTimes.set(id, stageTimes);
    }
    return hasAnalysed || this.streamingCount === 0;
  }

  /** No process watches these cameras now. Forgets their last states. */
  closed(cameraIds: readonly string[]): void {
    for (const id of cameraIds) {
      this.#states.delete(id);
      this.#earlierStageTimes.set(id, this.stageTimesOf(id));
      this.#stageTimes.delete(id);
      const counters = this.#counters.get(id);
      this.#counters.delete(id);
      if (counters === undefined) continue;
      const lasting = Object.entries(counters).filter(([name]) => !isMomentary(name));
      // A new process cannot know that it reopens a camera.
      const reopening = { restarts: (counters['delivered'] ?? 0) > 0 ? 1 : 0 };
      const earlier = sum(this.#earlierCounters.get(id) ?? {}, Object.fromEntries(lasting));
      this.#earlierCounters.set(id, sum(earlier, reopening));
    }
  }

  /** Forgets cameras that are no longer configured. */
  configure(cameraIds: readonly string[]): void {
    const counts = [this.#counters, this.#earlierCounters, this.#stageTimes, this.#earlierStageTimes];
    for (const known of [this.#states, ...counts]) {
      for (const id of known.keys()) if (!cameraIds.includes(id)) known.delete(id);
    }
  }

  /** How long each stage took for the pictures of this camera. */
  stageTimesOf(cameraId: string): StageTimes {
    const present = this.#stageTimes.get(cameraId) ?? {};
    const earlier = this.#earlierStageTimes.get(cameraId) ?? {};
    const ran = stages.filter((stage) => stage in present || stage in earlier);
    return Object.fromEntries(ran.map((stage) => [stage, sumOfLists(present[stage], earlier[stage])]));
  }

  get streamingCount(): number {
    return [...this.#states.values()].filter(({ state }) => state === 'streaming').length;
  }

  /** The state of each of `cameras`, in their order. `isEnrolling`: photographs are being analysed now. */
  status(
    cameras: readonly CameraConfig[],
    { isEnrolling = false }: { readonly isEnrolling?: boolean } = {},
  ): readonly Omit<CameraStatus, 'passages'>[] {
    return cameras.map(({ id, name, enabled, direction }) => {
      const counters = sum(this.#earlierCounters.get(id) ?? {}, this.#counters.get(id) ?? {});
      const about = { id, name, isEnabled: enabled, direction, counters };
      if (!enabled) return { ...about, state: 'disabled' as const };
      const state = this.#states.get(id);
      if (state === undefined) return { ...about, state: 'waiting' as const };
      if (state.state === 'failed') {
        const { code, message, remedy, says } = isEnrolling ? mentionEnrolment(state) : state;
        return { ...about, state: 'failed' as const, code, message, remedy, ...present({ says }) };
      }
      if (state.state === 'streaming') {
        const { stream, damage, lostStream } = state;
        return { ...about, state: 'streaming' as const, stream, ...present({ damage, lostStream }) };
      }
      return { ...about, state: 'connecting' as const };
    });
  }
}

/** Frames of a substream prove nothing while frames of the main stream are wanted, and none is analysed. */
function isProgress(before: Counters, now: Counters): boolean {
  const hasGrown = (name: string): boolean => (now[name] ?? 0) > (before[name] ?? 0);
  return hasGrown('analysed') || (hasGrown('watched') && !hasGrown('decodingMs'));
}

type Failure = Extract<CameraState, { readonly state: 'failed' }>;

/** The analysis of photographs slows down cameras, so a camera that falls behind meanwhile is not a lasting fault. */
function mentionEnrolment(failure: Failure): Failure {
  if (failure.code !== 'falling-behind') return failure;
  const { message, remedy, says } = failure;
  return {
    ...failure,
    ...inEnglish({
      message: said('cameras/during-enrolment', { what: says?.message ?? message }),
      remedy: said('cameras/remedy-during-enrolment', { remedy: says?.remedy ?? remedy }),
    }),
  };
}

/** There are about forty. The limit protects the core from a vision process that invents names. */
const mostCounters = 200;

function sumOfLists(a: readonly number[] = [], b: readonly number[] = []): readonly number[] {
  return (a.length < b.length ? b : a).map((_, index) => (a[index] ?? 0) + (b[index] ?? 0));
}

/** In a map: a name may be one that every object has, such as `constructor`. */
function sum(a: Counters, b: Counters): Counters {
  const total = new Map<string, number>();
  for (const [name, value] of [...Object.entries(a), ...Object.entries(b)]) {
    if (total.has(name) || total.size < mostCounters) total.set(name, (total.get(name) ?? 0) + value);
  }
  return Object.fromEntries(total);
}
