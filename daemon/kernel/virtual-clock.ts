import type { Clock, Timer } from './clock.js';

interface Pending {
  readonly atMs: number;
  readonly callback: () => void;
}

/** A clock that moves only on request: for replay and tests. Timers fire in order of their due time. */
export class VirtualClock implements Clock {
  readonly #epochMs: number;
  #nowMs = 0;
  readonly #pending = new Set<Pending>();

  /** `epochMs` is the wall time at monotonic zero. */
  constructor(epochMs = 0) {
    this.#epochMs = epochMs;
  }

  monotonicMs(): number {
    return this.#nowMs;
  }

  wallMs(): number {
    return this.#epochMs + this.#nowMs;
  }

  after(delayMs: number, callback: () => void): Timer {
    const entry: Pending = { atMs: this.#nowMs + Math.max(0, delayMs), callback };
    this.#pending.add(entry);
    return { cancel: () => void this.#pending.delete(entry) };
  }

  /** Moves to `toMs` (never backwards) and fires the timers that become due. */
  advanceTo(toMs: number): void {
    for (let due = this.#nextDue(toMs); due !== undefined; due = this.#nextDue(toMs)) {
      this.#pending.delete(due);
      this.#nowMs = Math.max(this.#nowMs, due.atMs);
      due.callback();
    }
    this.#nowMs = Math.max(this.#nowMs, toMs);
  }

  advanceBy(durationMs: number): void {
    this.advanceTo(this.#nowMs + durationMs);
  }

  #nextDue(toMs: number): Pending | undefined {
    let first: Pending | undefined;
    // Timers that are due at the same time fire in the order in which they were set: a Set keeps that order.
    for (const entry of this.#pending) {
      if (entry.atMs <= toMs && (!first || entry.atMs < first.atMs)) first = entry;
    }
    return first;
  }
}
