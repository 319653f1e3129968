import type { Yuv420Picture } from '../../domain/faces/picture.js';
import type { PictureCheck } from '../../domain/picture-damage.js';
import { sampleCount, samplePicture, spreadOf } from './picture-samples.kernel.js';

/** After how long something counts, milliseconds. */
export interface PictureWatchPolicy {
  readonly uniformAfterMs: number;
  readonly blackAfterMs: number;
  readonly frozenAfterMs: number;
}

/** How often a picture is looked at; a look takes some hundredths of a millisecond. */
const lookEveryMs = 1000;
/** Looks that are further apart than this are not compared. */
const longestGapMs = 5000;

/** Less than this between almost all samples is no structure: noise of the sensor alone has more. Levels of 255. */
const uniformSpread = 8;
/** No brighter than this is black, where luma begins at 16 and where it begins at 0. */
const blackest = { limited: 40, full: 28 } as const;

/**
 * Looks at one picture a second: does it show anything, and is it another one than before? Frozen means that decoded
 * pictures are the same bit by bit. Pictures that are nearly the same are not evidence: a still scene at night and a camera
 * that hangs can look alike after encoding.
 */
export class PictureWatch {
  readonly #policy: PictureWatchPolicy;
  #samples = new Uint8Array(sampleCount);
  #before = new Uint8Array(sampleCount);
  /** Of the picture that comes again and again; a copy is made only where the samples are the same. */
  #whole: Uint8Array | undefined;
  #lastLookMs: number | undefined;
  #uniformSinceMs: number | undefined;
  #blackSinceMs: number | undefined;
  #sameSinceMs: number | undefined;

  constructor(policy: PictureWatchPolicy) {
    this.#policy = policy;
  }

  /** What has lasted for long enough by the last look. */
  get found(): Exclude<PictureCheck, 'damaged'> | undefined {
    const now = this.#lastLookMs;
    if (now === undefined) return undefined;
    const hasLasted = (sinceMs: number | undefined, forMs: number): boolean =>
      sinceMs !== undefined && now - sinceMs >= forMs;
    if (hasLasted(this.#blackSinceMs, this.#policy.blackAfterMs)) return 'black';
    if (hasLasted(this.#uniformSinceMs, this.#policy.uniformAfterMs)) return 'uniform';
    return hasLasted(this.#sameSinceMs, this.#policy.frozenAfterMs) ? 'frozen' : undefined;
  }

  /** True where the picture was looked at: not each one is. */
  look(picture: Yuv420Picture, nowMs: number): boolean {
    const last = this.#lastLookMs;
    if (last !== undefined && nowMs - last < lookEveryMs) return false;
    if (last !== undefined && nowMs - last > longestGapMs) this.forget();
    const beforeMs = this.#lastLookMs;
    this.#lastLookMs = nowMs;
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
    this.#lastLookMs = undefined;
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
