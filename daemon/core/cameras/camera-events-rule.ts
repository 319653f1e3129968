/** Decides when a change of a camera becomes an event. Pure; times on the monotonic clock, milliseconds. */

import type { NoticedCameraState } from '../../kernel/camera-state.js';

/** The state that an event reports. */
export interface SaidOfCamera {
  readonly state: NoticedCameraState;
  /** Only for `failed`. */
  readonly code?: string;
  /** Only for `streaming`: why its pictures are unusable. */
  readonly damage?: string;
}

/** The state that vision reports. `connecting` alone never becomes an event. */
export type SeenOfCamera =
  | SaidOfCamera
  | { readonly state: 'connecting'; readonly code?: never; readonly damage?: never };

export interface WatchedCamera {
  /** The state in the newest event; undefined before the first. */
  readonly said: SaidOfCamera | undefined;
  readonly seen: SeenOfCamera;
  readonly seenSinceMs: number;
  /** When the camera left the reported state; undefined while it is steadily in it. */
  readonly unsettledSinceMs: number | undefined;
  /** The reason of the latest failure. */
  readonly lastCode: string | undefined;
}

/** How long a state must last to become an event. Reopening a stream or restarting a vision process takes less. */
export const settledAfterMs = 5_000;
/** A camera without a lasting state counts as failed after this time. Longer than any stream takes to open. */
export const unsettledAfterMs = 150_000;

export type CameraJudgement =
  | { readonly verdict: 'settled' }
  | { readonly verdict: 'say'; readonly what: SaidOfCamera }
  | { readonly verdict: 'wait'; readonly forMs: number };

export function watchCamera(said: SaidOfCamera | undefined, nowMs: number): WatchedCamera {
  const seen = { state: 'connecting' } as const;
  return { said, seen, seenSinceMs: nowMs, unsettledSinceMs: nowMs, lastCode: undefined };
}

export function sawCamera(camera: WatchedCamera, seen: SeenOfCamera, nowMs: number): WatchedCamera {
  // A failed camera tries again: the failure stays until a picture arrives.
  if (seen.state === 'connecting' && camera.seen.state === 'failed') return camera;
  if (isSame(camera.seen, seen)) return camera;
  return {
    ...camera,
    seen,
    seenSinceMs: nowMs,
    unsettledSinceMs: camera.unsettledSinceMs ?? nowMs,
    lastCode: seen.code ?? camera.lastCode,
  };
}

export function judgeCamera(camera: WatchedCamera, nowMs: number): CameraJudgement {
  const { said, seen, seenSinceMs, unsettledSinceMs, lastCode = 'camera-unsettled' } = camera;
  if (unsettledSinceMs === undefined) return { verdict: 'settled' };
  const settledInMs = seen.state === 'connecting' ? Infinity : seenSinceMs + settledAfterMs - nowMs;
  if (seen.state !== 'connecting' && settledInMs <= 0) {
    return isSame(said, seen) ? { verdict: 'settled' } : { verdict: 'say', what: seen };
  }
  const givenUpInMs = unsettledSinceMs + unsettledAfterMs - nowMs;
  if (givenUpInMs > 0) return { verdict: 'wait', forMs: Math.min(settledInMs, givenUpInMs) };
  const what: SaidOfCamera = { state: 'failed', code: lastCode };
  if (!isSame(said, what)) return { verdict: 'say', what };
  return settledInMs === Infinity ? { verdict: 'settled' } : { verdict: 'wait', forMs: settledInMs };
}

/** The camera after the verdict `settled`, or after an event reported `what`. */
export function settledCamera(
  camera: WatchedCamera,
  what: SaidOfCamera | undefined,
  nowMs: number,
): WatchedCamera {
  const said = what ?? camera.said;
  return { ...camera, said, unsettledSinceMs: isSame(said, camera.seen) ? undefined : nowMs };
}

export function isSame(one: SeenOfCamera | undefined, other: SeenOfCamera): boolean {
  return one?.state === other.state && one.code === other.code && one.damage === other.damage;
}
