import type { Clock } from '../../kernel/clock.js';

/** A larger change of the difference between wall clock and monotonic clock counts as a jump, milliseconds. */
const jumpMs = 1000;
/** An event that lies further in the future has an unknown age. Small steps back of the clock are normal. */
const toleratedBackMs = 60_000;
/** Maximum number of remembered jumps; the age of older events comes from the wall clock. */
const mostJumps = 1000;

interface Stretch {
  readonly fromSequence: number;
  /** Wall clock less monotonic clock, milliseconds. */
  readonly offsetMs: number;
}

/**
 * Computes the age of events, also when the wall clock jumps. For events of this process it uses the monotonic clock: it
 * remembers the difference between both clocks at the time of recording.
 */
export class RecordedMoments {
  readonly #clock: Clock;
  /** In order; within a stretch the difference was constant. */
  readonly #stretches: Stretch[] = [];

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Called when an event is recorded. */
  note(sequence: number, recordedAtMs: number): void {
    const offsetMs = recordedAtMs - this.#clock.monotonicMs();
    const last = this.#stretches.at(-1);
    if (last !== undefined && Math.abs(offsetMs - last.offsetMs) < jumpMs) return;
    this.#stretches.push({ fromSequence: sequence, offsetMs });
    if (this.#stretches.length > mostJumps) this.#stretches.shift();
  }

  /**
   * The age of an event, milliseconds. For an event of an earlier process it comes from the wall clock; it is infinite if the
   * clock was set back since.
   */
  ageMs(sequence: number, recordedAtMs: number): number {
    const stretch = this.#stretches.findLast(({ fromSequence }) => fromSequence <= sequence);
    if (stretch !== undefined) return this.#clock.monotonicMs() - (recordedAtMs - stretch.offsetMs);
    const ageMs = this.#clock.wallMs() - recordedAtMs;
    return ageMs < -toleratedBackMs ? Number.POSITIVE_INFINITY : ageMs;
  }
}
