import type { Clock } from '../base/clock.js';
import { operational } from '../base/errors.js';
import type { Frame, Picture } from '../domain/faces/picture.js';
import { sealTo } from '../host/sealed-box.js';
import { jpegOfPart } from './best-shot.js';
import { cameraNotStreaming, largestSnapshotBytes, type SnapshotOutcome } from './protocol.js';

/** How long a request waits for the next frame, milliseconds. */
const patienceMs = 10_000;

/** Scales and JPEG qualities to try until the picture is small enough. */
const sizes = [
  { scale: 1, quality: 85 },
  { scale: 1, quality: 60 },
  { scale: 0.5, quality: 60 },
  { scale: 0.25, quality: 50 },
] as const;

/** Requests that wait for the next frame of a camera. */
export class SnapshotRequests {
  readonly #clock: Clock;
  readonly #waiting = new Set<(frame: Frame | undefined) => void>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Gives the frame to all waiting requests. Call it before the frame is passed on. */
  offer(frame: Frame): void {
    for (const take of [...this.#waiting]) take(frame);
  }

  /** The next picture, sealed to an X25519 public key, so that it leaves this process only encrypted. */
  next(publicKey: Uint8Array): Promise<SnapshotOutcome> {
    return new Promise((resolve, reject) => {
      const take = (frame: Frame | undefined): void => {
        timer.cancel();
        this.#waiting.delete(take);
        if (frame === undefined) resolve(cameraNotStreaming);
        else {
          const takenAtMs = this.#clock.wallMs() - (this.#clock.monotonicMs() - frame.capturedAtMs);
          sealedSnapshot(copyOf(frame.picture), publicKey, takenAtMs).then(resolve, reject);
        }
      };
      const timer = this.#clock.after(patienceMs, () => take(undefined));
      this.#waiting.add(take);
    });
  }
}

async function sealedSnapshot(
  picture: Picture,
  publicKey: Uint8Array,
  takenAtMs: number,
): Promise<SnapshotOutcome> {
  const whole = { x: 0, y: 0, width: picture.widthPx, height: picture.heightPx };
  for (const size of sizes) {
    const jpeg = await jpegOfPart(picture, whole, size);
    if (jpeg.length > largestSnapshotBytes) continue;
    const sealed = sealTo(publicKey, jpeg);
    if (sealed === undefined) {
      return {
        outcome: 'failed',
        code: 'public-key-weak',
        message: 'the public key is not a safe X25519 key',
        remedy: 'send another public key',
      };
    }
    return {
      outcome: 'ok',
      widthPx: Math.max(1, Math.round(picture.widthPx * size.scale)),
      heightPx: Math.max(1, Math.round(picture.heightPx * size.scale)),
      takenAtMs,
      picture: sealed,
    };
  }
  throw operational('snapshot-too-large', 'the picture is too large to send, even scaled to a quarter');
}

/** A copy: the owner of the frame may overwrite its pixels while a smaller JPEG is tried. */
function copyOf(picture: Picture): Picture {
  return { ...picture, data: picture.data.slice() };
}
