import type { DamageSign } from './ffmpeg-log.js';

/** Seconds that are remembered. */
const keptSeconds = 60;

/** How many of the last seconds must show damage, and how few may. */
export interface DamagePolicy {
  /** At most `keptSeconds`. */
  readonly windowS: number;
  readonly raiseAtS: number;
  readonly clearAtS: number;
}

interface Second {
  /** Which one, in whole seconds of the monotonic clock. */
  readonly number: number;
  errors: number;
  concealed: number;
  missed: number;
}

/** What was counted in the last `keptSeconds`. */
export type DamageRates = Readonly<Record<'seconds' | 'errors' | 'concealed' | 'missed', number>>;

/**
 * Counts signs of damage second by second. What matters is in how many seconds there were any: one lost packet can print
 * one line or a hundred, and a stream that loses packets all the time shows it in every second.
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

  /** Whether the stream is damaged, with hysteresis. To be asked once a second or so. */
  isDamaged(nowMs: number): boolean {
    const { windowS, raiseAtS, clearAtS } = this.#policy;
    const damaged = this.#last(windowS, nowMs).length;
    this.#isDamaged = this.#isDamaged ? damaged > clearAtS : damaged >= raiseAtS;
    return this.#isDamaged;
  }

  /** Of the window of the policy. */
  window(nowMs: number): DamageRates {
    return rates(this.#last(this.#policy.windowS, nowMs));
  }

  /** Sums since the start, and what came in the last minute, by the names that the status shows. */
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
