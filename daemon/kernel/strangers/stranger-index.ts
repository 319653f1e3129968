import type { Embedding } from '../identification/match.js';
import type { RecogniserId, StrangerId } from '../ids.js';
import { isLikely, likenessTo, meanView, type Stranger, type WeighedView } from './stranger.js';

/** A stranger with the likeness of a face, -1..1. */
interface LikelyStranger {
  readonly stranger: Stranger;
  readonly likeness: number;
}

/**
 * The strangers in memory, with exact search. It owns their embeddings and overwrites them when a stranger is replaced or removed.
 */
export class StrangerIndex implements Disposable {
  readonly #strangers = new Map<StrangerId, Stranger>();

  get size(): number {
    return this.#strangers.size;
  }

  /** In the order in which they were first put. */
  values(): Iterable<Stranger> {
    return this.#strangers.values();
  }

  get(id: StrangerId): Stranger | undefined {
    return this.#strangers.get(id);
  }

  /**
   * Adds or replaces a stranger. Copies the embeddings that are not yet in the index, and overwrites those that the stranger no
   * longer has. Returns what is now in the index.
   */
  put(stranger: Stranger): Stranger {
    const before = this.#embeddingsOf(stranger.id);
    const views = stranger.views.map((view) =>
      before.has(view.embedding) ? view : { ...view, embedding: view.embedding.slice() },
    );
    const kept = { ...stranger, views };
    this.#strangers.set(stranger.id, kept);
    const now = new Set(views.map(({ embedding }) => embedding));
    for (const embedding of before) if (!now.has(embedding)) embedding.fill(0);
    return kept;
  }

  /** Removes a stranger and overwrites the embeddings. */
  remove(id: StrangerId): boolean {
    for (const embedding of this.#embeddingsOf(id)) embedding.fill(0);
    return this.#strangers.delete(id);
  }

  /** The nearest stranger whom a track with these views shows; undefined if it is another person. */
  find(
    views: readonly WeighedView[],
    { recogniser, threshold }: { readonly recogniser: RecogniserId; readonly threshold: number },
  ): LikelyStranger | undefined {
    const face = meanView(views);
    let nearest: LikelyStranger | undefined;
    if (face === undefined) return nearest;
    for (const stranger of this.#strangers.values()) {
      if (stranger.recogniser !== recogniser || !isLikely(face, stranger.views, threshold)) continue;
      const likeness = likenessTo(face, stranger.views);
      if (nearest === undefined || likeness > nearest.likeness) nearest = { stranger, likeness };
    }
    face.fill(0);
    return nearest;
  }

  /** The strangers most similar to any of these faces, closest first. */
  nearest(
    faces: readonly Embedding[],
    { count, recogniser }: { readonly count: number; readonly recogniser: RecogniserId },
  ): readonly LikelyStranger[] {
    const found: LikelyStranger[] = [];
    for (const stranger of this.#strangers.values()) {
      if (stranger.recogniser !== recogniser || stranger.views.length === 0) continue;
      found.push({ stranger, likeness: Math.max(...faces.map((face) => likenessTo(face, stranger.views))) });
    }
    return found.sort((a, b) => b.likeness - a.likeness).slice(0, count);
  }

  [Symbol.dispose](): void {
    for (const id of [...this.#strangers.keys()]) this.remove(id);
  }

  #embeddingsOf(id: StrangerId): ReadonlySet<Embedding> {
    return new Set(this.#strangers.get(id)?.views.map(({ embedding }) => embedding));
  }
}
