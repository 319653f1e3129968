import { isUtf8 } from 'node:buffer';
import { type Said, said } from '../kernel/said.js';
import { inEnglish } from '../words/language.js';

/** Why a file cannot be used as a photograph, and what to do. */
export interface UnusablePicture {
  /** Completes "the photograph cannot be read: …". */
  readonly reason: string;
  readonly remedy: string;
  readonly says: { readonly reason: Said; readonly remedy: Said };
}

interface FileKind {
  /** Ends the code of its message, which completes "the file is …": `photos/kind-jpeg`. */
  readonly kind: string;
  /** Whether `decodePhoto` supports the format, and whether it is a picture. */
  readonly use: 'decoded' | 'not-decoded' | 'no-picture';
  readonly isOfKind: (bytes: Buffer) => boolean;
}

const startsWith =
  (...starts: readonly string[]) =>
  (bytes: Buffer): boolean =>
    starts.some((start) => bytes.subarray(0, start.length).equals(Buffer.from(start, 'latin1')));

/** The brands of an ISO base media file (ISO/IEC 14496-12, box `ftyp`): the major one and the compatible ones. */
function brandsOf(bytes: Buffer): readonly string[] {
  if (bytes.toString('latin1', 4, 8) !== 'ftyp') return [];
  const end = Math.min(bytes.length, bytes.readUInt32BE(0), 256);
  const brands = [bytes.toString('latin1', 8, 12)];
  for (let at = 16; at + 4 <= end; at += 4) brands.push(bytes.toString('latin1', at, at + 4));
  return brands;
}

const hasBrand =
  (brand: RegExp) =>
  (bytes: Buffer): boolean =>
    brandsOf(bytes).some((found) => brand.test(found));

const heic = hasBrand(/^he[iv][cxms]$/);

/** Kinds of files by their first bytes; the first match counts. */
const kinds: readonly FileKind[] = [
  { kind: 'jpeg', use: 'decoded', isOfKind: startsWith('\xff\xd8\xff') },
  { kind: 'png', use: 'decoded', isOfKind: startsWith('\x89PNG') },
  { kind: 'gif', use: 'decoded', isOfKind: startsWith('GIF8') },
  { kind: 'tiff', use: 'decoded', isOfKind: startsWith('II*\0', 'MM\0*') },
  {
    kind: 'webp',
    use: 'decoded',
    isOfKind: (bytes) => startsWith('RIFF')(bytes) && bytes.toString('latin1', 8, 12) === 'WEBP',
  },
  { kind: 'avif', use: 'decoded', isOfKind: hasBrand(/^avi[fs]$/) },
  { kind: 'heic', use: 'decoded', isOfKind: heic },
  { kind: 'video', use: 'no-picture', isOfKind: (bytes) => brandsOf(bytes).length > 0 },
  { kind: 'pdf', use: 'no-picture', isOfKind: startsWith('%PDF') },
  { kind: 'zip', use: 'no-picture', isOfKind: startsWith('PK\x03\x04') },
  { kind: 'svg', use: 'no-picture', isOfKind: (bytes) => isText(bytes) && bytes.includes('<svg') },
  { kind: 'text', use: 'no-picture', isOfKind: isText },
  { kind: 'bmp', use: 'not-decoded', isOfKind: startsWith('BM') },
];

/** Valid UTF-8 whose beginning has no control characters except tabs and line ends. */
function isText(bytes: Buffer): boolean {
  return (
    isUtf8(bytes) && bytes.subarray(0, 1024).every((byte) => byte >= 0x20 || (byte >= 0x09 && byte <= 0x0d))
  );
}

const unusable = (reason: Said, advice: string): UnusablePicture =>
  inEnglish({ reason, remedy: said(`photos/remedy-${advice}`) });

export const tooManyPixels = unusable(said('photos/too-many-pixels'), 'too-many-pixels');

/** A HEIC file that its decoder could not read within its limits. */
export const tooDemanding = unusable(said('photos/too-demanding'), 'too-demanding');

/** Whether the file begins like a photograph in a format that `decodePhoto` supports. */
export function isPhotograph(file: Uint8Array): boolean {
  const bytes = Buffer.from(file.buffer, file.byteOffset, file.byteLength);
  return kinds.find(({ isOfKind }) => isOfKind(bytes))?.use === 'decoded';
}

/** Whether the file begins like a picture that is coded with HEVC, as iPhones take them. */
export function isHeic(file: Uint8Array): boolean {
  return heic(Buffer.from(file.buffer, file.byteOffset, file.byteLength));
}

/** Explains to people why the decoder failed with the message `problem`. */
export function explainUnusable(file: Uint8Array, problem: string): UnusablePicture {
  const bytes = Buffer.from(file.buffer, file.byteOffset, file.byteLength);
  if (bytes.length === 0) return unusable(said('photos/empty'), 'empty');
  if (/pixel limit/.test(problem)) return tooManyPixels;
  const found = kinds.find(({ isOfKind }) => isOfKind(bytes));
  if (found === undefined) return unusable(said('photos/unknown-format'), 'format');
  const kind = said(`photos/kind-${found.kind}`);
  if (found.use === 'no-picture') return unusable(said('photos/not-a-photo', { kind }), 'format');
  if (found.use === 'not-decoded') return unusable(said('photos/not-decoded', { kind }), 'format');
  return unusable(said('photos/damaged', { kind }), 'damaged');
}
