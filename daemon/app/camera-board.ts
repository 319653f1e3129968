import type { CameraConfig } from '../config/schema.js';
import type { CameraStatus } from '../control/box-control.js';
import type { CameraState } from '../vision/protocol.js';

/** What is known of every configured camera: its latest state and counters, as vision reported them. */
export class CameraBoard {
  readonly #cameras: readonly CameraConfig[];
  readonly #states = new Map<string, CameraState>();
  readonly #counters = new Map<string, Readonly<Record<string, number>>>();

  #progressCount = 0;

  constructor(cameras: readonly CameraConfig[]) {
    this.#cameras = cameras;
  }

  setState(cameraId: string, state: CameraState): void {
    this.#states.set(cameraId, state);
  }

  /** Takes the counters of one vision process, which it sends about once a second. */
  setCounters(
    reported: readonly { readonly id: string; readonly counters: Readonly<Record<string, number>> }[],
  ): void {
    for (const { id, counters } of reported) {
      const before = this.#counters.get(id)?.['analysed'] ?? 0;
      this.#progressCount += Math.max(0, (counters['analysed'] ?? 0) - before);
      this.#counters.set(id, counters);
    }
    if (this.streamingCount === 0) this.#progressCount += 1;
  }

  /** A vision process is gone: what it said of its cameras no longer holds. */
  forget(cameraIds: readonly string[]): void {
    for (const id of cameraIds) this.#states.delete(id);
  }

  get streamingCount(): number {
    return [...this.#states.values()].filter(({ state }) => state === 'streaming').length;
  }

  /**
   * Grows with every frame analysed on any camera. While no camera delivers, the reports themselves count: waiting for
   * cameras is not standing still.
   */
  get progressCount(): number {
    return this.#progressCount;
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
