import sharp from 'sharp';
import { type ClipTakenOutcome, cameraNotStreaming } from '../../contract/vision/vision-answers.js';
import { messageOf } from '../../kernel/errors.js';
import type { Frame, Picture, Rgb24Picture } from '../../kernel/faces/picture.js';
import type { Logger } from '../../kernel/logger.js';
import {
  clipFps,
  largestClipBytes,
  largestClipFrameBytes,
  mostClipFrames,
} from '../../kernel/passages/clip.js';
import { SmallRgb } from './small-rgb.js';

/** Wide enough to see who does what; the picture of the passage shows the face. */
const mostWidthPx = 640;
/** The second one is for frames with so much detail that they would push out too many others. */
const jpegQualities = [70, 45] as const;
const usualFrameBytes = 48 * 1024;
/** Time between two frames on average, milliseconds. */
const everyMs = 1000 / clipFps;

interface ClipFrame {
  /** Monotonic milliseconds. */
  readonly capturedAtMs: number;
  readonly jpeg: Uint8Array;
}

/**
 * The last seconds of one camera as small JPEGs, for clips. The frames are those that are analysed, so a camera's masks are already in
 * them. Memory is bounded by the time and by `largestClipBytes`. The analysis waits for nothing here: a frame that comes while another is
 * being encoded is left out.
 */
export class ClipRing {
  readonly #keptMs: number;
  readonly #logger: Logger;
  readonly #small = new SmallRgb();
  /** Oldest first. */
  #frames: ClipFrame[] = [];
  #bytes = 0;
  #dueMs = Number.NEGATIVE_INFINITY;
  #encoding: Promise<void> | undefined;

  constructor(keptS: number, logger: Logger) {
    this.#keptMs = keptS * 1000;
    this.#logger = logger;
  }

  counters(): Readonly<Record<string, number>> {
    return { clipFrames: this.#frames.length, clipBytes: this.#bytes };
  }

  /** Takes an analysed frame. Copies its pixels before it returns. */
  offer({ capturedAtMs, picture }: Frame): void {
    if (this.#encoding !== undefined || capturedAtMs < this.#dueMs) return;
    this.#dueMs = Math.max(this.#dueMs + everyMs, capturedAtMs);
    this.#encoding = this.#add(capturedAtMs, picture).finally(() => {
      this.#encoding = undefined;
    });
  }

  /** The frames that were captured in this time, monotonic milliseconds; the newest of them if they are too many or too large. */
  async take({
    fromMs,
    untilMs,
  }: {
    readonly fromMs: number;
    readonly untilMs: number;
  }): Promise<ClipTakenOutcome> {
    await this.#encoding;
    const taken = this.#frames
      .filter(({ capturedAtMs: atMs }) => atMs >= fromMs && atMs <= untilMs)
      .slice(-mostClipFrames);
    if (taken.length === 0) return cameraNotStreaming;
    return {
      outcome: 'ok',
      frames: taken.map(({ capturedAtMs, jpeg }) => ({ capturedAtMs, bytes: jpeg.length })),
      picture: Buffer.concat(taken.map(({ jpeg }) => jpeg)),
    };
  }

  /** Never rejects. */
  async #add(capturedAtMs: number, picture: Picture): Promise<void> {
    try {
      const jpeg = await smallJpeg(this.#copyOf(picture));
      if (jpeg.length > largestClipFrameBytes) return;
      this.#frames.push({ capturedAtMs, jpeg });
      this.#bytes += jpeg.length;
      this.#forget(capturedAtMs - this.#keptMs);
    } catch (error) {
      this.#logger.warn('a frame for clips could not be encoded', { reason: messageOf(error) });
    }
  }

  #forget(beforeMs: number): void {
    let [oldest] = this.#frames;
    while (oldest !== undefined && (oldest.capturedAtMs < beforeMs || this.#bytes > largestClipBytes)) {
      this.#bytes -= oldest.jpeg.length;
      this.#frames.shift();
      [oldest] = this.#frames;
    }
  }

  /** A copy: the owner of the frame may overwrite its pixels while a lower quality is tried. */
  #copyOf(picture: Picture): Rgb24Picture {
    const small = picture.format === 'rgb24' ? picture : this.#small.of(picture, mostWidthPx);
    return { ...small, data: small.data.slice() };
  }
}

async function smallJpeg({ widthPx: width, heightPx: height, data }: Rgb24Picture): Promise<Uint8Array> {
  const [usual, lower] = jpegQualities;
  const encoded = (quality: number): Promise<Uint8Array> =>
    sharp(data, { raw: { width, height, channels: 3 } })
      .jpeg({ quality, optimiseCoding: false })
      .toBuffer();
  const jpeg = await encoded(usual);
  return jpeg.length > usualFrameBytes ? encoded(lower) : jpeg;
}
