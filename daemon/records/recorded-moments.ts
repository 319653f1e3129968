import type { Clock } from '../base/clock.js';

/** How far the wall clock may drift from the monotonic one before that counts as a jump, milliseconds. */
const jumpMs = 1000;
/** Clocks are set back a little between two processes; of what comes from further ahead nobody knows the age. */
const toleratedBackMs = 60_000;
/** Jumps that are remembered; the time of events from before them is taken from the wall clock. */
const mostJumps = 1000;

interface Stretch {
  readonly fromSequence: number;
  /** Wall clock less monotonic clock, milliseconds. */
  readonly offsetMs: number;
}

/**
 * Knows the age of events although the wall clock jumps: of those recorded in this process by the monotonic clock, which is
 * told from the wall clock by how far the two stood apart at that time.
 */
export class RecordedMoments {
  readonly #clock: Clock;
  /** In order; between two of them the clocks kept step. */
  readonly #stretches: Stretch[] = [];

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Call when an event is recorded. */
  note(sequence: number, recordedAtMs: number): void {
    const offsetMs = recordedAtMs - this.#clock.monotonicMs();
    const last = this.#stretches.at(-1);
    if (last !== undefined && Math.abs(offsetMs - last.offsetMs) < jumpMs) return;
    this.#stretches.push({ fromSequence: sequence, offsetMs });
    if (this.#stretches.length > mostJumps) this.#stretches.shift();
  }

  /**
   * How long ago an event was recorded, milliseconds. Of one from before this process only the wall clock tells; infinite
   * where it was set back since.
   */
  ageMs(sequence: number, recordedAtMs: number): number {
    const stretch = this.#stretches.findLast(({ fromSequence }) => fromSequence <= sequence);
    if (stretch !== undefined) return this.#clock.monotonicMs() - (recordedAtMs - stretch.offsetMs);
    const ageMs = this.#clock.wallMs() - recordedAtMs;
    return ageMs < -toleratedBackMs ? Number.POSITIVE_INFINITY : ageMs;
  }
}
