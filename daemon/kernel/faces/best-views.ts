import type { FaceQuality } from './quality.js';

/** Defines which views of a track are embedded. */
interface ViewPolicy {
  /** Number of probes of a track; later probes need a clearly better view. */
  readonly enoughProbes: number;
  /** A clearly better view has a score higher by this. */
  readonly improvement: number;
  /** Minimum time between two embeddings: closer views show the same, milliseconds. */
  readonly shortestIntervalMs: number;
  /** Interval of probes until there are enough, milliseconds. */
  readonly probeEveryMs: number;
  /** Interval of checks for the same face after that, milliseconds. */
  readonly checkEveryMs: number;
}

export const defaultViewPolicy: ViewPolicy = {
  enoughProbes: 8,
  improvement: 0.08,
  shortestIntervalMs: 200,
  probeEveryMs: 600,
  checkEveryMs: 2000,
};

/** The embedded views of a track. */
export interface ViewHistory {
  readonly probeCount: number;
  readonly bestScore: number;
  readonly lastEmbeddedMs: number | undefined;
}

export const emptyViewHistory: ViewHistory = { probeCount: 0, bestScore: 0, lastEmbeddedMs: undefined };

/** A reason to embed before the schedule. */
type ViewUrgency = 'none' | 'movement-to-bind' | 'doubtful-face';

/** Why a view is embedded, most urgent first. */
const viewPurposes = [
  'settle-doubt',
  'first-probe',
  'bind-movement',
  'better-view',
  'more-probes',
  'check',
] as const;
export type ViewPurpose = (typeof viewPurposes)[number];

/** The purpose of an embedding of the view at `atMs`; undefined if no embedding is needed. */
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

/** Index of the view to embed in this frame: the most urgent, then the longest waiting. */
export function pickView(
  views: readonly { readonly purpose: ViewPurpose | undefined; readonly waitingMs: number }[],
): number | undefined {
  let picked: number | undefined;
  let pickedRank = Number.POSITIVE_INFINITY;
  let pickedWaitingMs = Number.NEGATIVE_INFINITY;
  views.forEach(({ purpose, waitingMs }, index) => {
    if (purpose === undefined) return;
    const rank = viewPurposes.indexOf(purpose);
    if (rank > pickedRank || (rank === pickedRank && waitingMs <= pickedWaitingMs)) return;
    picked = index;
    pickedRank = rank;
    pickedWaitingMs = waitingMs;
  });
  return picked;
}

/** True if the embedding is sent to the core; false if it only checks that the face is the same. */
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
