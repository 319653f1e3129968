import type { CameraState } from '../../contract/vision/vision-reports.js';
import type { Clock } from '../../kernel/clock.js';
import type { KnownCamera } from '../delivery/camera-documents.js';

/** A camera of the configuration in force. */
export interface ConfiguredCamera {
  readonly id: string;
  readonly name: string;
  readonly enabled: boolean;
}

type ReportedState = Pick<KnownCamera, 'state' | 'code' | 'damage'>;

/** A vision process parses untrusted data, so only text in the form of a code is repeated. */
const anyCode = /^[a-z0-9]+(?:-[a-z0-9]+)*$/;
const longestCode = 64;
const namelessCode = 'camera-failed';

/**
 * The state of each configured camera, across reloads and restarts of vision processes. A camera without a report, or whose
 * process has ended, is `connecting`.
 */
export class CameraStates {
  readonly #clock: Clock;
  readonly #reported = new Map<string, ReportedState>();
  readonly #listeners = new Set<(cameraId: string) => void>();
  #cameras = new Map<string, KnownCamera>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Sets the cameras of the configuration in force, in its order. Forgets others. */
  configure(cameras: readonly ConfiguredCamera[]): void {
    const before = this.#cameras;
    const now = cameras.map((camera) => this.#known(camera, before.get(camera.id)));
    this.#cameras = new Map(now.map((camera) => [camera.id, camera]));
    const gone = [...before.keys()].filter((id) => !this.#cameras.has(id));
    for (const id of gone) this.#reported.delete(id);
    for (const id of [...gone, ...this.#cameras.keys()]) {
      if (this.#cameras.get(id) !== before.get(id)) this.#notify(id);
    }
  }

  /** Takes a report of vision. */
  take(cameraId: string, state: CameraState): void {
    if (state.state === 'streaming' && state.lostStream?.which === 'main') {
      // The substream only bridges the failure: most faces are too small in it to be recognised.
      this.#setReported(cameraId, { state: 'failed', code: codeOf(state.lostStream.code) });
    } else if (state.state === 'streaming') {
      const { damage } = state;
      this.#setReported(cameraId, { state: 'streaming', ...(damage && { damage: damage.code }) });
    } else if (state.state === 'connecting') this.#setReported(cameraId, { state: 'connecting' });
    else this.#setReported(cameraId, { state: 'failed', code: codeOf(state.code) });
  }

  /** Forgets the reports about cameras whose vision process has ended. */
  forget(cameraIds: readonly string[]): void {
    for (const id of cameraIds) this.#setReported(id, undefined);
  }

  all(): readonly KnownCamera[] {
    return [...this.#cameras.values()];
  }

  /** Undefined if the camera is not configured. */
  of(cameraId: string): KnownCamera | undefined {
    return this.#cameras.get(cameraId);
  }

  /** Calls back with the id of each camera that has changed. The returned function unsubscribes. */
  onChanged(listener: (cameraId: string) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  #setReported(id: string, reported: ReportedState | undefined): void {
    if (reported === undefined) this.#reported.delete(id);
    else this.#reported.set(id, reported);
    const before = this.#cameras.get(id);
    if (before === undefined) return;
    const now = this.#known({ id, name: before.name, enabled: before.state !== 'disabled' }, before);
    if (now === before) return;
    this.#cameras.set(id, now);
    this.#notify(id);
  }

  /** Returns the same object if nothing has changed. */
  #known({ id, name, enabled }: ConfiguredCamera, before: KnownCamera | undefined): KnownCamera {
    const now: ReportedState = enabled
      ? (this.#reported.get(id) ?? { state: 'connecting' })
      : { state: 'disabled' };
    const isAsBefore =
      before?.state === now.state && before.code === now.code && before.damage === now.damage;
    if (isAsBefore && before.name === name) return before;
    return { id, name, ...now, sinceMs: isAsBefore ? before.sinceMs : this.#clock.wallMs() };
  }

  #notify(id: string): void {
    for (const listener of [...this.#listeners]) listener(id);
  }
}

export function openCameraStates(cameras: readonly ConfiguredCamera[], clock: Clock): CameraStates {
  const states = new CameraStates(clock);
  states.configure(cameras);
  return states;
}

function codeOf(code: string): string {
  return code.length <= longestCode && anyCode.test(code) ? code : namelessCode;
}
