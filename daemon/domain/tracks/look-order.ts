/** A face that wants to be looked at closely in this frame. */
export interface Waiting {
  readonly widthPx: number;
  /** When it was last looked at closely; undefined: never. */
  readonly lastLookedMs: number | undefined;
}

/**
 * Chooses at most `budget` faces, so that a crowd does not stretch the time of a frame: half of the places go to the
 * largest faces, which are at the door and want every frame for their blinks; the others take turns, longest
 * waiting first. Returns indices, ascending.
 */
export function chooseLooks(faces: readonly Waiting[], budget: number): readonly number[] {
  const indices = faces.map((_, index) => index);
  const widthOf = (index: number): number => faces[index]?.widthPx ?? 0;
  const lookedOf = (index: number): number => faces[index]?.lastLookedMs ?? Number.NEGATIVE_INFINITY;
  const bySize = [...indices].sort((a, b) => widthOf(b) - widthOf(a));
  const largest = bySize.slice(0, Math.ceil(budget / 2));
  const turn = indices
    .filter((index) => !largest.includes(index))
    .sort((a, b) => compareTimes(lookedOf(a), lookedOf(b)) || widthOf(b) - widthOf(a))
    .slice(0, budget - largest.length);
  return [...largest, ...turn].sort((a, b) => a - b);
}

function compareTimes(a: number, b: number): number {
  return a === b ? 0 : a < b ? -1 : 1;
}
