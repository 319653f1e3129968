import { type Embedding, similarityOf } from '../identification/match.js';

/** What a track has shown so far of the face it follows. */
export interface FaceMemory {
  /** Latest embeddings that agreed with each other, oldest first. */
  readonly seen: readonly Embedding[];
  /** Embeddings in a row that disagreed with all of `seen`. */
  readonly strangeCount: number;
}

/**
 * - `same`: the track's first embedding, or one that agrees with it: may be a probe.
 * - `doubtful`: disagrees; a bad view or another face. Not to be used; look again soon.
 * - `another`: disagreed once too often: somebody else has taken the track's place.
 */
export type FaceJudgement = 'same' | 'doubtful' | 'another';

export interface SameFacePolicy {
  /** Similarity from which two views are one face; the recogniser's own match threshold. */
  readonly threshold: number;
  /** Disagreeing embeddings in a row that make another face. */
  readonly strangeLimit: number;
}

export const emptyFaceMemory: FaceMemory = { seen: [], strangeCount: 0 };

/** Latest views that are remembered: heads turn, so agreement with any of them is enough. */
const rememberedViews = 5;

/** Compares one more embedding with what the track has shown. */
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

/** Whether the embedding agrees with any of those that are remembered. */
export function showsSameFace({ seen }: FaceMemory, embedding: Embedding, threshold: number): boolean {
  return seen.some((known) => similarityOf(known, embedding) >= threshold);
}
