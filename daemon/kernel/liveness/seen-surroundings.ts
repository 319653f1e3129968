import { doSurroundingsFollow, type Surroundings } from './surroundings.kernel.js';

/** What is around a face is looked at this often, remembered for so long, and compared at most this often, milliseconds. */
const lookEveryMs = 400;
export const surroundingsRememberedMs = 4000;
const compareEveryMs = 1000;
/** A face in a picture stays one for so long, unless what is around it is seen to stay, milliseconds. */
const pictureForMs = 30_000;

/** What was around a face in the last seconds. */
export interface SeenSurroundings {
  /** Oldest first. */
  readonly recent: readonly (Surroundings & { readonly atMs: number })[];
  readonly comparedMs: number;
  /** When it last was seen to move with the face, as in a picture, and not to stay since. */
  readonly pictureMs: number | undefined;
}

export const nothingAround: SeenSurroundings = {
  recent: [],
  comparedMs: Number.NEGATIVE_INFINITY,
  pictureMs: undefined,
};

export const wantsSurroundingsAt = ({ recent }: SeenSurroundings, atMs: number): boolean =>
  atMs - (recent.at(-1)?.atMs ?? Number.NEGATIVE_INFINITY) >= lookEveryMs;

export function nextSurroundings(
  seen: SeenSurroundings,
  atMs: number,
  now: Surroundings | undefined,
): SeenSurroundings {
  return now === undefined ? seen : { ...seen, recent: [...recentAt(seen, atMs), { ...now, atMs }] };
}

/** Compares the last look with earlier ones, some milliseconds of work: for when a movement is about to count. */
export function compareSurroundings(seen: SeenSurroundings, atMs: number): SeenSurroundings {
  const recent = recentAt(seen, atMs);
  const last = recent.at(-1);
  if (last === undefined || atMs - seen.comparedMs < compareEveryMs) return seen;
  const doFollow = doSurroundingsFollow(recent.slice(0, -1), last);
  const pictureMs = doFollow === undefined ? seen.pictureMs : doFollow ? atMs : undefined;
  return { ...seen, comparedMs: atMs, pictureMs };
}

const recentAt = ({ recent }: SeenSurroundings, atMs: number): SeenSurroundings['recent'] =>
  recent.filter((each) => each.atMs >= atMs - surroundingsRememberedMs);

export const isInPicture = ({ pictureMs }: SeenSurroundings, atMs: number): boolean =>
  pictureMs !== undefined && atMs - pictureMs <= pictureForMs;
