import type { DamageSign } from './ffmpeg-log.js';

/** How long counts are kept, seconds. */
const keptSeconds = 60;

/** From `raiseAtS` damaged seconds in the window on, a stream counts as damaged, until only `clearAtS` are left. */
export interface DamagePolicy {
  /** At most `keptSeconds`. */
  readonly windowS: number;
  readonly raiseAtS: number;
  readonly clearAtS: number;
}

interface Second {
  /** Whole seconds of the monotonic clock. */
  readonly number: number;
  errors: number;
  concealed: number;
  missed: number;
}

/** Sums over several seconds; `seconds` counts those with damage. */
export type DamageRates = Readonly<Record<'seconds' | 'errors' | 'concealed' | 'missed', number>>;

/**
 * Counts signs of damage by the second. The number of damaged seconds decides, not the number of signs: one lost packet
 * can print one line or a hundred, but a stream that keeps losing packets shows damage in every second.
 */
export class DamageTally {
  readonly #policy: DamagePolicy;
  #seconds: Second[] = [];
  #isDamaged = false;
  #errors = 0;
  #concealed = 0;
  #missed = 0;

  constructor(policy: DamagePolicy) {
    this.#policy = policy;
  }

  add(sign: DamageSign, nowMs: number): void {
    const second = this.#second(Math.floor(nowMs / 1000));
    if (sign.sign === 'missed') {
      this.#missed += sign.count;
      second.missed += sign.count;
    } else if (sign.sign === 'error') {
      this.#errors += 1;
      second.errors += 1;
    } else {
      this.#concealed += 1;
      second.concealed += 1;
    }
  }

  /** Whether the stream is damaged, with hysteresis. Call it about once a second. */
  isDamaged(nowMs: number): boolean {
    const { windowS, raiseAtS, clearAtS } = this.#policy;
    const damaged = this.#last(windowS, nowMs).length;
    this.#isDamaged = this.#isDamaged ? damaged > clearAtS : damaged >= raiseAtS;
    return this.#isDamaged;
  }

  /** Sums over the policy's window. */
  window(nowMs: number): DamageRates {
    return rates(this.#last(this.#policy.windowS, nowMs));
  }

  /** Sums since the start and over the last minute, by the names in the status. */
  counters(nowMs: number): Readonly<Record<string, number>> {
    const minute = rates(this.#last(keptSeconds, nowMs));
    return {
      decoderErrors: this.#errors,
      decoderErrorsPerMin: minute.errors,
      concealed: this.#concealed,
      concealedPerMin: minute.concealed,
      missedPackets: this.#missed,
      missedPacketsPerMin: minute.missed,
      damagedSecondsPerMin: minute.seconds,
    };
  }

  #second(number: number): Second {
    const newest = this.#seconds.at(-1);
    if (newest?.number === number) return newest;
    const second = { number, errors: 0, concealed: 0, missed: 0 };
    this.#seconds = [...this.#seconds.filter((each) => each.number > number - keptSeconds), second];
    return second;
  }

  #last(seconds: number, nowMs: number): readonly Second[] {
    const oldest = Math.floor(nowMs / 1000) - seconds;
    return this.#seconds.filter(({ number }) => number > oldest);
  }
}

function rates(seconds: readonly Second[]): DamageRates {
  const sum = (of: 'errors' | 'concealed' | 'missed'): number =>
    seconds.reduce((total, second) => total + second[of], 0);
  return {
    seconds: seconds.length,
    errors: sum('errors'),
    concealed: sum('concealed'),
    missed: sum('missed'),
  };
}
