import { crcOf } from '../../parts/zip-file.js';

/** A file with its path in a folder or an archive. */
export interface GivenFile {
  readonly path: string;
  readonly file: File;
}

export type ZipProblem =
  | 'not-zip'
  | 'encrypted'
  | 'zip64'
  | 'method'
  | 'damaged'
  | 'name'
  | 'too-large'
  | 'too-much';
export type Unzipped =
  | { readonly files: readonly GivenFile[] }
  | { readonly problem: ZipProblem; readonly what: string };

const mebibyte = 1024 * 1024;
/** As the box takes photographs at most. */
const mostBytesOfOne = 32 * mebibyte;
/** The browser keeps what is unpacked until the import ends. */
const mostBytesOfAll = 2048 * mebibyte;

const endBytes = 22;
const longestComment = 0xffff;
const entryBytes = 46;
const headerBytes = 30;
const stored = 0;
const deflated = 8;

interface Entry {
  readonly path: string;
  readonly flags: number;
  readonly method: number;
  readonly crc: number;
  readonly packedBytes: number;
  readonly bytes: number;
  /** Of its header in the archive. */
  readonly offset: number;
}

/** Ends the reading of an archive that cannot be used. */
class Unusable extends Error {
  readonly problem: ZipProblem;
  readonly what: string;

  constructor(problem: ZipProblem, what = '') {
    super(problem);
    this.problem = problem;
    this.what = what;
  }
}

/**
 * The tables and pictures of an archive, unpacked (APPNOTE.TXT of PKWARE, sections 4.3.7 to 4.3.16). Sizes are checked before and
 * while anything is unpacked, so that a small archive cannot fill the browser.
 */
export async function unzip(zip: Blob): Promise<Unzipped> {
  try {
    const entries = (await entriesOf(zip)).filter(({ path }) => isWanted(path));
    const files: GivenFile[] = [];
    for (const entry of entries) {
      const name = entry.path.slice(entry.path.lastIndexOf('/') + 1);
      files.push({ path: entry.path, file: new File([await contentOf(zip, entry)], name) });
    }
    return { files };
  } catch (error) {
    if (error instanceof Unusable) return { problem: error.problem, what: error.what };
    throw error;
  }
}

/** What archives of other systems add beside the files is left out. */
const isWanted = (path: string): boolean =>
  /\.(csv|jpe?g|png|webp|tiff?|gif|avif|heic|heif)$/i.test(path) && !/(^|\/)[._]/.test(path);

const viewOf = async (part: Blob): Promise<DataView> => new DataView(await part.arrayBuffer());

/** The entries of the directory, all of them checked. */
async function entriesOf(zip: Blob): Promise<readonly Entry[]> {
  const tailFrom = Math.max(0, zip.size - endBytes - longestComment);
  const tail = await viewOf(zip.slice(tailFrom));
  const end = endIn(tail);
  const [count, directoryBytes, from] = [
    tail.getUint16(end + 10, true),
    tail.getUint32(end + 12, true),
    tail.getUint32(end + 16, true),
  ];
  if (count === 0xffff || directoryBytes === 0xffffffff || from === 0xffffffff) throw new Unusable('zip64');
  if (from + directoryBytes > tailFrom + end) throw new Unusable('damaged');
  const directory = await viewOf(zip.slice(from, from + directoryBytes));
  const entries: Entry[] = [];
  let [at, total] = [0, 0];
  for (let index = 0; index < count; index += 1) {
    const { entry, nextAt } = entryAt(directory, at);
    at = nextAt;
    if (entry.path.endsWith('/')) continue;
    check(entry);
    total += entry.bytes;
    if (total > mostBytesOfAll) throw new Unusable('too-much', String(mostBytesOfAll / mebibyte));
    entries.push(entry);
  }
  return entries;
}

/** Where the end record of the directory begins. A comment may follow it. */
function endIn(tail: DataView): number {
  for (let at = tail.byteLength - endBytes; at >= 0; at -= 1) {
    const isEnd = tail.getUint32(at, true) === 0x06054b50;
    if (isEnd && tail.getUint16(at + 20, true) === tail.byteLength - at - endBytes) return at;
  }
  throw new Unusable('not-zip');
}

function entryAt(directory: DataView, at: number): { readonly entry: Entry; readonly nextAt: number } {
  if (at + entryBytes > directory.byteLength || directory.getUint32(at, true) !== 0x02014b50)
    throw new Unusable('damaged');
  const [nameBytes, extraBytes, commentBytes] = [28, 30, 32].map((field) =>
    directory.getUint16(at + field, true),
  );
  const nameAt = at + entryBytes;
  const nextAt = nameAt + (nameBytes ?? 0) + (extraBytes ?? 0) + (commentBytes ?? 0);
  if (nextAt > directory.byteLength) throw new Unusable('damaged');
  const entry = {
    path: pathOf(new Uint8Array(directory.buffer, nameAt, nameBytes)),
    flags: directory.getUint16(at + 8, true),
    method: directory.getUint16(at + 10, true),
    crc: directory.getUint32(at + 16, true),
    packedBytes: directory.getUint32(at + 20, true),
    bytes: directory.getUint32(at + 24, true),
    offset: directory.getUint32(at + 42, true),
  };
  return { entry, nextAt };
}

/** Names must be UTF-8, whatever the archive claims: in another encoding no path of the table would match. */
function pathOf(name: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(name).replaceAll('\\', '/');
  } catch (error) {
    if (error instanceof TypeError) throw new Unusable('name');
    throw error;
  }
}

function check({ path, flags, method, packedBytes, bytes, offset }: Entry): void {
  if ((flags & 1) !== 0) throw new Unusable('encrypted', path);
  if ([packedBytes, bytes, offset].includes(0xffffffff)) throw new Unusable('zip64');
  if (method !== stored && method !== deflated) throw new Unusable('method', path);
  if (Math.max(packedBytes, bytes) > mostBytesOfOne) throw new Unusable('too-large', path);
}

/** The bytes of a file. @throws Unusable if they are not what the directory says */
async function contentOf(zip: Blob, { path, method, crc, packedBytes, bytes, offset }: Entry): Promise<Blob> {
  const header = await viewOf(zip.slice(offset, offset + headerBytes));
  if (header.byteLength < headerBytes || header.getUint32(0, true) !== 0x04034b50)
    throw new Unusable('damaged', path);
  const from = offset + headerBytes + header.getUint16(26, true) + header.getUint16(28, true);
  const packed = zip.slice(from, from + packedBytes);
  const content = method === stored ? packed : await inflated(packed, { path, bytes });
  const isWhole = content.size === bytes && crcOf(new Uint8Array(await content.arrayBuffer())) === crc;
  if (!isWhole) throw new Unusable('damaged', path);
  return content;
}

async function inflated(packed: Blob, { path, bytes }: Pick<Entry, 'path' | 'bytes'>): Promise<Blob> {
  let count = 0;
  const bounded = new TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>({
    transform(piece, controller) {
      count += piece.byteLength;
      if (count > bytes) controller.error(new Unusable('damaged', path));
      else controller.enqueue(piece);
    },
  });
  const stream = packed.stream().pipeThrough(new DecompressionStream('deflate-raw')).pipeThrough(bounded);
  // What the stream fails with is no error of the page: the bytes are not what the archive says.
  return await new Response(stream).blob().catch(() => {
    throw new Unusable('damaged', path);
  });
}
