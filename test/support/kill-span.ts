import type { Random } from '../../daemon/base/random.js';

/** By how much one kill that came too early or too late moves the next ones. */
const step = 1.5;

/**
 * When to kill a child so that some kills come before a certain moment in its work, and some after it. How long the way there
 * takes is a matter of the machine and of what else it does: each kill says on which side it fell, and the next ones are
 * drawn from a span that is as much longer or shorter.
 */
export class KillSpan {
  readonly #random: Random;
  #spanMs: number;

  /** `firstMs`: about twice as long as the way takes on a machine that has nothing else to do. */
  constructor(random: Random, firstMs: number) {
    this.#random = random;
    this.#spanMs = firstMs;
  }

  /** Milliseconds from the `open` of the child until it is killed. */
  nextMs(): number {
    return this.#random.unit() * this.#spanMs;
  }

  /** Where the last kill fell. */
  fell(side: 'before' | 'after'): void {
    this.#spanMs *= side === 'before' ? step : 1 / step;
  }
}
