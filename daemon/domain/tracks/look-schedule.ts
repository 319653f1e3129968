/**
 * How thoroughly the detector looks at a picture. A `quick` look has half the resolution: it costs a quarter of a
 * `full` one and may miss faces under twice the smallest of interest.
 */
export type LookKind = 'full' | 'quick';

/** When the detector last looked. */
export interface LookHistory {
  readonly lastMs: number;
  readonly lastFullMs: number;
}

export const neverLooked: LookHistory = {
  lastMs: Number.NEGATIVE_INFINITY,
  lastFullMs: Number.NEGATIVE_INFINITY,
};

export interface LookSituation {
  readonly atMs: number;
  readonly isAnyoneFollowed: boolean;
  /** Somebody who was followed until the frame before could not be located in this one. */
  readonly isAnyoneJustLost: boolean;
  /** Widths of the faces that are lost, just now or for longer, pixels. */
  readonly missingWidthsPx: readonly number[];
  readonly smallestFacePx: number;
}

/** While faces are followed, newcomers are looked for this often, milliseconds. */
const newcomersEveryMs = 400;
/** A face that stays lost is looked for this often, milliseconds; one that was just lost, at once. */
const lostEveryMs = 200;
/**
 * Newcomers whom quick looks miss are far away and can wait this long, milliseconds. Full looks alone, five a second,
 * would keep nearly half a core busy for each camera that sees nobody (85 ms each at 1080p, docs/performance.md).
 */
const fullEveryMs = 1000;
/** How many times the smallest of interest a face must measure for a quick look to be relied on. */
const quickLimit = 2.4;
/** A face that quick looks miss has its chance to be found only every so many looks. */
const looksPerFullLook = fullEveryMs / newcomersEveryMs;

/** The look that is due in this frame; undefined where none is. */
export function lookDue({ lastMs, lastFullMs }: LookHistory, situation: LookSituation): LookKind | undefined {
  const { atMs, isAnyoneFollowed, isAnyoneJustLost, missingWidthsPx, smallestFacePx } = situation;
  const sinceMs = atMs - lastMs;
  const isDue =
    !isAnyoneFollowed ||
    isAnyoneJustLost ||
    sinceMs >= (missingWidthsPx.length > 0 ? lostEveryMs : newcomersEveryMs);
  if (!isDue) return undefined;
  const sinceFullMs = atMs - lastFullMs;
  const isFarOneMissing = missingWidthsPx.some((widthPx) => widthPx < quickLimit * smallestFacePx);
  return sinceFullMs >= (isFarOneMissing ? newcomersEveryMs : fullEveryMs) ? 'full' : 'quick';
}

export function recordLook(history: LookHistory, kind: LookKind, atMs: number): LookHistory {
  return { lastMs: atMs, lastFullMs: kind === 'full' ? atMs : history.lastFullMs };
}

/**
 * For how many looks it counts that a look did not find a face of `widthPx`: 1 where every look would find it; faces
 * that only full looks find get none for a quick look and, for a full one, those of the quick looks between.
 */
export function weightOfMiss(kind: LookKind, widthPx: number, smallestFacePx: number): number {
  if (widthPx >= quickLimit * smallestFacePx) return 1;
  return kind === 'full' ? looksPerFullLook : 0;
}
