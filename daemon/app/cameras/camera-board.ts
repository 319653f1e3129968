import type { CameraConfig } from '../../config/schema.js';
import type { CameraStatus } from '../../control/box-control.js';
import type { CameraState } from '../../vision/protocol.js';

/** What is known of the cameras: their latest states and counters, as vision reported them. */
export class CameraBoard {
  readonly #states = new Map<string, CameraState>();
  readonly #counters = new Map<string, Readonly<Record<string, number>>>();

  setState(cameraId: string, state: CameraState): void {
    this.#states.set(cameraId, state);
  }

  /**
   * Takes the counters one vision process sends about once a second, and says whether they show progress: a frame was
   * analysed, or no camera delivers any. Waiting for cameras is not standing still.
   */
  takeCounters(
    reported: readonly { readonly id: string; readonly counters: Readonly<Record<string, number>> }[],
  ): boolean {
    let hasAnalysed = false;
    for (const { id, counters } of reported) {
      const before = this.#counters.get(id)?.['analysed'] ?? 0;
      hasAnalysed ||= (counters['analysed'] ?? 0) > before;
      this.#counters.set(id, counters);
    }
    return hasAnalysed || this.streamingCount === 0;
  }

  /** A vision process is gone: what it said of its cameras no longer holds. */
  forget(cameraIds: readonly string[]): void {
    for (const id of cameraIds) this.#states.delete(id);
  }

  get streamingCount(): number {
    return [...this.#states.values()].filter(({ state }) => state === 'streaming').length;
  }

  /** The state of each of `cameras`, in their order. */
  status(cameras: readonly CameraConfig[]): readonly CameraStatus[] {
    return cameras.map(({ id, name, enabled, direction }) => {
      const counters = this.#counters.get(id) ?? {};
      const about = { id, name, isEnabled: enabled, direction, counters };
      if (!enabled) return { ...about, state: 'disabled' as const };
      const state = this.#states.get(id);
      if (state === undefined) return { ...about, state: 'waiting' as const };
      if (state.state === 'failed') {
        const { code, message, remedy } = state;
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
