import type { Clock } from '../../base/clock.js';
import type { Picture } from '../../domain/faces/picture.js';
import {
  type PictureCheck,
  type PictureDamage,
  type PictureDamageCode,
  pictureChecks,
} from '../../domain/picture-damage.js';
import { type DamagePolicy, type DamageRates, DamageTally } from './damage-tally.js';
import { damageExplanations } from './failure-explanations.js';
import type { DamageSign } from './ffmpeg-log.js';
import { PictureWatch, type PictureWatchPolicy } from './picture-watch.js';

export type PictureHealthPolicy = DamagePolicy & PictureWatchPolicy;

/**
 * A camera that runs day and night: one lost packet says nothing, a third of half a minute does. Whatever makes a picture
 * uniform for a moment (a hand, a headlight) passes; a room without light may be black until somebody comes; and the
 * longest key frame intervals of cameras are shorter than what counts as frozen.
 */
export const steadyPolicy: PictureHealthPolicy = {
  ...{ windowS: 30, raiseAtS: 10, clearAtS: 2 },
  ...{ uniformAfterMs: 10_000, blackAfterMs: 60_000, frozenAfterMs: 120_000 },
};

/** Somebody looks at a camera for some seconds; what is frozen cannot be told in that time. */
export const briefPolicy: PictureHealthPolicy = {
  ...{ windowS: 4, raiseAtS: 2, clearAtS: 1 },
  ...{ uniformAfterMs: 2_000, blackAfterMs: 2_000, frozenAfterMs: Number.POSITIVE_INFINITY },
};

/** What is wrong with the pictures that a camera sends. */
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

  /** By the last picture that was looked at; the same object while the same is wrong. */
  get damage(): PictureDamage | undefined {
    return this.#damage;
  }

  get counters(): Readonly<Record<string, number>> {
    return this.#tally.counters(this.#clock.monotonicMs());
  }

  sign(sign: DamageSign): void {
    this.#tally.add(sign, this.#clock.monotonicMs());
  }

  /** True where what is wrong may have changed. */
  look(picture: Picture): boolean {
    const nowMs = this.#clock.monotonicMs();
    if (picture.format !== 'yuv420p' || !this.#watch.look(picture, nowMs)) return false;
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
    const told = `${message}: ${missed} packets lost and ${errors + concealed} decoding errors in ${seconds} of the last ${this.#windowS} seconds`;
    return { code, message: told, remedy: missed > 0 ? damageExplanations.lostPackets.remedy : remedy };
  }
}
