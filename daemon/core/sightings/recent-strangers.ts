import type { Clock, Timer } from '../../kernel/clock.js';
import { type PassageId, type StrangerId, strangerId } from '../../kernel/ids.js';
import { knownOf, OpenAppearances } from '../../kernel/strangers/open-appearances.js';
import type { KnownStranger, StrangerBook, StrangerSight } from '../../kernel/strangers/stranger-book.js';
import { StrangerIndex } from '../../kernel/strangers/stranger-index.js';

/** Maximum number of remembered strangers of all cameras; beyond it, the oldest is forgotten early. */
const rememberedStrangers = 256;
/** Maximum time between two checks for expired strangers: a reload may shorten the cooldown. */
const longestWaitMs = 60_000;

/**
 * The book of a box that keeps no strangers: those with an event within the cooldown, to recognise them if they come again. Their
 * embeddings are in memory only, are never stored or published, and are overwritten at the end of the cooldown. Their ids mean
 * nothing outside and are not told.
 */
export class RecentStrangers implements StrangerBook, Disposable {
  readonly #clock: Clock;
  readonly #cooldownMs: () => number;
  readonly #index = new StrangerIndex();
  readonly #open: OpenAppearances;
  /** The strangers with an event, by the monotonic time of the latest, in this order. */
  readonly #recordedAtMs = new Map<StrangerId, number>();
  #timer: Timer | undefined;

  /** `cooldownS` is read each time, because the configuration may change. */
  constructor({ clock, cooldownS }: { readonly clock: Clock; readonly cooldownS: () => number }) {
    this.#clock = clock;
    this.#cooldownMs = () => cooldownS() * 1000;
    let seen = 0;
    this.#open = new OpenAppearances(this.#index, () => {
      seen += 1;
      return strangerId(`recent-${seen}`);
    });
  }

  get count(): number {
    return this.#index.size;
  }

  see(sight: StrangerSight): KnownStranger {
    const { stranger } = this.#open.sighted(sight);
    this.#open.bind(sight.passageId, stranger.id);
    const { stranger: _, ...known } = knownOf(this.#index.put(stranger), sight);
    return known;
  }

  /** Nobody changes strangers without an id. */
  ownerOf(): undefined {
    return undefined;
  }

  noteRecorded(passageId: PassageId, atMs: number): void {
    const stranger = this.#open.recorded(passageId, atMs);
    if (stranger === undefined || this.#cooldownMs() === 0) return;
    this.#index.put(stranger);
    this.#recordedAtMs.delete(stranger.id);
    this.#recordedAtMs.set(stranger.id, this.#clock.monotonicMs());
    const [oldest] = this.#recordedAtMs.keys();
    if (this.#recordedAtMs.size > rememberedStrangers && oldest !== undefined) this.#forget(oldest);
    this.#timer ??= this.#clock.after(this.#nextCheckMs(), () => this.#forgetExpired());
  }

  withdraw(passageId: PassageId): void {
    const rest = this.#open.withdrawn(passageId);
    if (rest?.views.length === 0) this.#forget(rest.id);
    else if (rest !== undefined) this.#index.put(rest);
    this.#open.release(passageId);
  }

  /** A stranger without an event has no cooldown to be remembered for. */
  end(passageId: PassageId): void {
    const stranger = this.#open.release(passageId);
    if (stranger !== undefined && !this.#recordedAtMs.has(stranger.id)) this.#forget(stranger.id);
  }

  [Symbol.dispose](): void {
    this.#timer?.cancel();
    this.#index[Symbol.dispose]();
  }

  #forgetExpired(): void {
    const forgottenFromMs = this.#clock.monotonicMs() - this.#cooldownMs();
    for (const [id, recordedAtMs] of this.#recordedAtMs)
      if (recordedAtMs <= forgottenFromMs) this.#forget(id);
    const isEmpty = this.#recordedAtMs.size === 0;
    this.#timer = isEmpty ? undefined : this.#clock.after(this.#nextCheckMs(), () => this.#forgetExpired());
  }

  /** The remaining cooldown of the oldest stranger, milliseconds. */
  #nextCheckMs(): number {
    const [first = this.#clock.monotonicMs()] = this.#recordedAtMs.values();
    const agoMs = this.#clock.monotonicMs() - first;
    return Math.min(longestWaitMs, this.#cooldownMs() - agoMs);
  }

  #forget(id: StrangerId): void {
    this.#recordedAtMs.delete(id);
    this.#index.remove(id);
  }
}
