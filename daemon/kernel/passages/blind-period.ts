import type { NoticedCameraState } from '../camera-state.js';
import type { CameraId } from '../ids.js';
import { present } from '../present.js';

/**
 * Why a camera gave no usable pictures. `damaged`: it delivered pictures that cannot be used. `box-killed`: the box ended without
 * a word, at some time after its last sign of life.
 */
export const blindCauses = ['failed', 'disabled', 'damaged', 'box-stopped', 'box-killed'] as const;

/** A time in which no passage could be seen. Wall clock, milliseconds since the epoch. */
export interface BlindPeriod {
  /** Absent: no camera could see, because the box was down. */
  readonly cameraId?: CameraId;
  readonly fromMs: number;
  readonly untilMs: number;
  readonly cause: (typeof blindCauses)[number];
  /** The code of the error, where there is one. */
  readonly code?: string;
}

/** What the records tell about the sight of cameras, at a time on the wall clock, milliseconds since the epoch. */
export type SightChange = { readonly atMs: number } & (
  | {
      readonly kind: 'camera';
      readonly cameraId: CameraId;
      readonly state: NoticedCameraState;
      readonly code?: string;
      readonly damage?: string;
    }
  | { readonly kind: 'box-stopped' }
  /** `lastSignMs`: only after an end without a word, the last time at which the box was seen to run. */
  | { readonly kind: 'box-started'; readonly lastSignMs?: number }
);

interface Period {
  readonly fromMs: number;
  /** Until now for a day that is not over: what goes on ends here. */
  readonly untilMs: number;
}

/** The blind periods within a period, by their beginning. `changes` may be in any order, and begin before the period. */
export function blindPeriodsOf(
  changes: readonly SightChange[],
  { fromMs, untilMs }: Period,
): readonly BlindPeriod[] {
  const found: BlindPeriod[] = [];
  /** What goes on, by camera; undefined: the box. */
  const open = new Map<CameraId | undefined, Omit<BlindPeriod, 'untilMs'>>();
  const close = (of: CameraId | undefined, atMs: number): void => {
    const begun = open.get(of);
    open.delete(of);
    if (begun !== undefined) found.push({ ...begun, untilMs: atMs });
  };
  for (const change of changes.toSorted((one, other) => one.atMs - other.atMs)) {
    const { atMs } = change;
    switch (change.kind) {
      case 'box-stopped':
        open.set(undefined, { fromMs: atMs, cause: 'box-stopped' });
        break;
      case 'box-started':
        if (change.lastSignMs !== undefined && !open.has(undefined))
          found.push({ fromMs: change.lastSignMs, untilMs: atMs, cause: 'box-killed' });
        close(undefined, atMs);
        break;
      case 'camera': {
        const { cameraId, code, damage } = change;
        const cause = blindnessOf(change);
        close(cameraId, atMs);
        if (cause !== undefined)
          open.set(cameraId, { cameraId, fromMs: atMs, cause, ...present({ code: code ?? damage }) });
      }
    }
  }
  for (const of of [...open.keys()]) close(of, untilMs);
  return found
    .map((each) => ({
      ...each,
      fromMs: Math.max(fromMs, each.fromMs),
      untilMs: Math.min(untilMs, each.untilMs),
    }))
    .filter((each) => each.fromMs < each.untilMs)
    .sort((one, other) => one.fromMs - other.fromMs);
}

function blindnessOf({
  state,
  damage,
}: Extract<SightChange, { readonly kind: 'camera' }>): BlindPeriod['cause'] | undefined {
  if (state === 'streaming') return damage === undefined ? undefined : 'damaged';
  return state;
}
