import type { FaceQuality } from './quality.js';

/** When a view of a track is worth an embedding. */
export interface ViewPolicy {
  /** Probes of a track that go to the core unless a clearly better view comes. */
  readonly enoughProbes: number;
  /** A view is clearly better when its score is this much higher. */
  readonly improvement: number;
  /** Views closer in time than this show the same thing, milliseconds. */
  readonly shortestIntervalMs: number;
  /** While probes are wanted, one at least this often, milliseconds. */
  readonly probeEveryMs: number;
  /** Once there are enough, the face is still checked to be the same this often, milliseconds. */
  readonly checkEveryMs: number;
}

export const defaultViewPolicy: ViewPolicy = {
  enoughProbes: 8,
  improvement: 0.08,
  shortestIntervalMs: 200,
  probeEveryMs: 600,
  checkEveryMs: 2000,
};

/** Which views of a track were embedded. */
export interface ViewHistory {
  readonly probeCount: number;
  readonly bestScore: number;
  readonly lastEmbeddedMs: number | undefined;
}

export const emptyViewHistory: ViewHistory = { probeCount: 0, bestScore: 0, lastEmbeddedMs: undefined };

/** Something that cannot wait for the schedule. */
export type ViewUrgency = 'none' | 'movement-to-bind' | 'doubtful-face';

/** Why a view is to be embedded, most pressing first. */
export type ViewPurpose =
  | 'settle-doubt'
  | 'first-probe'
  | 'bind-movement'
  | 'better-view'
  | 'more-probes'
  | 'check';

const pressing: readonly ViewPurpose[] = [
  'settle-doubt',
  'first-probe',
  'bind-movement',
  'better-view',
  'more-probes',
  'check',
];

/** What an embedding of the view seen at `atMs` would be good for; undefined where it is not wanted. */
export function purposeOfView(
  history: ViewHistory,
  view: { readonly atMs: number; readonly quality: FaceQuality; readonly urgency: ViewUrgency },
  policy: ViewPolicy,
): ViewPurpose | undefined {
  if (view.quality.reasons.length > 0) return undefined;
  if (history.lastEmbeddedMs === undefined) return 'first-probe';
  if (view.urgency === 'doubtful-face') return 'settle-doubt';
  if (view.urgency === 'movement-to-bind') return 'bind-movement';
  const sinceMs = view.atMs - history.lastEmbeddedMs;
  if (sinceMs < policy.shortestIntervalMs) return undefined;
  if (view.quality.score >= history.bestScore + policy.improvement) return 'better-view';
  if (history.probeCount < policy.enoughProbes) {
    return sinceMs >= policy.probeEveryMs ? 'more-probes' : undefined;
  }
  return sinceMs >= policy.checkEveryMs ? 'check' : undefined;
}

/** Index of the view to embed in this frame: the most pressing, then the one that waited longest. */
export function pickView(
  views: readonly { readonly purpose: ViewPurpose | undefined; readonly waitingMs: number }[],
): number | undefined {
  let picked: number | undefined;
  let pickedRank = Number.POSITIVE_INFINITY;
  let pickedWaitingMs = Number.NEGATIVE_INFINITY;
  views.forEach(({ purpose, waitingMs }, index) => {
    if (purpose === undefined) return;
    const rank = pressing.indexOf(purpose);
    if (rank > pickedRank || (rank === pickedRank && waitingMs <= pickedWaitingMs)) return;
    picked = index;
    pickedRank = rank;
    pickedWaitingMs = waitingMs;
  });
  return picked;
}

/** True where the embedding adds to what the core knows, false where it only checked that the face is the same. */
export function isProbe(purpose: ViewPurpose, history: ViewHistory, policy: ViewPolicy): boolean {
  return purpose === 'better-view' || history.probeCount < policy.enoughProbes;
}

export function recordEmbedding(
  history: ViewHistory,
  embedded: { readonly atMs: number; readonly score: number; readonly isProbe: boolean },
): ViewHistory {
  return {
    probeCount: history.probeCount + (embedded.isProbe ? 1 : 0),
    bestScore: embedded.isProbe ? Math.max(history.bestScore, embedded.score) : history.bestScore,
    lastEmbeddedMs: embedded.atMs,
  };
}
