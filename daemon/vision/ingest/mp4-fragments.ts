import { operational } from '../../kernel/errors.js';

/** Bytes of the length and the type of a box (ISO/IEC 14496-12, section 4.2). */
const boxHeaderBytes = 8;

const typeOf = (box: Buffer): string => box.toString('latin1', 4, boxHeaderBytes);

/** The boxes that lie in `bytes`, one after the other. */
function* boxesIn(bytes: Buffer): Generator<Buffer> {
  for (let at = 0; at + boxHeaderBytes <= bytes.length; ) {
    const length = bytes.readUInt32BE(at);
    if (length < boxHeaderBytes) return;
    yield bytes.subarray(at, at + length);
    at += length;
  }
}

/** The box at the end of a path of types, below `box`. */
function boxBelow(box: Buffer | undefined, ...types: readonly string[]): Buffer | undefined {
  return types.reduce<Buffer | undefined>((parent, type) => {
    const children = parent === undefined ? [] : [...boxesIn(parent.subarray(boxHeaderBytes))];
    return children.find((child) => typeOf(child) === type);
  }, box);
}

/** Largest box by default, bytes: the gate takes no longer messages. */
const mostSentBytes = 4_000_000;

/** A piece of fragmented MP4 as a player takes it. */
export type VideoPiece =
  /** What a player needs first. `mediaType`: as `MediaSource.isTypeSupported` takes it; undefined for what browsers do not play. */
  | { readonly kind: 'start'; readonly mediaType: string | undefined; readonly bytes: Buffer }
  /** Some pictures. `isKey`: a player can begin here. `timeS`: when the first is decoded, seconds on the clock of the stream. */
  | { readonly kind: 'part'; readonly isKey: boolean; readonly timeS: number; readonly bytes: Buffer };

/** Splits fragmented MP4 with one video, as FFmpeg writes it, into its pieces. Throws `video-unusable` for anything else. */
export class Mp4Fragments {
  readonly #mostBoxBytes: number;
  #chunks: Buffer[] = [];
  #bytes = 0;
  /** Bytes from which on the next box is whole, or its length is known. */
  #needed = boxHeaderBytes;
  /** The box that belongs to the next one: `ftyp` to `moov`, `moof` to `mdat`. */
  #before: Buffer | undefined;
  /** Of the times of the parts. */
  #unitsPerS = 1;

  constructor(mostBoxBytes = mostSentBytes) {
    this.#mostBoxBytes = mostBoxBytes;
  }

  /** The pieces that `chunk` completes. */
  *push(chunk: Buffer): Generator<VideoPiece> {
    this.#chunks.push(chunk);
    this.#bytes += chunk.length;
    while (this.#bytes >= this.#needed) {
      const all = this.#chunks.length === 1 ? (this.#chunks[0] ?? chunk) : Buffer.concat(this.#chunks);
      const length = all.readUInt32BE();
      if (length < boxHeaderBytes || length > this.#mostBoxBytes) throw unusable(`a box of ${length} bytes`);
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
      this.#unitsPerS = unitsPerSOf(box);
      return { kind: 'start', mediaType: mediaTypeOf(box), bytes };
    }
    if (type === 'mdat' && typeOf(before) === 'moof')
      return { kind: 'part', isKey: isKeyPart(before), timeS: unitsOf(before) / this.#unitsPerS, bytes };
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

/** The unit of the times of a video (ISO/IEC 14496-12, section 8.4.2). FFmpeg writes the version with 32-bit dates. */
function unitsPerSOf(moov: Buffer): number {
  const header = boxBelow(moov, 'trak', 'mdia', 'mdhd');
  if (header === undefined || header.length < 24) throw unusable('its times have no unit');
  return Math.max(1, header.readUInt32BE(20));
}

/** When the first picture of a `moof` is decoded (section 8.8.12). */
function unitsOf(moof: Buffer): number {
  const time = boxBelow(moof, 'traf', 'tfdt');
  if (time === undefined || time.length < 16) throw unusable('a part has no time');
  return time.readUInt8(8) === 1 && time.length >= 20
    ? Number(time.readBigUInt64BE(12))
    : time.readUInt32BE(12);
}

function unusable(what: string) {
  return operational('video-unusable', `the video of the camera cannot be passed on: ${what}`);
}

/** Bytes of a sample entry for video before the boxes in it, without its header. */
const entryBytes = 78;
/** Bytes of a table before its first entry: header, version and number of entries. */
const tableBytes = 16;

/** The media type of a `moov` with one video, as browsers take it; undefined where it is neither H.264 nor H.265. */
function mediaTypeOf(moov: Buffer): string | undefined {
  const entry = boxBelow(moov, 'trak', 'mdia', 'minf', 'stbl', 'stsd')?.subarray(tableBytes);
  if (entry === undefined || entry.length < boxHeaderBytes + entryBytes) return undefined;
  const configOf = (type: string): Buffer | undefined =>
    boxBelow(entry.subarray(entryBytes), type)?.subarray(boxHeaderBytes);
  switch (typeOf(entry)) {
    case 'avc1':
      return typeText(h264(configOf('avcC')));
    case 'hvc1':
      return typeText(h265(configOf('hvcC')));
    default:
      return undefined;
  }
}

const typeText = (codec: string | undefined): string | undefined =>
  codec === undefined ? undefined : `video/mp4; codecs="${codec}"`;

const hex = (byte: number): string => byte.toString(16).padStart(2, '0').toUpperCase();

/** RFC 6381, section 3.3: profile, constraints and level. */
function h264(config: Buffer | undefined): string | undefined {
  if (config === undefined || config.length < 4) return undefined;
  return `avc1.${[...config.subarray(1, 4)].map(hex).join('')}`;
}

/** ISO/IEC 14496-15, annex E: profile, what it is compatible with in reversed bits, tier and level, constraints. */
function h265(config: Buffer | undefined): string | undefined {
  if (config === undefined || config.length < 13) return undefined;
  const general = config.readUInt8(1);
  const space = ['', 'A', 'B', 'C'][general >> 6] ?? '';
  const bits = config.readUInt32BE(2).toString(2).padStart(32, '0');
  const compatible = Number.parseInt([...bits].reverse().join(''), 2)
    .toString(16)
    .toUpperCase();
  const tier = (general & 0x20) === 0 ? 'L' : 'H';
  const constraints = [...config.subarray(6, 12)];
  while (constraints.at(-1) === 0) constraints.pop();
  const profile = `${space}${general & 0x1f}.${compatible}.${tier}${config.readUInt8(12)}`;
  return ['hvc1', profile, ...constraints.map(hex)].join('.');
}
