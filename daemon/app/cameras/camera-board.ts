import type { CameraConfig } from '../../config/schema.js';
import type { CameraStatus } from '../../control/box-control.js';
import type { CameraState } from '../../vision/protocol.js';

type Counters = Readonly<Record<string, number>>;

/** How it is now or was in the last minute, not how often since the beginning. */
const isMomentary = (name: string): boolean =>
  name === 'tracks' || name === 'lastFrameAgeMs' || name.endsWith('PerMin');

/**
 * What is known of the cameras: their latest states and counters, as vision reported them. Counters go on when a camera is
 * opened anew or its process is replaced; what an ended process had counted since its last report, a second before, is lost.
 */
export class CameraBoard {
  readonly #states = new Map<string, CameraState>();
  /** Since the camera was opened by the process that looks at it now. */
  readonly #counters = new Map<string, Counters>();
  /** Before that. */
  readonly #counted = new Map<string, Counters>();

  setState(cameraId: string, state: CameraState): void {
    this.#states.set(cameraId, state);
  }

  /**
   * Takes the counters one vision process sends about once a second, and says whether they show progress: a frame was
   * analysed, or no camera delivers any. Waiting for cameras is not standing still.
   */
  takeCounters(reported: readonly { readonly id: string; readonly counters: Counters }[]): boolean {
    let hasAnalysed = false;
    for (const { id, counters } of reported) {
      const before = this.#counters.get(id)?.['analysed'] ?? 0;
      hasAnalysed ||= (counters['analysed'] ?? 0) > before;
      this.#counters.set(id, counters);
    }
    return hasAnalysed || this.streamingCount === 0;
  }

  /** No process looks at these cameras now. Their last states no longer hold. */
  closed(cameraIds: readonly string[]): void {
    for (const id of cameraIds) {
      this.#states.delete(id);
      const counters = this.#counters.get(id);
      this.#counters.delete(id);
      if (counters === undefined) continue;
      const lasting = Object.entries(counters).filter(([name]) => !isMomentary(name));
      // Opening it again is an opening after the first, which no single process can know.
      const reopening = { restarts: (counters['delivered'] ?? 0) > 0 ? 1 : 0 };
      this.#counted.set(id, sum(sum(this.#counted.get(id) ?? {}, Object.fromEntries(lasting)), reopening));
    }
  }

  /** Forgets the cameras that are not configured any more. */
  configure(cameraIds: readonly string[]): void {
    for (const known of [this.#states, this.#counters, this.#counted]) {
      for (const id of known.keys()) if (!cameraIds.includes(id)) known.delete(id);
    }
  }

  get streamingCount(): number {
    return [...this.#states.values()].filter(({ state }) => state === 'streaming').length;
  }

  /** The state of each of `cameras`, in their order. `isEnrolling`: photographs are looked at at this moment. */
  status(
    cameras: readonly CameraConfig[],
    { isEnrolling = false }: { readonly isEnrolling?: boolean } = {},
  ): readonly CameraStatus[] {
    return cameras.map(({ id, name, enabled, direction }) => {
      const counters = sum(this.#counted.get(id) ?? {}, this.#counters.get(id) ?? {});
      const about = { id, name, isEnabled: enabled, direction, counters };
      if (!enabled) return { ...about, state: 'disabled' as const };
      const state = this.#states.get(id);
      if (state === undefined) return { ...about, state: 'waiting' as const };
      if (state.state === 'failed') {
        const { code, message, remedy } = isEnrolling ? tellEnrolment(state) : state;
        return { ...about, state: 'failed' as const, code, message, remedy };
      }
      if (state.state === 'streaming') {
        const { stream, damage } = state;
        return { ...about, state: 'streaming' as const, stream, ...(damage && { damage }) };
      }
      return { ...about, state: 'connecting' as const };
    });
  }
}

type Failure = Extract<CameraState, { readonly state: 'failed' }>;

/** A camera that is behind while photographs are looked at: those take time of the same processor. */
function tellEnrolment(failure: Failure): Failure {
  if (failure.code !== 'falling-behind') return failure;
  return {
    ...failure,
    message: `${failure.message}. It analyses photographs for an enrolment at this moment`,
    remedy: `wait until the enrolment is done; if it stays so, ${failure.remedy}`,
  };
}

/** There are some forty; a vision process names them, and another one may name others. */
const mostCounters = 200;

function sum(a: Counters, b: Counters): Counters {
  const names = new Set([...Object.keys(a), ...Object.keys(b)].slice(0, mostCounters));
  return Object.fromEntries([...names].map((name) => [name, (a[name] ?? 0) + (b[name] ?? 0)]));
}
