import type { Yuv420Picture } from '../../kernel/faces/picture.js';
import type { PictureCheck } from '../../kernel/picture-damage.js';
import { sampleCount, samplePicture, spreadOf } from './picture-samples.kernel.js';

/** How long a condition must last until it counts, milliseconds. */
export interface PictureWatchPolicy {
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
export class PictureWatch {
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
