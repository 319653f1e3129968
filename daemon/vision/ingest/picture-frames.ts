import type { Frame } from '../../kernel/faces/picture.js';
import { present } from '../../kernel/present.js';
import type { CameraContinuity, OpeningOptions } from './camera-source-options.js';
import type { DeclaredStream, FrameSink } from './frame-source.js';
import type { Announcement } from './picture-assembler.js';

const defaultStaleAfterMs = 1000;

interface PictureFramesOptions {
  readonly source: OpeningOptions;
  readonly continuity: CameraContinuity;
  readonly sink: FrameSink;
  /** The stream as FFmpeg described it. */
  streamNow(): DeclaredStream | undefined;
  /** When a picture was captured, monotonic milliseconds. In order. */
  capturedAtMs(announcement: Announcement): number;
  /** A picture came, in time or too late to be used. */
  onPicture(isStale: boolean): void;
  /** The size changed, and this FFmpeg would scale all pictures to the old size. */
  onSizeLost(): void;
}

/** Makes the frames of one opening of a camera from the decoded pictures, and gives them to the sink. */
export class PictureFrames {
  readonly #options: PictureFramesOptions;
  /** Size of the last picture, as `WxH`. */
  #size: string | undefined;

  constructor(options: PictureFramesOptions) {
    this.#options = options;
  }

  /** `buffer`: undefined where none was free. */
  take(announcement: Announcement, buffer: Uint8Array | undefined): void {
    const { continuity, sink, source } = this.#options;
    const capturedAtMs = this.#options.capturedAtMs(announcement);
    continuity.lastCapturedMs = capturedAtMs;
    const sequence = continuity.nextSequence++;
    const isStale = source.clock.monotonicMs() - capturedAtMs > (source.staleAfterMs ?? defaultStaleAfterMs);
    this.#options.onPicture(isStale);
    if (isStale || buffer === undefined || !this.#tellSize(announcement)) {
      if (buffer !== undefined) continuity.pool.giveBack(buffer);
      sink.onDropped(isStale ? 'stale' : 'busy');
      return;
    }
    sink.onFrame(this.#frame(announcement, buffer, sequence, capturedAtMs));
  }

  /** Reports a first or changed size to the sink. False where the change needs a new FFmpeg process. */
  #tellSize({ widthPx, heightPx }: Announcement): boolean {
    const size = `${widthPx}x${heightPx}`;
    if (size === this.#size) return true;
    const isFirst = this.#size === undefined;
    if (!isFirst && !this.#options.source.ffmpeg.keepsChangedSize) {
      this.#options.onSizeLost();
      return false;
    }
    this.#size = size;
    const { codec = 'unknown', fps = null, ...declared } = this.#options.streamNow() ?? {};
    const { sink, source, continuity } = this.#options;
    const decoded = present({ decoder: source.decoder, fallback: continuity.fallback });
    sink.onOpened({ codec, fps, widthPx, heightPx, ...(isFirst ? declared : {}), ...decoded });
    return true;
  }

  #frame(announcement: Announcement, data: Uint8Array, sequence: number, capturedAtMs: number): Frame {
    const { widthPx, heightPx, isFullRange } = announcement;
    const { pool } = this.#options.continuity;
    let isReleased = false;
    return {
      cameraId: this.#options.source.cameraId,
      sequence,
      capturedAtMs,
      picture: { format: 'yuv420p', widthPx, heightPx, range: isFullRange ? 'full' : 'limited', data },
      release() {
        if (isReleased) return;
        isReleased = true;
        pool.giveBack(data);
      },
    };
  }
}
