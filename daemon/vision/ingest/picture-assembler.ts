import { yuv420Bytes } from '../../kernel/faces/picture.js';
import type { BufferPool } from './buffer-pool.js';

/** The properties of a picture, known before its bytes arrive. */
export interface Announcement {
  readonly ptsS: number | undefined;
  readonly widthPx: number;
  readonly heightPx: number;
  readonly isFullRange: boolean;
  /** When the announcement arrived, monotonic milliseconds. */
  readonly announcedAtMs: number;
}

/** Most bytes read at once before their picture is announced. */
const blindReadBytes = 64 * 1024;

interface Filling {
  readonly announcement: Announcement;
  readonly bytes: number;
  /** Undefined: the picture is read and discarded. */
  readonly buffer: Uint8Array | undefined;
  filled: number;
}

/**
 * Splits a stream of bytes into pictures. Announcements on another pipe give the size of each picture. Bytes are read
 * directly into the picture's buffer. Bytes that arrive before their announcement wait in a small buffer, the lead, and
 * reading pauses.
 *
 * The reader asks for a `target`, puts bytes there and reports how many. It may ask for the next target before it learns
 * that it must pause, so a target stays valid while announcements arrive.
 */
export class PictureAssembler {
  readonly #pool: BufferPool;
  readonly #onPicture: (announcement: Announcement, buffer: Uint8Array | undefined) => void;
  readonly #onReady: () => void;
  readonly #announced: Announcement[] = [];
  readonly #lead = new Uint8Array(new ArrayBuffer(2 * blindReadBytes));
  #leadFilled = 0;
  /** Where the last target begins in the lead; undefined when it is in the current picture. */
  #blindStart: number | undefined;
  #current: Filling | undefined;
  #isDiscarding = false;
  #isComplete = false;
  #isHeld = false;

  constructor(options: {
    readonly pool: BufferPool;
    /** A whole picture, or the end of one for which the pool had no buffer. */
    onPicture(announcement: Announcement, buffer: Uint8Array | undefined): void;
    /** Reading may continue after `filled` returned false. */
    onReady(): void;
  }) {
    this.#pool = options.pool;
    this.#onPicture = options.onPicture;
    this.#onReady = options.onReady;
  }

  /** True while no more bytes can be taken. */
  get isWaiting(): boolean {
    return !this.#isDiscarding && (this.#isHeld || (this.#leadFilled > 0 && !this.#isComplete));
  }

  announce(announcement: Announcement): void {
    if (this.#isDiscarding) return;
    this.#announced.push(announcement);
    this.#change(() => this.#drainLead());
  }

  /** The memory for the next bytes; never empty. */
  target(): Uint8Array {
    if (!this.#isDiscarding && this.#current === undefined && this.#leadFilled === 0) this.#beginNext();
    const current = this.#isDiscarding ? undefined : this.#current;
    if (current === undefined) {
      this.#blindStart = this.#leadFilled;
      return this.#lead.subarray(this.#leadFilled, this.#leadFilled + blindReadBytes);
    }
    this.#blindStart = undefined;
    if (current.buffer !== undefined) return current.buffer.subarray(current.filled);
    return this.#lead.subarray(0, Math.min(blindReadBytes, current.bytes - current.filled));
  }

  /** `count` bytes were put into the last target. Returns false to pause reading until `onReady`. */
  filled(count: number): boolean {
    if (this.#isDiscarding) return true;
    if (this.#blindStart === undefined) {
      if (this.#current !== undefined) {
        this.#current.filled += count;
        this.#finishWhole(this.#current);
      }
    } else {
      // The lead may have been drained since the reader got the target.
      this.#lead.copyWithin(this.#leadFilled, this.#blindStart, this.#blindStart + count);
      this.#leadFilled += count;
      this.#drainLead();
      if (this.#isComplete) this.#leadFilled = 0;
    }
    return !this.isWaiting;
  }

  /** Pauses reading until `proceed`, for a consumer that falls behind. */
  hold(): void {
    this.#isHeld = true;
  }

  proceed(): void {
    this.#change(() => {
      this.#isHeld = false;
    });
  }

  /** No announcement will follow: remaining bytes are discarded. */
  announcementsEnded(): void {
    this.#change(() => {
      this.#isComplete = true;
    });
  }

  /** From now on everything is read and discarded, so that the writer can end. */
  discard(): void {
    this.#change(() => {
      this.#isDiscarding = true;
      this.#announced.length = 0;
      this.#leadFilled = 0;
      const buffer = this.#current?.buffer;
      this.#current = undefined;
      if (buffer !== undefined) this.#pool.giveBack(buffer);
    });
  }

  #change(apply: () => void): void {
    const wasWaiting = this.isWaiting;
    apply();
    if (wasWaiting && !this.isWaiting) this.#onReady();
  }

  #beginNext(): Filling | undefined {
    const announcement = this.#announced.shift();
    if (announcement === undefined) return undefined;
    const bytes = yuv420Bytes(announcement.widthPx, announcement.heightPx);
    this.#current = { announcement, bytes, buffer: this.#pool.take(bytes), filled: 0 };
    return this.#current;
  }

  #finishWhole(current: Filling): void {
    if (current.filled < current.bytes) return;
    this.#current = undefined;
    this.#onPicture(current.announcement, current.buffer);
  }

  #drainLead(): void {
    let taken = 0;
    while (taken < this.#leadFilled) {
      const current = this.#current ?? this.#beginNext();
      if (current === undefined) break;
      const count = Math.min(this.#leadFilled - taken, current.bytes - current.filled);
      current.buffer?.set(this.#lead.subarray(taken, taken + count), current.filled);
      current.filled += count;
      taken += count;
      this.#finishWhole(current);
    }
    this.#lead.copyWithin(0, taken, this.#leadFilled);
    this.#leadFilled = Math.max(0, this.#leadFilled - taken);
  }
}
