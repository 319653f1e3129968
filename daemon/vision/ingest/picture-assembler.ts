import { yuv420Bytes } from '../../domain/faces/picture.js';
import type { BufferPool } from './buffer-pool.js';

/** What is known of a picture before its bytes come. */
export interface Announcement {
  readonly ptsS: number | undefined;
  readonly widthPx: number;
  readonly heightPx: number;
  readonly isFullRange: boolean;
  /** When the announcement came, monotonic milliseconds. */
  readonly announcedAtMs: number;
}

/** Most bytes taken at once while it is unknown whose they are. */
const blindReadBytes = 64 * 1024;

interface Filling {
  readonly announcement: Announcement;
  readonly bytes: number;
  /** Undefined: the picture is read and forgotten. */
  readonly buffer: Uint8Array | undefined;
  filled: number;
}

/**
 * Cuts a stream of bytes into pictures, as announced on another pipe: each announcement says how many bytes the
 * next picture has. Bytes are read straight into the picture's buffer. Those that overtake their announcement
 * are held in a small lead, and reading waits for it.
 *
 * The reader asks for a `target`, puts bytes there and reports how many; it may ask for the next target before
 * it is told to wait, so that a target must stay good while announcements come in.
 */
export class PictureAssembler {
  readonly #pool: BufferPool;
  readonly #onPicture: (announcement: Announcement, buffer: Uint8Array | undefined) => void;
  readonly #onReady: () => void;
  readonly #announced: Announcement[] = [];
  readonly #lead = new Uint8Array(new ArrayBuffer(2 * blindReadBytes));
  #leadFilled = 0;
  /** Where in the lead the last target begins; undefined when it lies in the current picture. */
  #blindStart: number | undefined;
  #current: Filling | undefined;
  #isDiscarding = false;
  #isComplete = false;
  #isHeld = false;

  constructor(options: {
    readonly pool: BufferPool;
    /** A whole picture, or the end of one for which the pool had no buffer. */
    onPicture(announcement: Announcement, buffer: Uint8Array | undefined): void;
    /** Reading may go on after `filled` returned false. */
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

  /** Where the next bytes go; never empty. */
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

  /** `count` bytes were put into the last target. False: read no more until `onReady`. */
  filled(count: number): boolean {
    if (this.#isDiscarding) return true;
    if (this.#blindStart === undefined) {
      if (this.#current !== undefined) {
        this.#current.filled += count;
        this.#finishWhole(this.#current);
      }
    } else {
      // The lead may have been drained since the target was given out.
      this.#lead.copyWithin(this.#leadFilled, this.#blindStart, this.#blindStart + count);
      this.#leadFilled += count;
      this.#drainLead();
      if (this.#isComplete) this.#leadFilled = 0;
    }
    return !this.isWaiting;
  }

  /** Stops taking bytes, for a consumer that is behind, until `proceed`. */
  hold(): void {
    this.#isHeld = true;
  }

  proceed(): void {
    this.#change(() => {
      this.#isHeld = false;
    });
  }

  /** No announcement will follow: bytes without one are forgotten. */
  announcementsEnded(): void {
    this.#change(() => {
      this.#isComplete = true;
    });
  }

  /** From now on everything is read and forgotten, so that whoever writes can end. */
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
