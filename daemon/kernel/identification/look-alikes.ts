import type { PersonId } from '../ids.js';
import type { PersonLikeness } from './calibration.js';
import type { MatchPolicy } from './match.js';

/** Two enrolled persons who look alike to the recogniser, and what a match to one of them takes. */
export interface LookAlikes {
  readonly a: PersonId;
  readonly b: PersonId;
  /** Of their two most similar references, cosine. */
  readonly similarity: number;
  /** How much more similar a face must be to the one than to the other. */
  readonly margin: number;
}

type OperatingPoint = Pick<MatchPolicy, 'threshold' | 'margin'>;

/** The similarity of two references from which their persons look alike: within the margin of the threshold, as an enrolment warns. */
function alikeFrom({ threshold, margin }: OperatingPoint): number {
  return threshold - margin;
}

/**
 * The margin between two persons: the general one where they begin to look alike, growing by as much as their similarity does, at most
 * twice. A face between two people who look alike, such as a relative of both, is near to both, and the nearer they are, the less
 * their difference tells.
 */
export function marginBetween(similarity: number, point: OperatingPoint): number {
  const { margin } = point;
  return margin + Math.min(margin, Math.max(0, similarity - alikeFrom(point)));
}

/** The order of the two makes no difference. */
export function pairKey(a: PersonId, b: PersonId): string {
  return a < b ? `${a} ${b}` : `${b} ${a}`;
}

/** All persons who look alike, by `pairKey`, the most similar first. */
export function lookAlikes(
  persons: readonly PersonLikeness[],
  point: OperatingPoint,
): ReadonlyMap<string, LookAlikes> {
  const steps = lookAlikeSteps(persons, point);
  for (;;) {
    const { done, value } = steps.next();
    if (done === true) return value;
  }
}

/** The same in steps of one person, for a gallery that is too large for a single step. */
export function* lookAlikeSteps(
  persons: readonly PersonLikeness[],
  point: OperatingPoint,
): Generator<undefined, ReadonlyMap<string, LookAlikes>> {
  const found = new Map<string, LookAlikes>();
  for (const { personId, neighbours } of persons) {
    yield;
    for (const { personId: other, highest: similarity } of neighbours) {
      if (similarity < alikeFrom(point)) continue;
      const [a, b] = personId < other ? [personId, other] : [other, personId];
      const key = pairKey(a, b);
      if ((found.get(key)?.similarity ?? -1) >= similarity) continue;
      found.set(key, { a, b, similarity, margin: marginBetween(similarity, point) });
    }
  }
  return new Map([...found].sort(([, x], [, y]) => y.similarity - x.similarity));
}
