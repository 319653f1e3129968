import type { PersonId } from '../ids.js';
import {
  type AmbiguityReason,
  type Candidate,
  type CandidatePair,
  type Identification,
  type MatchPolicy,
  thresholdFor,
} from './match.js';

/** One probe of a track after it was searched: who came nearest, at most one entry per person. */
export interface SearchedProbe {
  readonly capturedAtMs: number;
  /** Quality score of the view, 0..1. */
  readonly quality: number;
  /** The nearest persons, each with the similarity of their nearest reference; any order. */
  readonly candidates: readonly Candidate[];
}

/** The probes of one track that count, best quality first. */
export type TrackProbes = readonly SearchedProbe[];

/**
 * Probes that count per track. Vision embeds only the best few views; this bounds what a track that stays for
 * hours can accumulate, and keeps the best views of it.
 */
const maximumProbes = 24;

/** A poor view that was embedded all the same still says something. */
const smallestWeight = 0.1;

/** The least a cosine can be: stands in for a person or a similarity that does not exist. */
const leastSimilarity = -1;

export const noProbes: TrackProbes = [];

/** Adds probes. The order in which probes arrive makes no difference. */
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

interface Standing {
  readonly personId: PersonId;
  /** Quality-weighted mean similarity over all probes of the track. */
  readonly similarity: number;
  /** Share of the weight, 0..1, of probes to which this person was nearest and above their threshold. */
  readonly voteShare: number;
}

/**
 * Identifies one track (open set). Every person's similarity is averaged over the track's probes, weighted by the
 * quality of the view; a person missing from a probe's candidates counts with that probe's weakest candidate, the
 * most it can have been. Then
 * - match: the best mean reaches the threshold, beats the second best by the margin, and its person was the nearest,
 *   above the threshold, in more than half of the weight (a track that jumped from one person to another fails this);
 * - no match: the best mean stays under the threshold and less than half of the weight spoke for anybody;
 * - ambiguous: the best mean reaches the threshold, more than half of the weight spoke for one of the nearest two, and the
 *   policy says that these cannot be told apart; or the second reaches the threshold too, without the margin between them, and
 *   both do so in more than half of the weight;
 * - inconclusive: fewer probes than the policy asks for, or the probes disagree.
 * The threshold is that of the person who is nearest. Nobody else is taken instead of a person who stays under their own.
 */
export function identifyTrack(probes: TrackProbes, policy: MatchPolicy): Identification {
  const standings = rank(probes, policy);
  const [best, second] = standings;
  const probeCount = probes.length;
  const bestSimilarity = best?.similarity;
  const inconclusive: Identification = { outcome: 'inconclusive', bestSimilarity, probeCount };
  if (probeCount < Math.max(1, policy.minimumProbes)) return inconclusive;
  if (!best) return { outcome: 'no match', bestSimilarity: undefined, probeCount };

  const threshold = thresholdFor(policy, best.personId);
  const stricter = threshold > policy.threshold ? { threshold } : {};
  const doubt = second && ambiguityBetween(best, second, probes, policy);
  // Of two who cannot be told apart the stricter threshold of each lies beyond what either reaches: both would be strangers.
  if (doubt && (doubt.reason === 'inseparable-pair' || best.similarity >= threshold)) {
    return { outcome: 'ambiguous', ...doubt, probeCount };
  }
  if (best.similarity < threshold) {
    const spokenFor = standings.reduce((sum, { voteShare }) => sum + voteShare, 0);
    return spokenFor < 0.5 ? { outcome: 'no match', bestSimilarity, probeCount, ...stricter } : inconclusive;
  }
  const margin = best.similarity - (second?.similarity ?? leastSimilarity);
  if (margin < policy.margin || best.voteShare <= 0.5) return inconclusive;
  const { personId, similarity } = best;
  return { outcome: 'match', personId, similarity, margin, probeCount, ...stricter };
}

/**
 * Why it could be `second` as well as `best`; undefined where it could not. Of both only the threshold of everybody is asked: who
 * reaches that may be the person in sight, although more is asked to say so.
 */
function ambiguityBetween(
  best: Standing,
  second: Standing,
  probes: TrackProbes,
  { threshold, margin, isInseparable }: MatchPolicy,
): { readonly candidates: CandidatePair; readonly reason: AmbiguityReason } | undefined {
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
  const isWithin = second.similarity >= threshold && best.similarity - second.similarity < margin;
  // Both in the same views: a track that went from one person to another shows each of them in views of their own.
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
      for (const { weight, similarities, nearest, weakest } of seen) {
        weighted += weight * (similarities.get(personId) ?? weakest);
        if (nearest?.personId === personId && nearest.similarity >= threshold) votes += weight;
      }
      return { personId, similarity: weighted / totalWeight, voteShare: votes / totalWeight };
    })
    .sort((a, b) => b.similarity - a.similarity || (a.personId < b.personId ? -1 : 1));
}

/** How much a view counts among the views of its track. */
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
