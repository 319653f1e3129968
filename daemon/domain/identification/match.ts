import type { PersonId } from '../ids.js';

/**
 * A face as numbers: a vector of unit length, so that the dot product of two is their cosine similarity,
 * -1..1, higher = closer. Only vectors of the same recogniser may be compared.
 */
export type Embedding = Float32Array;

/** Cosine similarity of two unit-length vectors, -1..1; those of unlike length have nothing in common. */
export function similarityOf(a: Embedding, b: Embedding): number {
  if (a.length !== b.length) return -1;
  // Not `reduce`: that takes 80 times as long, and strangers are compared with hundreds of others.
  let sum = 0;
  for (let axis = 0; axis < a.length; axis += 1) sum += (a[axis] ?? 0) * (b[axis] ?? 0);
  return sum;
}

/** One embedding of a track, taken from one of its best views. */
export interface Probe {
  readonly capturedAtMs: number;
  readonly embedding: Embedding;
  /** Quality score of the view, 0..1. */
  readonly quality: number;
}

/** A person of the gallery and how close a probe came to their nearest reference. */
export interface Candidate {
  readonly personId: PersonId;
  readonly similarity: number;
}

/** Operating point of a recogniser; defaults and their origin stand in the model manifest. */
export interface MatchPolicy {
  /** Similarity from which two faces count as the same person. */
  readonly threshold: number;
  /** How much closer the best person must be than the second best. */
  readonly margin: number;
  /** Probes needed before a track is decided either way. */
  readonly minimumProbes: number;
  /** The threshold of one person, where theirs is stricter than `threshold`; a looser one counts as `threshold`. */
  readonly thresholdOf?: (personId: PersonId) => number | undefined;
  /** Whether this recogniser cannot tell two enrolled persons apart, whatever the margin. Absent: no such pair is known. */
  readonly isInseparable?: (a: PersonId, b: PersonId) => boolean;
}

/** Similarity from which a face counts as this person. */
export function thresholdFor({ threshold, thresholdOf }: MatchPolicy, personId: PersonId): number {
  return Math.max(threshold, thresholdOf?.(personId) ?? threshold);
}

/** Why it is not said which of two persons was seen. */
export const ambiguityReasons = ['within-margin', 'inseparable-pair'] as const;
export type AmbiguityReason = (typeof ambiguityReasons)[number];

/** The two persons of whom it could be either, the nearer one first. */
export type CandidatePair = readonly [Candidate, Candidate];

/** Outcome of identifying one track against the gallery (ISO/IEC 2382-37: open-set identification). */
export type Identification =
  | {
      readonly outcome: 'match';
      readonly personId: PersonId;
      readonly similarity: number;
      readonly margin: number;
      readonly probeCount: number;
      /** The threshold of this person, where it is stricter than that of the policy. */
      readonly threshold?: number;
    }
  | {
      readonly outcome: 'no match';
      readonly bestSimilarity: number | undefined;
      readonly probeCount: number;
      /** The threshold of the best person, where it is stricter than that of the policy. */
      readonly threshold?: number;
    }
  | {
      readonly outcome: 'ambiguous';
      readonly candidates: CandidatePair;
      readonly reason: AmbiguityReason;
      readonly probeCount: number;
    }
  | {
      readonly outcome: 'inconclusive';
      readonly bestSimilarity: number | undefined;
      readonly probeCount: number;
    };
