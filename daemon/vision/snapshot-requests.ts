import {
  cameraNotStreaming,
  largestSnapshotBytes,
  type SnapshotOutcome,
} from '../contract/vision/vision-answers.js';
import { sealTo } from '../host/sealed-box.js';
import type { Clock } from '../kernel/clock.js';
import { operational } from '../kernel/errors.js';
import { scaleBox } from '../kernel/faces/geometry.js';
import type { Frame, Picture } from '../kernel/faces/picture.js';
import { cutPart, jpegOf } from './jpeg-encoding.js';
import { drawMark, type Mark } from './live/draw-marks.kernel.js';
import { markOf, type SeenFace } from './live/seen-faces.js';

/** How long a request waits for the next frame, milliseconds. */
const patienceMs = 10_000;

/** Scales and JPEG qualities to try until the picture is small enough. */
const sizes = [
  { scale: 1, quality: 85 },
  { scale: 1, quality: 60 },
  { scale: 0.5, quality: 60 },
  { scale: 0.25, quality: 50 },
] as const;

type Take = (frame: Frame | undefined, marks?: readonly Mark[]) => void;

/** Requests that wait for the next frame of a camera. */
export class SnapshotRequests {
  readonly #clock: Clock;
  readonly #waiting = new Set<Take>();
  /** Those that wait for the next analysed frame, to show its faces. */
  readonly #waitingForFaces = new Set<Take>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** How many wait. */
  get count(): number {
    return this.#waiting.size + this.#waitingForFaces.size;
  }

  /** Gives the frame to all waiting requests. Call it before the frame is passed on. */
  offer(frame: Frame): void {
    for (const take of [...this.#waiting]) take(frame);
  }

  /** Gives an analysed frame to all requests that wait for its faces. */
  offerAnalysed(frame: Frame, faces: () => readonly SeenFace[]): void {
    if (this.#waitingForFaces.size === 0) return;
    const marks = faces().map(markOf);
    for (const take of [...this.#waitingForFaces]) take(frame, marks);
  }

  /**
   * The next picture, sealed to an X25519 public key, so that it leaves this process only encrypted. `isMarked`: of the next
   * analysed frame, with a box around each face.
   */
  next(publicKey: Uint8Array, { isMarked = false } = {}): Promise<SnapshotOutcome> {
    const waiting = isMarked ? this.#waitingForFaces : this.#waiting;
    return new Promise((resolve, reject) => {
      const take: Take = (frame, marks = []) => {
        timer.cancel();
        waiting.delete(take);
        if (frame === undefined) resolve(cameraNotStreaming);
        else {
          const takenAtMs = this.#clock.wallMs() - (this.#clock.monotonicMs() - frame.capturedAtMs);
          sealedSnapshot(copyOf(frame.picture), marks, publicKey, takenAtMs).then(resolve, reject);
        }
      };
      const timer = this.#clock.after(patienceMs, () => take(undefined));
      waiting.add(take);
    });
  }
}

async function sealedSnapshot(
  picture: Picture,
  marks: readonly Mark[],
  publicKey: Uint8Array,
  takenAtMs: number,
): Promise<SnapshotOutcome> {
  const whole = { x: 0, y: 0, width: picture.widthPx, height: picture.heightPx };
  for (const { scale, quality } of sizes) {
    const canvas = cutPart(picture, whole, scale);
    for (const { box, ...mark } of marks) drawMark(canvas, { ...mark, box: scaleBox(box, scale) });
    const jpeg = await jpegOf(canvas, quality);
    if (jpeg.length > largestSnapshotBytes) continue;
    const sealed = sealTo(publicKey, jpeg);
    if (sealed === undefined) {
      return {
        outcome: 'failed',
        code: 'public-key-weak',
        message: 'the public key is not a safe X25519 key',
        remedy: 'Send another public key.',
      };
    }
    return {
      outcome: 'ok',
      widthPx: canvas.widthPx,
      heightPx: canvas.heightPx,
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
