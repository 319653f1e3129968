import { weightOfView } from '../identification/identify-track.js';
import { type Embedding, similarityOf } from '../identification/match.js';
import type { CameraId, PassageId, RecogniserId, StrangerId } from '../ids.js';

/** One view of a face, as a track gives it. */
export interface WeighedView {
  readonly embedding: Embedding;
  /** Quality score of the view, 0..1. */
  readonly quality: number;
}

/** A view that is kept of a stranger, to recognise them again. */
interface StrangerView extends WeighedView {
  readonly passageId: PassageId;
}

/** A passage of a stranger. Times are wall clock, milliseconds since the epoch. */
export interface Appearance {
  readonly passageId: PassageId;
  readonly cameraId: CameraId;
  readonly firstSeenMs: number;
  readonly lastSeenMs: number;
  /** The time of its `unknown` event; absent if there was none. */
  readonly recordedAtMs?: number;
}

/** `ignored`: the owner wants neither event nor alert about this stranger. */
const strangerStates = ['active', 'ignored'] as const;
export type StrangerState = (typeof strangerStates)[number];
/** `set-aside`: was discarded or assigned, is no longer recognised, and can be restored for some time. */
export const listedStrangerStates = [...strangerStates, 'set-aside'] as const;

/** A person who is not enrolled. */
export interface Stranger {
  readonly id: StrangerId;
  readonly state: StrangerState;
  readonly recogniser: RecogniserId;
  /** The views to compare with, at most `mostViews`. */
  readonly views: readonly StrangerView[];
  /** Newest last, at most `mostAppearances`. */
  readonly appearances: readonly Appearance[];
  /** Visits before the first of `appearances`. */
  readonly earlierVisits: number;
}

/**
 * Views kept of a stranger. The likeness to a stranger is a median over them, so more of them make it steadier; beyond eight the
 * rates of docs/reference/strangers.md no longer improve, and the time of a search grows.
 */
export const mostViews = 8;
/** Views kept of one passage. They are alike, and must not outvote the other passages of the stranger. */
const mostViewsOfPassage = 3;
/** Passages that are remembered of one stranger. */
export const mostAppearances = 200;
/**
 * A stranger who was out of sight of all cameras for longer begins a new visit, milliseconds. People who wait, smoke or walk around
 * a building come back within minutes; a second delivery or a second attempt comes later.
 */
export const visitGapMs = 10 * 60_000;

/**
 * The mean of the views of a track, weighted by quality. Its dot product with an embedding is the weighted mean of the
 * similarities of the views, because a dot product is linear. Undefined without views.
 */
export function meanView(views: readonly WeighedView[]): Embedding | undefined {
  const [first] = views;
  if (first === undefined) return undefined;
  const mean = new Float32Array(first.embedding.length);
  let total = 0;
  for (const view of views) {
    const weight = weightOfView(view);
    total += weight;
    for (let axis = 0; axis < mean.length; axis += 1)
      mean[axis] = (mean[axis] ?? 0) + weight * (view.embedding[axis] ?? 0);
  }
  for (let axis = 0; axis < mean.length; axis += 1) mean[axis] = (mean[axis] ?? 0) / total;
  return mean;
}

/**
 * How close a face (the mean of its views) is to a stranger: the similarity that more than half of the stranger's views reach.
 * One view that resembles another person cannot join two people. -1 without views.
 */
export function likenessTo(face: Embedding, views: readonly WeighedView[]): number {
  const similarities = views.map(({ embedding }) => similarityOf(face, embedding)).sort((a, b) => b - a);
  return similarities[Math.floor(views.length / 2)] ?? -1;
}

/** Whether `likenessTo` reaches the threshold. Stops as soon as this is certain, since most strangers are far away. */
export function isLikely(face: Embedding, views: readonly WeighedView[], threshold: number): boolean {
  const needed = Math.floor(views.length / 2) + 1;
  let missesLeft = views.length - needed;
  if (missesLeft < 0) return false;
  for (const { embedding } of views) {
    if (similarityOf(face, embedding) >= threshold) continue;
    missesLeft -= 1;
    if (missesLeft < 0) return false;
  }
  return true;
}

/** The views to keep: those of good quality that differ from one another. */
function viewsToKeep(views: readonly StrangerView[]): readonly StrangerView[] {
  let kept = [...views];
  while (kept.length > mostViews) {
    const redundancies = kept.map((view) => redundancy(view, kept));
    const most = redundancies.indexOf(Math.max(...redundancies));
    kept = kept.filter((_, index) => index !== most);
  }
  return kept;
}

/** How dispensable a view is: near to another one, and of low quality. */
function redundancy(view: StrangerView, views: readonly StrangerView[]): number {
  let nearest = -1;
  for (const other of views) {
    if (other !== view) nearest = Math.max(nearest, similarityOf(view.embedding, other.embedding));
  }
  return nearest - 0.3 * view.quality;
}

/** The stranger with the views that this passage has shown so far, in place of those it had shown before. */
export function withViews(stranger: Stranger, passageId: PassageId, views: readonly WeighedView[]): Stranger {
  const best = [...views].sort((a, b) => b.quality - a.quality).slice(0, mostViewsOfPassage);
  const others = stranger.views.filter((view) => view.passageId !== passageId);
  const added = best.map(({ embedding, quality }) => ({ embedding, quality, passageId }));
  return { ...stranger, views: viewsToKeep([...others, ...added]) };
}

/** The stranger with this passage, in place of what was known of the same passage. */
export function withAppearance(stranger: Stranger, appearance: Appearance): Stranger {
  const others = stranger.appearances.filter(({ passageId }) => passageId !== appearance.passageId);
  return limited({ ...stranger, appearances: inOrder([...others, appearance]) });
}

/** The stranger without this passage and its views. */
export function withoutPassage(stranger: Stranger, passageId: PassageId): Stranger {
  return {
    ...stranger,
    views: stranger.views.filter((view) => view.passageId !== passageId),
    appearances: stranger.appearances.filter((appearance) => appearance.passageId !== passageId),
  };
}

function inOrder(appearances: readonly Appearance[]): readonly Appearance[] {
  return [...appearances].sort((a, b) => a.firstSeenMs - b.firstSeenMs);
}

/** Forgets the oldest passages beyond the limit, but counts the visits that end with them. */
function limited(stranger: Stranger): Stranger {
  const surplus = stranger.appearances.length - mostAppearances;
  if (surplus <= 0) return stranger;
  const before = visitCount(stranger);
  const appearances = stranger.appearances.slice(surplus);
  const after = visitCount({ appearances, earlierVisits: 0 });
  return { ...stranger, appearances, earlierVisits: before - after };
}

/** The visits of a stranger: passages with gaps of at most `visitGapMs` belong to one visit. */
export function visitCount({
  appearances,
  earlierVisits,
}: Pick<Stranger, 'appearances' | 'earlierVisits'>): number {
  let visits = earlierVisits;
  let seenUntilMs = Number.NEGATIVE_INFINITY;
  for (const { firstSeenMs, lastSeenMs } of appearances) {
    if (firstSeenMs - seenUntilMs > visitGapMs) visits += 1;
    seenUntilMs = Math.max(seenUntilMs, lastSeenMs);
  }
  return visits;
}

/** Undefined for a stranger without passages. */
export function seenBetween({
  appearances,
}: Pick<Stranger, 'appearances'>): { readonly firstMs: number; readonly lastMs: number } | undefined {
  const [first] = appearances;
  if (first === undefined) return undefined;
  return { firstMs: first.firstSeenMs, lastMs: Math.max(...appearances.map(({ lastSeenMs }) => lastSeenMs)) };
}

/** The time of the latest event about the stranger at a camera, of another passage than `passageId`. */
export function lastRecordedMs(
  { appearances }: Stranger,
  cameraId: CameraId,
  passageId: PassageId,
): number | undefined {
  return appearances.findLast(
    (each) => each.cameraId === cameraId && each.recordedAtMs !== undefined && each.passageId !== passageId,
  )?.recordedAtMs;
}

/** One stranger out of several, with the id of `into`. It stays ignored only if all of them were. */
export function merged(into: Stranger, others: readonly Stranger[]): Stranger {
  const all = [into, ...others];
  return limited({
    ...into,
    state: all.every(({ state }) => state === 'ignored') ? 'ignored' : 'active',
    views: viewsToKeep(all.flatMap(({ views }) => views)),
    appearances: inOrder(all.flatMap(({ appearances }) => appearances)),
    earlierVisits: all.reduce((sum, { earlierVisits }) => sum + earlierVisits, 0),
  });
}

/**
 * Takes passages out of a stranger and makes another stranger of them. Undefined if one of the two would have no view left, and so
 * could never be recognised.
 */
export function split(
  stranger: Stranger,
  passages: ReadonlySet<PassageId>,
  id: StrangerId,
): { readonly rest: Stranger; readonly taken: Stranger } | undefined {
  const isTaken = ({ passageId }: { readonly passageId: PassageId }): boolean => passages.has(passageId);
  const part = (isWanted: boolean) => ({
    views: stranger.views.filter((view) => isTaken(view) === isWanted),
    appearances: stranger.appearances.filter((appearance) => isTaken(appearance) === isWanted),
  });
  const rest = { ...stranger, ...part(false) };
  const taken = { ...stranger, ...part(true), id, earlierVisits: 0 };
  return rest.views.length === 0 || taken.views.length === 0 ? undefined : { rest, taken };
}
