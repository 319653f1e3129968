import type { VideoPiece } from './mp4-fragments.js';

/**
 * The most undecoded video that is kept of one camera. A camera with a longer key frame interval, or more bits, cannot be decoded
 * from its last key frame: a decoder then waits for the next one.
 */
export const mostKept = { seconds: 12, bytes: 12 * 1024 * 1024 };

/** The newest video of a camera from its last key frame on, undecoded: whoever decodes it needs not wait for the next key frame. */
export class PartRing {
  #start: Buffer | undefined;
  #parts: Buffer[] = [];
  #bytes = 0;
  #firstS = 0;

  push(piece: VideoPiece): void {
    if (piece.kind === 'start') {
      this.#start = piece.bytes;
      this.#clear();
      return;
    }
    if (piece.isKey) {
      this.#clear();
      this.#firstS = piece.timeS;
    } else if (this.#parts.length === 0) return;
    this.#parts.push(piece.bytes);
    this.#bytes += piece.bytes.length;
    const seconds = piece.timeS - this.#firstS;
    // A camera that sets its clock back has no order from which to decode.
    if (this.#bytes > mostKept.bytes || seconds > mostKept.seconds || seconds < 0) this.#clear();
  }

  /** What a decoder needs first; undefined before the stream has begun. */
  get start(): Buffer | undefined {
    return this.#start;
  }

  /** From the last key frame on; empty while that is not kept. */
  get parts(): readonly Buffer[] {
    return this.#parts;
  }

  #clear(): void {
    this.#parts = [];
    this.#bytes = 0;
  }
}
