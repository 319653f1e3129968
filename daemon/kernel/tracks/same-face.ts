import { type Embedding, similarityOf } from '../identification/match.js';

/** The embeddings of a track so far. */
export interface FaceMemory {
  /** Latest embeddings that agreed with each other, oldest first. */
  readonly seen: readonly Embedding[];
  /** Embeddings in a row that disagreed with all of `seen`. */
  readonly strangeCount: number;
}

/**
 * - `same`: the first embedding of the track, or one that agrees; it may become a probe.
 * - `doubtful`: it disagrees: a bad view or another face. It is not used; the next embedding should follow soon.
 * - `another`: `strangeLimit` embeddings in a row disagree: another face has taken over the track.
 */
export type FaceJudgement = 'same' | 'doubtful' | 'another';

interface SameFacePolicy {
  /** Similarity from which two views are the same face: the match threshold of the recogniser. */
  readonly threshold: number;
  /** Number of disagreeing embeddings in a row that mean another face. */
  readonly strangeLimit: number;
}

export const emptyFaceMemory: FaceMemory = { seen: [], strangeCount: 0 };

/** Number of remembered views. Heads turn, so agreement with any of them is enough. */
const rememberedViews = 5;

/** Compares an embedding with the earlier ones of the track. */
export function recallFace(
  memory: FaceMemory,
  embedding: Embedding,
  policy: SameFacePolicy,
): { readonly judgement: FaceJudgement; readonly memory: FaceMemory } {
  if (memory.seen.length === 0 || showsSameFace(memory, embedding, policy.threshold)) {
    return {
      judgement: 'same',
      memory: { seen: [...memory.seen, embedding].slice(-rememberedViews), strangeCount: 0 },
    };
  }
  const strangeCount = memory.strangeCount + 1;
  return {
    judgement: strangeCount >= policy.strangeLimit ? 'another' : 'doubtful',
    memory: { ...memory, strangeCount },
  };
}

/** Whether the embedding agrees with any remembered one. */
export function showsSameFace({ seen }: FaceMemory, embedding: Embedding, threshold: number): boolean {
  return seen.some((known) => similarityOf(known, embedding) >= threshold);
}
