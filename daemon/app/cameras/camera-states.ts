import type { Clock } from '../../base/clock.js';
import type { KnownCamera } from '../../publish/camera-states.js';
import type { CameraState } from '../../vision/protocol.js';

/** What the configuration in force says of a camera. */
export interface ConfiguredCamera {
  readonly id: string;
  readonly name: string;
  readonly enabled: boolean;
}

type Heard = Pick<KnownCamera, 'state' | 'code' | 'damage'>;

/** Codes come from processes that parse what cameras send: anything else than a code is not repeated. */
const anyCode = /^[a-z0-9]+(?:-[a-z0-9]+)*$/;
const longestCode = 64;
const namelessCode = 'camera-failed';

/**
 * What each configured camera delivers now, over reloads and restarts of vision processes: a camera of which nothing was
 * heard yet, or whose process has ended, is `connecting`.
 */
export class CameraStates {
  readonly #clock: Clock;
  readonly #heard = new Map<string, Heard>();
  readonly #listeners = new Set<(cameraId: string) => void>();
  #cameras = new Map<string, KnownCamera>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Those of the configuration in force, in its order; others are no more. */
  configure(cameras: readonly ConfiguredCamera[]): void {
    const before = this.#cameras;
    const now = cameras.map((camera) => this.#known(camera, before.get(camera.id)));
    this.#cameras = new Map(now.map((camera) => [camera.id, camera]));
    const gone = [...before.keys()].filter((id) => !this.#cameras.has(id));
    for (const id of gone) this.#heard.delete(id);
    for (const id of [...gone, ...this.#cameras.keys()]) {
      if (this.#cameras.get(id) !== before.get(id)) this.#tell(id);
    }
  }

  /** What vision reports. */
  take(cameraId: string, state: CameraState): void {
    if (state.state === 'streaming') {
      const { damage } = state;
      this.#hear(cameraId, { state: 'streaming', ...(damage && { damage: damage.code }) });
    } else if (state.state === 'connecting') this.#hear(cameraId, { state: 'connecting' });
    else this.#hear(cameraId, { state: 'failed', code: codeOf(state.code) });
  }

  /** Their vision process is gone. */
  forget(cameraIds: readonly string[]): void {
    for (const id of cameraIds) this.#hear(id, undefined);
  }

  all(): readonly KnownCamera[] {
    return [...this.#cameras.values()];
  }

  /** Undefined where the configuration has no such camera. */
  of(cameraId: string): KnownCamera | undefined {
    return this.#cameras.get(cameraId);
  }

  /** Calls back with the id of each camera that is no longer as it was. Returns how to stop. */
  onChanged(listener: (cameraId: string) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  #hear(id: string, heard: Heard | undefined): void {
    if (heard === undefined) this.#heard.delete(id);
    else this.#heard.set(id, heard);
    const before = this.#cameras.get(id);
    if (before === undefined) return;
    const now = this.#known({ id, name: before.name, enabled: before.state !== 'disabled' }, before);
    if (now === before) return;
    this.#cameras.set(id, now);
    this.#tell(id);
  }

  /** The same object where nothing has changed. */
  #known({ id, name, enabled }: ConfiguredCamera, before: KnownCamera | undefined): KnownCamera {
    const now: Heard = enabled ? (this.#heard.get(id) ?? { state: 'connecting' }) : { state: 'disabled' };
    const isAsBefore =
      before?.state === now.state && before.code === now.code && before.damage === now.damage;
    if (isAsBefore && before.name === name) return before;
    return { id, name, ...now, sinceMs: isAsBefore ? before.sinceMs : this.#clock.wallMs() };
  }

  #tell(id: string): void {
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
