import type { CameraConfig } from '../config/schema.js';
import type { CameraStatus } from '../control/box-control.js';
import type { CameraState } from '../vision/protocol.js';

/** What is known of every configured camera: its latest state and counters, as vision reported them. */
export class CameraBoard {
  readonly #cameras: readonly CameraConfig[];
  readonly #states = new Map<string, CameraState>();
  readonly #counters = new Map<string, Readonly<Record<string, number>>>();

  constructor(cameras: readonly CameraConfig[]) {
    this.#cameras = cameras;
  }

  setState(cameraId: string, state: CameraState): void {
    this.#states.set(cameraId, state);
  }

  setCounters(cameraId: string, counters: Readonly<Record<string, number>>): void {
    this.#counters.set(cameraId, counters);
  }

  /** A vision process is gone: what it said of its cameras no longer holds. */
  forget(cameraIds: readonly string[]): void {
    for (const id of cameraIds) this.#states.delete(id);
  }

  /** Frames analysed on all cameras since their processes started: what progress is measured by. */
  get framesAnalysed(): number {
    let sum = 0;
    for (const counters of this.#counters.values()) sum += counters['analysed'] ?? 0;
    return sum;
  }

  status(): readonly CameraStatus[] {
    return this.#cameras.map(({ id, name, enabled, direction }) => {
      const counters = this.#counters.get(id) ?? {};
      const about = { id, name, isEnabled: enabled, direction, counters };
      if (!enabled) return { ...about, state: 'disabled' as const };
      const state = this.#states.get(id);
      if (state === undefined) return { ...about, state: 'waiting' as const };
      if (state.state === 'failed') {
        const { code, message, remedy } = state;
        return { ...about, state: 'failed' as const, code, message, remedy };
      }
      if (state.state === 'streaming') return { ...about, state: 'streaming' as const, stream: state.stream };
      return { ...about, state: 'connecting' as const };
    });
  }
}
