import type { Clock, Timer } from '../base/clock.js';
import type { UnknownFact } from '../domain/events/event.js';
import { weightOfView } from '../domain/identification/identify-track.js';
import { type Embedding, type Probe, similarityOf } from '../domain/identification/match.js';
import type { CameraId, RecogniserId, TrackId } from '../domain/ids.js';

/** Number of best views kept of each face. */
const keptViews = 5;
/** Maximum number of remembered strangers of all cameras; beyond it, the oldest is forgotten early. */
const rememberedStrangers = 256;
/** Maximum time between two checks for expired strangers: a reload may shorten the cooldown. */
const longestWaitMs = 60_000;

/** Some views of one face. Their creator overwrites them with `wipeViews`. */
export type FaceViews = readonly Probe[];

export const noViews: FaceViews = [];

/** Copies the best of `views`, at most `keptViews`. */
export function copyBestViews(views: FaceViews): FaceViews {
  return [...views]
    .sort((a, b) => b.quality - a.quality || a.capturedAtMs - b.capturedAtMs)
    .slice(0, keptViews)
    .map((view) => ({ ...view, embedding: view.embedding.slice() }));
}

/** Overwrites the embeddings with zeros. */
export function wipeViews(views: FaceViews): void {
  for (const { embedding } of views) embedding.fill(0);
}

interface Stranger {
  readonly cameraId: CameraId;
  readonly recogniser: RecogniserId;
  /** Wall clock, milliseconds since the epoch. */
  readonly recordedAtMs: number;
  /** Monotonic clock. */
  readonly rememberedAtMs: number;
  readonly views: FaceViews;
}

/**
 * The strangers with an event within the cooldown, to recognise them if they come again. Their embeddings are in memory only,
 * are never stored or published, and are overwritten at the end of the cooldown.
 */
export class RecentStrangers implements Disposable {
  readonly #clock: Clock;
  readonly #cooldownMs: () => number;
  /** By the track of the recorded event, in the order of recording. */
  readonly #strangers = new Map<TrackId, Stranger>();
  #timer: Timer | undefined;

  /** `cooldownS` is read each time, because the configuration may change. */
  constructor({ clock, cooldownS }: { readonly clock: Clock; readonly cooldownS: () => number }) {
    this.#clock = clock;
    this.#cooldownMs = () => cooldownS() * 1000;
  }

  /** Number of strangers whose embeddings are in memory. */
  get count(): number {
    return this.#strangers.size;
  }

  /**
   * The time of the latest event of a stranger similar to `views` at the same camera; undefined without one. Similarity is
   * computed as in identification: for each view the most similar view of the other face, averaged by quality. It must reach
   * `threshold`.
   */
  lastRecordedMs(
    { cameraId, recogniser }: Pick<UnknownFact, 'cameraId' | 'recogniser'>,
    views: FaceViews,
    threshold: number,
  ): number | undefined {
    let lastMs: number | undefined;
    for (const stranger of this.#strangers.values()) {
      if (stranger.cameraId !== cameraId || stranger.recogniser !== recogniser) continue;
      if (likeness(views, stranger.views) >= threshold) lastMs = stranger.recordedAtMs;
    }
    return lastMs;
  }

  /** Remembers a stranger whose event was recorded. `views` are copied. */
  add({ trackId, cameraId, recogniser, occurredAtMs }: UnknownFact, views: FaceViews): void {
    if (this.#cooldownMs() === 0) return;
    this.#forget(trackId);
    this.#strangers.set(trackId, {
      cameraId,
      recogniser,
      recordedAtMs: occurredAtMs,
      rememberedAtMs: this.#clock.monotonicMs(),
      views: copyBestViews(views),
    });
    const [oldest] = this.#strangers.keys();
    if (this.#strangers.size > rememberedStrangers && oldest !== undefined) this.#forget(oldest);
    this.#timer ??= this.#clock.after(this.#nextCheckMs(), () => this.#forgetExpired());
  }

  /** Replaces the views of a remembered stranger whose track continues, with a copy of `views`. */
  update(trackId: TrackId, views: FaceViews): void {
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

  #forgetExpired(): void {
    const forgottenFromMs = this.#clock.monotonicMs() - this.#cooldownMs();
    for (const [trackId, { rememberedAtMs }] of this.#strangers) {
      if (rememberedAtMs <= forgottenFromMs) this.#forget(trackId);
    }
    const isEmpty = this.#strangers.size === 0;
    this.#timer = isEmpty ? undefined : this.#clock.after(this.#nextCheckMs(), () => this.#forgetExpired());
  }

  /** The remaining cooldown of the oldest stranger, milliseconds. */
  #nextCheckMs(): number {
    const [first] = this.#strangers.values();
    const agoMs = this.#clock.monotonicMs() - (first?.rememberedAtMs ?? 0);
    return Math.max(1, Math.min(longestWaitMs, this.#cooldownMs() - agoMs));
  }

  #forget(trackId: TrackId): void {
    wipeViews(this.#strangers.get(trackId)?.views ?? noViews);
    this.#strangers.delete(trackId);
  }
}

/** Cosine similarity, -1..1; -1 without views. */
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
