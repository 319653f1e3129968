import type { CameraId, PassageId } from '../ids.js';

/** A passage of a stranger. Times are wall clock, milliseconds since the epoch. */
interface PassageOfStay {
  readonly passageId: PassageId;
  readonly cameraId: CameraId;
  readonly firstSeenMs: number;
  readonly lastSeenMs: number;
}

/** A time in which a stranger was in sight of one camera or of several. */
export interface Stay {
  readonly fromMs: number;
  readonly untilMs: number;
  /** In the order of their first passage. */
  readonly cameraIds: readonly CameraId[];
  /** The passage that lasted longest into the present, and its camera. */
  readonly latest: { readonly passageId: PassageId; readonly cameraId: CameraId };
}

/** A stranger out of sight for so long begins a new stay, milliseconds. */
export const stayGapMs = 2 * 60_000;

/**
 * The stay that lasts at `nowMs`; undefined if the stranger was last seen too long ago. `isOpen` tells the passages that have not
 * ended: vision reports changes only, so the last report about a person who stands still may be old.
 * @param passages - in the order of their beginning
 */
export function presentStay(
  passages: readonly PassageOfStay[],
  isOpen: (id: PassageId) => boolean,
  nowMs: number,
): Stay | undefined {
  let stay: Stay | undefined;
  for (const { passageId, cameraId, firstSeenMs, lastSeenMs } of passages) {
    const untilMs = isOpen(passageId) ? Math.max(nowMs, lastSeenMs) : lastSeenMs;
    const latest = { passageId, cameraId };
    const before = stay !== undefined && firstSeenMs - stay.untilMs < stayGapMs ? stay : undefined;
    stay = {
      fromMs: before?.fromMs ?? firstSeenMs,
      untilMs: Math.max(untilMs, before?.untilMs ?? untilMs),
      cameraIds: [...new Set([...(before?.cameraIds ?? []), cameraId])],
      latest: before !== undefined && before.untilMs > untilMs ? before.latest : latest,
    };
  }
  return stay !== undefined && nowMs - stay.untilMs < stayGapMs ? stay : undefined;
}
