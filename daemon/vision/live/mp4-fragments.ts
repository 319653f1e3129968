import { operational } from '../../kernel/errors.js';
import { boxBelow, boxHeaderBytes, typeOf } from './mp4-boxes.js';
import { mediaTypeOf } from './mp4-codec.js';

/** Largest box, bytes: the gate takes no longer messages. */
const mostBoxBytes = 4_000_000;

/** A piece of fragmented MP4 as a player takes it. */
export type VideoPiece =
  /** What a player needs first. `mediaType`: as `MediaSource.isTypeSupported` takes it. */
  | { readonly kind: 'start'; readonly mediaType: string; readonly bytes: Buffer }
  /** Some pictures. `isKey`: a player can begin here. */
  | { readonly kind: 'part'; readonly isKey: boolean; readonly bytes: Buffer };

/** Splits fragmented MP4, as FFmpeg writes it, into its pieces. Throws `video-unusable` for what no player could show. */
export class Mp4Fragments {
  #chunks: Buffer[] = [];
  #bytes = 0;
  /** Bytes from which on the next box is whole, or its length is known. */
  #needed = boxHeaderBytes;
  /** The box that belongs to the next one: `ftyp` to `moov`, `moof` to `mdat`. */
  #before: Buffer | undefined;

  /** The pieces that `chunk` completes. */
  *push(chunk: Buffer): Generator<VideoPiece> {
    this.#chunks.push(chunk);
    this.#bytes += chunk.length;
    while (this.#bytes >= this.#needed) {
      const all = this.#chunks.length === 1 ? (this.#chunks[0] ?? chunk) : Buffer.concat(this.#chunks);
      const length = all.readUInt32BE();
      if (length < boxHeaderBytes || length > mostBoxBytes) throw unusable(`a box of ${length} bytes`);
      const isWhole = all.length >= length;
      this.#keep(isWhole ? all.subarray(length) : all, isWhole ? boxHeaderBytes : length);
      const piece = isWhole ? this.#pieceOf(all.subarray(0, length)) : undefined;
      if (piece !== undefined) yield piece;
    }
  }

  #keep(rest: Buffer, needed: number): void {
    this.#chunks = rest.length === 0 ? [] : [rest];
    this.#bytes = rest.length;
    this.#needed = needed;
  }

  #pieceOf(box: Buffer): VideoPiece | undefined {
    const type = typeOf(box);
    const before = this.#before;
    this.#before = type === 'ftyp' || type === 'moof' ? box : undefined;
    if (before === undefined) return undefined;
    const bytes = Buffer.concat([before, box]);
    if (type === 'moov' && typeOf(before) === 'ftyp') {
      const mediaType = mediaTypeOf(box);
      if (mediaType === undefined) throw unusable('its codec is neither H.264 nor H.265');
      return { kind: 'start', mediaType, bytes };
    }
    if (type === 'mdat' && typeOf(before) === 'moof')
      return { kind: 'part', isKey: isKeyPart(before), bytes };
    throw unusable(`"${type}" after "${typeOf(before)}"`);
  }
}

/** A picture that needs others (ISO/IEC 14496-12, section 8.8.3.1). */
const nonSync = 0x1_00_00;

/** Whether the first picture of a `moof` can be decoded without others. FFmpeg writes the flags of one picture or of all. */
function isKeyPart(moof: Buffer): boolean {
  const run = boxBelow(moof, 'traf', 'trun');
  const header = boxBelow(moof, 'traf', 'tfhd');
  if (run === undefined || header === undefined) return false;
  const flags = run.readUIntBE(9, 3);
  const hasOffset = (flags & 0x1) !== 0;
  const firstFlags = hasOffset ? 20 : 16;
  if ((flags & 0x4) !== 0) return (run.readUInt32BE(firstFlags) & nonSync) === 0;
  if ((flags & 0x400) !== 0) {
    const before = [0x100, 0x200].filter((each) => (flags & each) !== 0).length;
    return (run.readUInt32BE(firstFlags + 4 * before) & nonSync) === 0;
  }
  const given = header.readUIntBE(9, 3);
  if ((given & 0x20) === 0) return false;
  const wide = (given & 0x1) !== 0 ? 8 : 0;
  const words = [0x2, 0x8, 0x10].filter((each) => (given & each) !== 0).length;
  return (header.readUInt32BE(16 + wide + 4 * words) & nonSync) === 0;
}

function unusable(what: string) {
  return operational('video-unusable', `the video of the camera cannot be passed on: ${what}`);
}
