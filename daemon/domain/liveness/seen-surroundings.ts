import { doSurroundingsFollow, type Surroundings } from './surroundings.kernel.js';

/** What is around a face is looked at this often, and remembered for so long, milliseconds. */
const lookEveryMs = 400;
const rememberedMs = 4000;

/** What was around a face in the last seconds. */
export interface SeenSurroundings {
  /** Oldest first. */
  readonly recent: readonly (Surroundings & { readonly atMs: number })[];
  /** Whether it moved with the face, as in a picture, when that could last be told. */
  readonly isPicture: boolean;
}

export const nothingAround: SeenSurroundings = { recent: [], isPicture: false };

export const wantsSurroundingsAt = ({ recent }: SeenSurroundings, atMs: number): boolean =>
  atMs - (recent.at(-1)?.atMs ?? Number.NEGATIVE_INFINITY) >= lookEveryMs;

export function nextSurroundings(
  seen: SeenSurroundings,
  atMs: number,
  now: Surroundings | undefined,
): SeenSurroundings {
  if (now === undefined) return seen;
  const recent = seen.recent.filter((each) => each.atMs >= atMs - rememberedMs);
  return { ...seen, recent: [...recent, { ...now, atMs }] };
}

/** Compares the last look with the others: some milliseconds of work, so only where a movement is about to count. */
export function recogniseSurroundings(seen: SeenSurroundings): SeenSurroundings {
  const last = seen.recent.at(-1);
  if (last === undefined) return seen;
  return { ...seen, isPicture: doSurroundingsFollow(seen.recent.slice(0, -1), last) ?? seen.isPicture };
}
