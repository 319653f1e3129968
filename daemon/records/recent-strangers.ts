import type { Clock, Timer } from '../base/clock.js';
import type { UnknownFact } from '../domain/events/event.js';
import { weightOfView } from '../domain/identification/identify-track.js';
import { type Embedding, type Probe, similarityOf } from '../domain/identification/match.js';
import type { CameraId, RecogniserId, TrackId } from '../domain/ids.js';

/** Best views of one face that are kept. */
const keptViews = 5;
/** Strangers of all cameras that are remembered; beyond, the one who was said longest ago is forgotten early. */
const rememberedStrangers = 256;
/** How often it is looked, at the latest, who is to be forgotten: a reload may have shortened the cooldown. */
const longestWaitMs = 60_000;

/** Some views of one face. Who made them overwrites them. */
export type FaceViews = readonly Probe[];

export const noViews: FaceViews = [];

/** Copies the best of `views`, at most 5. */
export function copyBestViews(views: FaceViews): FaceViews {
  return [...views]
    .sort((a, b) => b.quality - a.quality || a.capturedAtMs - b.capturedAtMs)
    .slice(0, keptViews)
    .map((view) => ({ ...view, embedding: view.embedding.slice() }));
}

/** Overwrites embeddings that are not needed any more. */
export function wipeViews(views: FaceViews): void {
  for (const { embedding } of views) embedding.fill(0);
}

interface Stranger {
  readonly cameraId: CameraId;
  readonly recogniser: RecogniserId;
  /** Wall clock, milliseconds since the epoch. */
  readonly saidAtMs: number;
  /** Monotonic clock. */
  readonly rememberedAtMs: number;
  readonly views: FaceViews;
}

/**
 * The strangers of whom an event was recorded within their cooldown, to know them again. What they look like is in memory
 * only, is never stored or published, and is overwritten when the cooldown is over.
 */
export class RecentStrangers implements Disposable {
  readonly #clock: Clock;
  readonly #cooldownMs: () => number;
  /** By the track that was said; in the order in which they were said. */
  readonly #strangers = new Map<TrackId, Stranger>();
  #timer: Timer | undefined;

  /** `cooldownS` is asked whenever it counts: the configuration may change. */
  constructor({ clock, cooldownS }: { readonly clock: Clock; readonly cooldownS: () => number }) {
    this.#clock = clock;
    this.#cooldownMs = () => cooldownS() * 1000;
  }

  /** Strangers whose looks are in memory. */
  get count(): number {
    return this.#strangers.size;
  }

  /**
   * When the latest stranger was said who looks like `views`, at the same camera; undefined where there is none. Likeness is
   * what identification goes by: for each view the most similar view of the other, averaged by quality, `threshold` or more.
   */
  lastSaidMs(
    { cameraId, recogniser }: Pick<UnknownFact, 'cameraId' | 'recogniser'>,
    views: FaceViews,
    threshold: number,
  ): number | undefined {
    let lastMs: number | undefined;
    for (const stranger of this.#strangers.values()) {
      if (stranger.cameraId !== cameraId || stranger.recogniser !== recogniser) continue;
      if (likeness(views, stranger.views) >= threshold) lastMs = stranger.saidAtMs;
    }
    return lastMs;
  }

  /** An event of this stranger was recorded. `views` are copied. */
  said({ trackId, cameraId, recogniser, occurredAtMs }: UnknownFact, views: FaceViews): void {
    if (this.#cooldownMs() === 0) return;
    this.#forget(trackId);
    this.#strangers.set(trackId, {
      cameraId,
      recogniser,
      saidAtMs: occurredAtMs,
      rememberedAtMs: this.#clock.monotonicMs(),
      views: copyBestViews(views),
    });
    const [oldest] = this.#strangers.keys();
    if (this.#strangers.size > rememberedStrangers && oldest !== undefined) this.#forget(oldest);
    this.#timer ??= this.#clock.after(this.#nextLookMs(), () => this.#look());
  }

  /** The track goes on and shows more: `views` are copied in place of those before. Nothing for tracks that were not said. */
  seen(trackId: TrackId, views: FaceViews): void {
    const stranger = this.#strangers.get(trackId);
    if (stranger === undefined) return;
    wipeViews(stranger.views);
    this.#strangers.set(trackId, { ...stranger, views: copyBestViews(views) });
  }

  [Symbol.dispose](): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    for (const trackId of [...this.#strangers.keys()]) this.#forget(trackId);
  }

  #look(): void {
    const forgottenFromMs = this.#clock.monotonicMs() - this.#cooldownMs();
    for (const [trackId, { rememberedAtMs }] of this.#strangers) {
      if (rememberedAtMs <= forgottenFromMs) this.#forget(trackId);
    }
    const isEmpty = this.#strangers.size === 0;
    this.#timer = isEmpty ? undefined : this.#clock.after(this.#nextLookMs(), () => this.#look());
  }

  /** Until the cooldown of the first one is over. */
  #nextLookMs(): number {
    const [first] = this.#strangers.values();
    const agoMs = this.#clock.monotonicMs() - (first?.rememberedAtMs ?? 0);
    return Math.max(1, Math.min(longestWaitMs, this.#cooldownMs() - agoMs));
  }

  #forget(trackId: TrackId): void {
    wipeViews(this.#strangers.get(trackId)?.views ?? noViews);
    this.#strangers.delete(trackId);
  }
}

/** Cosine similarity, -1..1; -1 where there is nothing to compare. */
function likeness(views: FaceViews, others: FaceViews): number {
  let sum = 0;
  let weights = 0;
  for (const view of views) {
    const weight = weightOfView(view);
    sum += weight * nearest(view.embedding, others);
    weights += weight;
  }
  return weights === 0 ? -1 : sum / weights;
}

function nearest(embedding: Embedding, others: FaceViews): number {
  return Math.max(-1, ...others.map((other) => similarityOf(embedding, other.embedding)));
}
