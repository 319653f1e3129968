import { isUtf8 } from 'node:buffer';

/** Why a file cannot be used as a photograph, and what to do. */
export interface UnusablePicture {
  /** Completes "the photograph cannot be read: …". */
  readonly reason: string;
  readonly remedy: string;
}

interface FileKind {
  /** Completes "the file is …". */
  readonly name: string;
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
  { name: 'a JPEG picture', use: 'decoded', isOfKind: startsWith('\xff\xd8\xff') },
  { name: 'a PNG picture', use: 'decoded', isOfKind: startsWith('\x89PNG') },
  { name: 'a GIF picture', use: 'decoded', isOfKind: startsWith('GIF8') },
  { name: 'a TIFF picture', use: 'decoded', isOfKind: startsWith('II*\0', 'MM\0*') },
  {
    name: 'a WebP picture',
    use: 'decoded',
    isOfKind: (bytes) => startsWith('RIFF')(bytes) && bytes.toString('latin1', 8, 12) === 'WEBP',
  },
  { name: 'an AVIF picture', use: 'decoded', isOfKind: hasBrand(/^avi[fs]$/) },
  { name: 'a HEIC picture', use: 'decoded', isOfKind: heic },
  { name: 'a video', use: 'no-picture', isOfKind: (bytes) => brandsOf(bytes).length > 0 },
  { name: 'a PDF document', use: 'no-picture', isOfKind: startsWith('%PDF') },
  { name: 'a zip archive', use: 'no-picture', isOfKind: startsWith('PK\x03\x04') },
  { name: 'an SVG drawing', use: 'no-picture', isOfKind: (bytes) => isText(bytes) && bytes.includes('<svg') },
  { name: 'a text file', use: 'no-picture', isOfKind: isText },
  { name: 'a BMP picture', use: 'not-decoded', isOfKind: startsWith('BM') },
];

/** Valid UTF-8 whose beginning has no control characters except tabs and line ends. */
function isText(bytes: Buffer): boolean {
  return (
    isUtf8(bytes) && bytes.subarray(0, 1024).every((byte) => byte >= 0x20 || (byte >= 0x09 && byte <= 0x0d))
  );
}

const otherFile = 'Send a photo as a JPEG, PNG, WebP, TIFF, GIF, AVIF or HEIC file.';

export const tooManyPixels: UnusablePicture = {
  reason: 'the picture has more than 64 megapixels',
  remedy: 'Make it smaller: 2000 pixels on the longer side are enough.',
};

/** A HEIC file that its decoder could not read within its limits. */
export const tooDemanding: UnusablePicture = {
  reason: 'the file is a HEIC picture, and reading it takes too much time or memory',
  remedy: 'Save it as JPEG and send that.',
};

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
  if (bytes.length === 0) {
    return {
      reason: 'the file is empty (0 bytes)',
      remedy: 'Copy the photo again, or send another one.',
    };
  }
  if (/pixel limit/.test(problem)) return tooManyPixels;
  const kind = kinds.find(({ isOfKind }) => isOfKind(bytes));
  if (kind === undefined) {
    return { reason: 'the file is not a picture in a known format', remedy: otherFile };
  }
  const { name, use } = kind;
  if (use === 'no-picture') return { reason: `the file is ${name}, not a photo`, remedy: otherFile };
  if (use === 'not-decoded') {
    return {
      reason: `the file is ${name}, and rollcall cannot read that format`,
      remedy: otherFile,
    };
  }
  return {
    reason: `the file is ${name}, but it is damaged or incomplete`,
    remedy: 'Copy the whole file from the camera or phone again, or send another photo.',
  };
}
