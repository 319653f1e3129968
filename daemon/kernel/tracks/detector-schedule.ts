/**
 * The kind of a detector run. A `quick` run uses half the resolution: it costs a quarter of a `full` run and may miss faces
 * under twice the smallest tracked size.
 */
export type DetectorRunKind = 'full' | 'quick';

/** Times of the last detector runs. */
export interface DetectorHistory {
  readonly lastMs: number;
  readonly lastFullMs: number;
}

export const detectorNeverRan: DetectorHistory = {
  lastMs: Number.NEGATIVE_INFINITY,
  lastFullMs: Number.NEGATIVE_INFINITY,
};

interface DetectorSituation {
  readonly atMs: number;
  readonly isAnyoneFollowed: boolean;
  /** A face that was tracked until the previous frame was not found in this one. */
  readonly isAnyoneJustLost: boolean;
  /** Widths of all lost faces, pixels. */
  readonly missingWidthsPx: readonly number[];
  readonly smallestFacePx: number;
}

/** Interval of the search for new faces while others are tracked, milliseconds. */
const newcomersEveryMs = 400;
/** Interval of the search for a lost face, milliseconds; the first search is immediate. */
const lostEveryMs = 200;
/**
 * New faces that quick runs miss are far away and can wait this long, milliseconds. Five full runs a second would take nearly
 * half a core for each camera without faces (85 ms each at 1080p, docs/measurements/performance.md).
 */
const fullEveryMs = 1000;
/** A quick run reliably finds faces of at least this many times the smallest tracked size. */
const quickLimit = 2.4;
/** A face that quick runs miss can be found only once in this many runs. */
const runsPerFullRun = fullEveryMs / newcomersEveryMs;

/** The detector run that is due in this frame; undefined if none is. */
export function detectorRunDue(
  { lastMs, lastFullMs }: DetectorHistory,
  situation: DetectorSituation,
): DetectorRunKind | undefined {
  const { atMs, isAnyoneFollowed, isAnyoneJustLost, missingWidthsPx, smallestFacePx } = situation;
  const sinceMs = atMs - lastMs;
  const isDue =
    !isAnyoneFollowed ||
    isAnyoneJustLost ||
    sinceMs >= (missingWidthsPx.length > 0 ? lostEveryMs : newcomersEveryMs);
  if (!isDue) return undefined;
  const sinceFullMs = atMs - lastFullMs;
  const isFarOneMissing = missingWidthsPx.some((widthPx) => !isFoundQuickly(widthPx, smallestFacePx));
  return sinceFullMs >= (isFarOneMissing ? newcomersEveryMs : fullEveryMs) ? 'full' : 'quick';
}

export function recordDetectorRun(
  history: DetectorHistory,
  kind: DetectorRunKind,
  atMs: number,
): DetectorHistory {
  return { lastMs: atMs, lastFullMs: kind === 'full' ? atMs : history.lastFullMs };
}

/** Whether quick runs find a face of this width as reliably as full ones. */
export function isFoundQuickly(widthPx: number, smallestFacePx: number): boolean {
  return widthPx >= quickLimit * smallestFacePx;
}

/**
 * The weight of a run that did not find a face of `widthPx`: 1 if every run can find the face. For a face that only full runs
 * find, a quick run weighs 0, and a full run also counts for the quick runs before it.
 */
export function weightOfMiss(kind: DetectorRunKind, widthPx: number, smallestFacePx: number): number {
  if (isFoundQuickly(widthPx, smallestFacePx)) return 1;
  return kind === 'full' ? runsPerFullRun : 0;
}
