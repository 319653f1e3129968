import type { PersonId } from '../ids.js';
import {
  type AmbiguityReason,
  type Candidate,
  type CandidatePair,
  type Identification,
  type MatchPolicy,
  marginFor,
  thresholdFor,
} from './match.js';

/** A probe of a track with the result of its search. */
export interface SearchedProbe {
  readonly capturedAtMs: number;
  /** Quality score of the view, 0..1. */
  readonly quality: number;
  /** The most similar persons, at most one entry per person, in any order. */
  readonly candidates: readonly Candidate[];
}

/** The probes of a track that count, best quality first. */
export type TrackProbes = readonly SearchedProbe[];

/**
 * Maximum number of probes per track. Vision embeds only the best views; this limits a track that stays for hours, and keeps its
 * best views.
 */
const maximumProbes = 24;

/** The minimum weight of an embedded view. */
const smallestWeight = 0.1;

/** The lowest cosine; used for a missing person or similarity. */
const leastSimilarity = -1;

export const noProbes: TrackProbes = [];

/** Adds probes. The order of arrival does not matter. */
export function withProbes(probes: TrackProbes, more: readonly SearchedProbe[]): TrackProbes {
  return [...probes, ...more]
    .sort((a, b) => b.quality - a.quality || a.capturedAtMs - b.capturedAtMs)
    .slice(0, maximumProbes);
}

/** The probes as if `personId` had never been in the gallery. */
export function withoutPerson(probes: TrackProbes, personId: PersonId): TrackProbes {
  return probes.map((probe) => ({
    ...probe,
    candidates: probe.candidates.filter((candidate) => candidate.personId !== personId),
  }));
}

/** An enrolled person with the similarity of a track, averaged over its views, and the threshold that applies. */
export interface NearPerson {
  readonly personId: PersonId;
  readonly similarity: number;
  readonly threshold: number;
  /** The similarity of each probe of the track, in their order, rounded; absent in passages of earlier versions. */
  readonly ofProbes?: readonly number[];
}

interface Standing {
  readonly personId: PersonId;
  /** Quality-weighted mean similarity over all probes of the track. */
  readonly similarity: number;
  /** Share of the weight, 0..1, of the probes for which this person was the most similar one and reached the threshold. */
  readonly voteShare: number;
  readonly ofProbes: readonly number[];
}

/**
 * Identifies one track (open set). The similarity of each person is averaged over the probes of the track, weighted by the quality
 * of the view. A person who is missing among the candidates of a probe counts with its weakest candidate, the highest possible
 * value. A probe votes for the most similar person who reaches the threshold. The outcome is
 * - match: the best mean reaches the threshold and exceeds all others by the margin, and that of a look-alike by the margin between
 *   the two, and the person has more than half of the weight of the votes (a track that jumped from one person to another has not);
 * - no match: the best mean is under the threshold, and less than half of the weight voted for anyone;
 * - ambiguous: the best mean reaches the threshold, more than half of the weight voted for one of the best two, and these are an
 *   inseparable pair; or both means reach the threshold within the margin, and both persons reach it in more than half of the
 *   weight;
 * - inconclusive: too few probes, or the probes disagree.
 * The threshold is the one of the best person. If this person does not reach it, no other person is matched instead.
 */
export function identifyTrack(probes: TrackProbes, policy: MatchPolicy): Identification {
  const standings = rank(probes, policy);
  const [best, ...others] = standings;
  const [second] = others;
  const probeCount = probes.length;
  const bestSimilarity = best?.similarity;
  const inconclusive: Identification = { outcome: 'inconclusive', bestSimilarity, probeCount };
  if (probeCount < Math.max(1, policy.minimumProbes)) return inconclusive;
  if (!best) return { outcome: 'no match', bestSimilarity: undefined, probeCount };

  const threshold = thresholdFor(policy, best.personId);
  const stricter = threshold > policy.threshold ? { threshold } : {};
  const rival = others.find(({ personId, similarity }) => {
    return best.similarity - similarity < marginFor(policy, best.personId, personId);
  });
  const doubt =
    (second && ambiguityBetween(best, second, probes, policy)) ??
    (rival && ambiguityBetween(best, rival, probes, policy));
  // The own thresholds of an inseparable pair are above what either person reaches, so without this both would be strangers.
  if (doubt && (doubt.reason === 'inseparable-pair' || best.similarity >= threshold)) {
    return { outcome: 'ambiguous', ...doubt, probeCount };
  }
  if (best.similarity < threshold) {
    const votedShare = standings.reduce((sum, { voteShare }) => sum + voteShare, 0);
    return votedShare < 0.5 ? { outcome: 'no match', bestSimilarity, probeCount, ...stricter } : inconclusive;
  }
  const margin = best.similarity - (second?.similarity ?? leastSimilarity);
  if (rival || best.voteShare <= 0.5) return inconclusive;
  const { personId, similarity } = best;
  return { outcome: 'match', personId, similarity, margin, probeCount, ...stricter };
}

/**
 * The reason why the face could also be `second`; undefined if it could not. Both are compared with the general threshold only: a
 * person who reaches it is possible, although a match may require more.
 */
function ambiguityBetween(
  best: Standing,
  second: Standing,
  probes: TrackProbes,
  policy: MatchPolicy,
): { readonly candidates: CandidatePair; readonly reason: AmbiguityReason } | undefined {
  const { threshold, isInseparable } = policy;
  if (best.similarity < threshold) return undefined;
  let total = 0;
  let forEither = 0;
  let forBoth = 0;
  for (const probe of probes) {
    const { weight, similarities, nearest, weakest } = summarise(probe);
    const pair = [best, second].map(({ personId }) => similarities.get(personId) ?? weakest);
    total += weight;
    if (nearest && Math.max(...pair) >= Math.max(threshold, nearest.similarity)) forEither += weight;
    if (Math.min(...pair) >= threshold) forBoth += weight;
  }
  if (forEither <= total / 2) return undefined;
  const candidates = [asCandidate(best), asCandidate(second)] as const;
  if (isInseparable?.(best.personId, second.personId) === true)
    return { candidates, reason: 'inseparable-pair' };
  const margin = marginFor(policy, best.personId, second.personId);
  const isWithin = second.similarity >= threshold && best.similarity - second.similarity < margin;
  // Both in the same views: a track that jumped from one person to another shows them in different views.
  return isWithin && forBoth > total / 2 ? { candidates, reason: 'within-margin' } : undefined;
}

const asCandidate = ({ personId, similarity }: Standing): Candidate => ({ personId, similarity });

function rank(probes: TrackProbes, policy: MatchPolicy): readonly Standing[] {
  const people = new Set(probes.flatMap(({ candidates }) => candidates.map(({ personId }) => personId)));
  const totalWeight = probes.reduce((sum, probe) => sum + weightOfView(probe), 0);
  const seen = probes.map((probe) => summarise(probe));
  return [...people]
    .map((personId) => {
      const threshold = thresholdFor(policy, personId);
      let weighted = 0;
      let votes = 0;
      const ofProbes: number[] = [];
      for (const { weight, similarities, nearest, weakest } of seen) {
        const similarity = similarities.get(personId) ?? weakest;
        ofProbes.push(similarity);
        weighted += weight * similarity;
        if (nearest?.personId === personId && nearest.similarity >= threshold) votes += weight;
      }
      return { personId, similarity: weighted / totalWeight, voteShare: votes / totalWeight, ofProbes };
    })
    .sort((a, b) => b.similarity - a.similarity || (a.personId < b.personId ? -1 : 1));
}

/** The persons most similar to a track, the most similar first, each with the threshold that applies. */
export function nearestPersons(
  probes: TrackProbes,
  policy: MatchPolicy,
  count: number,
): readonly NearPerson[] {
  return rank(probes, policy)
    .slice(0, count)
    .map(({ personId, similarity, ofProbes }) => ({
      ...{ personId, similarity, threshold: thresholdFor(policy, personId) },
      ofProbes: ofProbes.map(rounded),
    }));
}

/** Exact enough to judge a passage again, and short to store. */
export const rounded = (value: number): number => Math.round(value * 1e4) / 1e4;

/** The weight of a view within its track. */
export function weightOfView({ quality }: Pick<SearchedProbe, 'quality'>): number {
  return Math.min(1, Math.max(smallestWeight, quality));
}

function summarise(probe: SearchedProbe) {
  let nearest: Candidate | undefined;
  let weakest: number | undefined;
  for (const candidate of probe.candidates) {
    if (!nearest || isNearer(candidate, nearest)) nearest = candidate;
    weakest = Math.min(weakest ?? candidate.similarity, candidate.similarity);
  }
  return {
    weight: weightOfView(probe),
    similarities: new Map(probe.candidates.map(({ personId, similarity }) => [personId, similarity])),
    nearest,
    weakest: weakest ?? leastSimilarity,
  };
}

function isNearer(a: Candidate, b: Candidate): boolean {
  return a.similarity > b.similarity || (a.similarity === b.similarity && a.personId < b.personId);
}
