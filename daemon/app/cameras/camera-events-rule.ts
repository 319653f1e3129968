/** When a change of a camera becomes an event. Pure; times on the monotonic clock, milliseconds. */

/** What is said of a camera. */
export interface SaidOfCamera {
  readonly state: 'streaming' | 'failed' | 'disabled';
  /** Of `failed`. */
  readonly code?: string;
  /** Of `streaming`: why its pictures are of no use. */
  readonly damage?: string;
}

/** What is seen of it; `connecting` is no news, either way. */
export type SeenOfCamera =
  | SaidOfCamera
  | { readonly state: 'connecting'; readonly code?: never; readonly damage?: never };

export interface WatchedCamera {
  /** By the newest event; undefined where there never was one. */
  readonly said: SaidOfCamera | undefined;
  readonly seen: SeenOfCamera;
  readonly seenSinceMs: number;
  /** Since when it is not steadily what was said; undefined while it is. */
  readonly unsettledSinceMs: number | undefined;
  /** The last reason it failed for. */
  readonly lastCode: string | undefined;
}

/** How long a state must last to be said: a stream that is opened anew, or a vision process, takes less. */
export const settledAfterMs = 5_000;
/** A camera that comes to no state that lasts is said to have failed after this; longer than any stream may take to open. */
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
  // The next try of a camera that failed: the failure stands until a picture comes.
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

/** After `judgeCamera` said `settled`, or `what` was said. */
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
