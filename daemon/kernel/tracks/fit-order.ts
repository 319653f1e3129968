/** A face that waits for a mesh fit in this frame. */
interface WaitingFace {
  readonly widthPx: number;
  /** Time of the last mesh fit; undefined: none yet. */
  readonly lastFitMs: number | undefined;
}

/**
 * Chooses at most `budget` faces, so that a crowd does not extend the time of a frame. Half of the places go to the largest
 * faces: they are at the door, and blink detection needs every frame of them. The other faces take turns, the longest waiting
 * first. Returns indices, ascending.
 */
export function chooseFits(faces: readonly WaitingFace[], budget: number): readonly number[] {
  const indices = faces.map((_, index) => index);
  const widthOf = (index: number): number => faces[index]?.widthPx ?? 0;
  const lastFitOf = (index: number): number => faces[index]?.lastFitMs ?? Number.NEGATIVE_INFINITY;
  const bySize = [...indices].sort((a, b) => widthOf(b) - widthOf(a));
  const largest = bySize.slice(0, Math.ceil(budget / 2));
  const turn = indices
    .filter((index) => !largest.includes(index))
    .sort((a, b) => compareTimes(lastFitOf(a), lastFitOf(b)) || widthOf(b) - widthOf(a))
    .slice(0, budget - largest.length);
  return [...largest, ...turn].sort((a, b) => a - b);
}

function compareTimes(a: number, b: number): number {
  return a === b ? 0 : a < b ? -1 : 1;
}
