import type { Clock } from '../../kernel/clock.js';
import type { Picture } from '../../kernel/faces/picture.js';
import {
  type PictureCheck,
  type PictureDamage,
  type PictureDamageCode,
  pictureChecks,
} from '../../kernel/picture-damage.js';
import { type DamagePolicy, type DamageRates, DamageTally } from './damage-tally.js';
import { damageExplanations } from './failure-explanations.js';
import type { DamageSign } from './ffmpeg-log.js';
import { PictureWatch, type PictureWatchPolicy } from './picture-watch.js';

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

/** For an inspection of some seconds, which is too short to notice frozen pictures. */
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
    const { message, remedy } = damageExplanations[code];
    if (code !== 'pictures-damaged') return { code, message, remedy };
    const counted = `${message}: ${missed} packets lost and ${errors + concealed} decoding errors in ${seconds} of the last ${this.#windowS} seconds`;
    return { code, message: counted, remedy: missed > 0 ? damageExplanations.lostPackets.remedy : remedy };
  }
}
