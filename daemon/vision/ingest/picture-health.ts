import type { Clock } from '../../kernel/clock.js';
import type { Picture, Yuv420Picture } from '../../kernel/faces/picture.js';
import {
  type PictureCheck,
  type PictureDamage,
  type PictureDamageCode,
  pictureChecks,
} from '../../kernel/picture-damage.js';
import { said } from '../../kernel/said.js';
import { inEnglish } from '../../words/language.js';
import { damageExplanations } from './failure-explanations.js';
import type { DamageSign } from './ffmpeg-log.js';
import { sampleCount, samplePicture, spreadOf } from './picture-samples.kernel.js';

type PictureHealthPolicy = DamagePolicy & PictureWatchPolicy;

/**
 * For a camera that runs day and night. One lost packet is normal; damage in 10 of 30 seconds is not. A picture that is
 * uniform for a moment (a hand, a headlight) is normal. A dark room may be black until a person enters. The limit for frozen
 * pictures is longer than any key frame interval.
 */
export const steadyPolicy: PictureHealthPolicy = {
  ...{ windowS: 30, raiseAtS: 10, clearAtS: 2 },
  ...{ uniformAfterMs: 10_000, blackAfterMs: 60_000, frozenAfterMs: 120_000 },
};

/** For an inspection of a few seconds, which is too short to notice frozen pictures. */
export const briefPolicy: PictureHealthPolicy = {
  ...{ windowS: 4, raiseAtS: 2, clearAtS: 1 },
  ...{ uniformAfterMs: 2_000, blackAfterMs: 2_000, frozenAfterMs: Number.POSITIVE_INFINITY },
};

/** Finds out whether the pictures of a camera are usable. */
export class PictureHealth {
  readonly #clock: Clock;
  readonly #checks: ReadonlySet<PictureCheck>;
  readonly #windowS: number;
  readonly #tally: DamageTally;
  readonly #watch: PictureWatch;
  #damage: PictureDamage | undefined;

  constructor(
    clock: Clock,
    policy: PictureHealthPolicy,
    checks: readonly PictureCheck[] = [...pictureChecks],
  ) {
    this.#clock = clock;
    this.#checks = new Set(checks);
    this.#windowS = policy.windowS;
    this.#tally = new DamageTally(policy);
    this.#watch = new PictureWatch(policy);
  }

  /** The damage at the last check; the same object while the damage stays the same. */
  get damage(): PictureDamage | undefined {
    return this.#damage;
  }

  get counters(): Readonly<Record<string, number>> {
    return this.#tally.counters(this.#clock.monotonicMs());
  }

  sign(sign: DamageSign): void {
    this.#tally.add(sign, this.#clock.monotonicMs());
  }

  /** Checks about one picture a second; returns whether `damage` changed. */
  check(picture: Picture): boolean {
    const nowMs = this.#clock.monotonicMs();
    if (picture.format !== 'yuv420p' || !this.#watch.check(picture, nowMs)) return false;
    const isDamaged = this.#tally.isDamaged(nowMs);
    const found = isDamaged && this.#checks.has('damaged') ? 'damaged' : this.#watch.found;
    const code = found && this.#checks.has(found) ? (`pictures-${found}` as const) : undefined;
    if (this.#damage?.code === code) return false;
    this.#damage = code && this.#describe(code, this.#tally.window(nowMs));
    return true;
  }

  /** The stream was interrupted. */
  streamEnded(): void {
    this.#watch.forget();
    this.#damage = undefined;
  }

  #describe(code: PictureDamageCode, { seconds, errors, concealed, missed }: DamageRates): PictureDamage {
    const found = damageExplanations[code];
    if (code !== 'pictures-damaged') return { code, ...found };
    const { message: what } = found.says;
    const counts = { lost: missed, errors: errors + concealed, seconds, window: this.#windowS };
    const { remedy } = missed > 0 ? damageExplanations.lostPackets.says : found.says;
    return { code, ...inEnglish({ message: said('cameras/damage-counted', { what, ...counts }), remedy }) };
  }
}

/** How long a condition must last until it counts, milliseconds. */
interface PictureWatchPolicy {
  readonly uniformAfterMs: number;
  readonly blackAfterMs: number;
  readonly frozenAfterMs: number;
}

/** How often a picture is checked, milliseconds; a check takes some hundredths of a millisecond. */
const checkEveryMs = 1000;
/** After a longer gap, pictures are not compared, milliseconds. */
const longestGapMs = 5000;

/** A smaller spread of almost all samples, in levels of 255, is no structure: sensor noise alone has more. */
const uniformSpread = 8;
/** The brightest luma that counts as black, for luma from 16 and luma from 0. */
const blackest = { limited: 40, full: 28 } as const;

/**
 * Checks one picture a second for uniform, black and frozen pictures. Frozen means that decoded pictures are identical bit by
 * bit. Similar pictures are no evidence: after encoding, a still scene at night can look like a camera that hangs.
 */
class PictureWatch {
  readonly #policy: PictureWatchPolicy;
  #samples = new Uint8Array(sampleCount);
  #before = new Uint8Array(sampleCount);
  /** The repeated picture. It is copied only where the samples are the same. */
  #whole: Uint8Array | undefined;
  #lastCheckMs: number | undefined;
  #uniformSinceMs: number | undefined;
  #blackSinceMs: number | undefined;
  #sameSinceMs: number | undefined;

  constructor(policy: PictureWatchPolicy) {
    this.#policy = policy;
  }

  /** The condition that had lasted long enough at the last check. */
  get found(): Exclude<PictureCheck, 'damaged'> | undefined {
    const now = this.#lastCheckMs;
    if (now === undefined) return undefined;
    const hasLasted = (sinceMs: number | undefined, forMs: number): boolean =>
      sinceMs !== undefined && now - sinceMs >= forMs;
    if (hasLasted(this.#blackSinceMs, this.#policy.blackAfterMs)) return 'black';
    if (hasLasted(this.#uniformSinceMs, this.#policy.uniformAfterMs)) return 'uniform';
    return hasLasted(this.#sameSinceMs, this.#policy.frozenAfterMs) ? 'frozen' : undefined;
  }

  /** Checks the picture if a check is due; returns whether it was. */
  check(picture: Yuv420Picture, nowMs: number): boolean {
    const last = this.#lastCheckMs;
    if (last !== undefined && nowMs - last < checkEveryMs) return false;
    if (last !== undefined && nowMs - last > longestGapMs) this.forget();
    const beforeMs = this.#lastCheckMs;
    this.#lastCheckMs = nowMs;
    [this.#samples, this.#before] = [this.#before, this.#samples];
    samplePicture(picture, this.#samples);
    const { spread, brightest } = spreadOf(this.#samples);
    const isUniform = spread <= uniformSpread;
    const isBlack = isUniform && brightest <= blackest[picture.range];
    this.#blackSinceMs = isBlack ? (this.#blackSinceMs ?? nowMs) : undefined;
    this.#uniformSinceMs = isUniform && !isBlack ? (this.#uniformSinceMs ?? nowMs) : undefined;
    this.#compare(picture.data, beforeMs);
    return true;
  }

  /** The stream was interrupted. */
  forget(): void {
    this.#whole = undefined;
    this.#lastCheckMs = undefined;
    this.#uniformSinceMs = undefined;
    this.#blackSinceMs = undefined;
    this.#sameSinceMs = undefined;
  }

  #compare(data: Uint8Array, beforeMs: number | undefined): void {
    const isSame =
      beforeMs !== undefined &&
      Buffer.compare(this.#samples, this.#before) === 0 &&
      (this.#whole === undefined || Buffer.compare(this.#whole, data) === 0);
    this.#sameSinceMs = isSame ? (this.#sameSinceMs ?? beforeMs) : undefined;
    if (!isSame) this.#whole = undefined;
    else this.#whole ??= data.slice();
  }
}

/** How long counts are kept, seconds. */
const keptSeconds = 60;

/** From `raiseAtS` damaged seconds in the window on, a stream counts as damaged, until only `clearAtS` are left. */
interface DamagePolicy {
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
type DamageRates = Readonly<Record<'seconds' | 'errors' | 'concealed' | 'missed', number>>;

/**
 * Counts signs of damage by the second. The number of damaged seconds decides, not the number of signs: one lost packet
 * can print one line or a hundred, but a stream that keeps losing packets shows damage in every second.
 */
class DamageTally {
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
