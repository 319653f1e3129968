import type { PersonId } from '../ids.js';
import { dotProduct } from './dot.kernel.js';

/**
 * A face as a vector of unit length. The dot product of two is their cosine similarity, -1..1; higher means more similar. Only
 * vectors of the same recogniser may be compared.
 */
export type Embedding = Float32Array;

/** Cosine similarity of two unit-length vectors, -1..1; -1 for vectors of different dimensions. */
export function similarityOf(a: Embedding, b: Embedding): number {
  return a.length === b.length ? dotProduct(a, b) : -1;
}

/**
 * What faces are compared with: the references of a person and, where there are several, the mean of these unit vectors, again of unit
 * length. Light and pose of single photographs cancel out in it, so that it is often nearer to a new view than any of them. Callers wipe
 * the mean, which is the last one.
 */
export function templatesOf(references: readonly Embedding[]): readonly Embedding[] {
  const [first] = references;
  if (first === undefined || references.length < 2) return references;
  const sum = first.map((_, axis) => references.reduce((total, each) => total + (each[axis] ?? 0), 0));
  const length = Math.sqrt(dotProduct(sum, sum));
  // References that point away from each other have no direction in common.
  if (!(length > 1e-6)) return references;
  return [...references, sum.map((value) => value / length)];
}

/** The similarity of each face to a person with these references, -1..1; -1 without any. Leaves no mean in memory. */
export function similaritiesToPerson(
  faces: readonly Embedding[],
  references: readonly Embedding[],
): readonly number[] {
  const templates = templatesOf(references);
  const found = faces.map((face) =>
    templates.reduce((nearest, template) => Math.max(nearest, similarityOf(template, face)), -1),
  );
  if (templates.length > references.length) templates.at(-1)?.fill(0);
  return found;
}

/** The same for one face. */
export function similarityToPerson(face: Embedding, references: readonly Embedding[]): number {
  return similaritiesToPerson([face], references)[0] ?? -1;
}

/** One embedding of a track, taken from one of its best views. */
export interface Probe {
  readonly capturedAtMs: number;
  readonly embedding: Embedding;
  /** Quality score of the view, 0..1. */
  readonly quality: number;
}

/** A person of the gallery with the similarity of a probe to the nearest of `templatesOf` their references. */
export interface Candidate {
  readonly personId: PersonId;
  readonly similarity: number;
}

/** The operating point of a recogniser; the model manifest has the defaults and their origin. */
export interface MatchPolicy {
  /** Similarity from which two faces count as the same person. */
  readonly threshold: number;
  /** How much more similar the best person must be than the second best. */
  readonly margin: number;
  /** Minimum number of probes for a decision. */
  readonly minimumProbes: number;
  /** The threshold of one person; a value below `threshold` counts as `threshold`. */
  readonly thresholdOf?: (personId: PersonId) => number | undefined;
  /** How much more similar a face must be to the first person than to the second, if they look alike; below `margin` it counts as that. */
  readonly marginBetween?: (a: PersonId, b: PersonId) => number | undefined;
  /** Whether this recogniser cannot tell two enrolled persons apart, whatever the margin. Absent: no such pair is known. */
  readonly isInseparable?: (a: PersonId, b: PersonId) => boolean;
}

/** The similarity from which a face counts as this person. */
export function thresholdFor({ threshold, thresholdOf }: MatchPolicy, personId: PersonId): number {
  return Math.max(threshold, thresholdOf?.(personId) ?? threshold);
}

/** How much more similar a face must be to one person than to the other. */
export function marginFor({ margin, marginBetween }: MatchPolicy, a: PersonId, b: PersonId): number {
  return Math.max(margin, marginBetween?.(a, b) ?? margin);
}

/** Why the box cannot decide between two persons. */
export const ambiguityReasons = ['within-margin', 'inseparable-pair'] as const;
export type AmbiguityReason = (typeof ambiguityReasons)[number];

/** The two possible persons, the more similar one first. */
export type CandidatePair = readonly [Candidate, Candidate];

/** Outcome of identifying one track against the gallery (ISO/IEC 2382-37: open-set identification). */
export type Identification =
  | {
      readonly outcome: 'match';
      readonly personId: PersonId;
      readonly similarity: number;
      readonly margin: number;
      readonly probeCount: number;
      /** The threshold of this person, if it is above the one of the policy. */
      readonly threshold?: number;
    }
  | {
      readonly outcome: 'no match';
      readonly bestSimilarity: number | undefined;
      readonly probeCount: number;
      /** The threshold of the best person, if it is above the one of the policy. */
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

/** Whether an answer says nothing new: the same outcome about the same persons. */
export function isSameAnswer(before: Identification | undefined, after: Identification): boolean {
  if (before === undefined) return after.outcome === 'inconclusive' && after.probeCount === 0;
  if (before.outcome === 'match' && after.outcome === 'match') return before.personId === after.personId;
  if (before.outcome === 'ambiguous' && after.outcome === 'ambiguous') {
    return after.candidates.every(({ personId }) =>
      before.candidates.some((candidate) => candidate.personId === personId),
    );
  }
  return before.outcome === after.outcome;
}
