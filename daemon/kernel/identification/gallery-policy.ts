import { calibrate, type EnrolledPerson, inseparablePairs, likenesses } from './calibration.js';
import { lookAlikes, pairKey } from './look-alikes.js';
import type { MatchPolicy } from './match.js';

/** The policy with the thresholds of all persons, the look-alikes and the inseparable pairs of a fixed gallery. */
export function policyOver(
  gallery: readonly EnrolledPerson[],
  policy: MatchPolicy,
  targetFpir: number | undefined,
): MatchPolicy {
  const persons = likenesses(gallery);
  const thresholds = new Map(
    calibrate(persons, { floor: policy.threshold, margin: policy.margin, targetFpir }).map((one) => [
      one.personId,
      one.threshold,
    ]),
  );
  const pairs = inseparablePairs(persons, policy);
  const alike = lookAlikes(persons, policy);
  return {
    ...policy,
    marginBetween: (x, y) => alike.get(pairKey(x, y))?.margin,
    thresholdOf: (id) => thresholds.get(id),
    isInseparable: (x, y) => pairs.some(({ a, b }) => (a === x && b === y) || (a === y && b === x)),
  };
}
