import type { FileHandle } from 'node:fs/promises';
import { badInput, type RollcallError } from '../../base/errors.js';
import { checkArchivePath } from '../archive-path.js';

/** One file of a zip archive, as its central directory describes it. */
export interface ZipEntry {
  readonly path: string;
  readonly compressedBytes: number;
  /** As announced; whoever inflates must not believe it. */
  readonly bytes: number;
  readonly crc32: number;
  readonly method: 'stored' | 'deflated';
  /** Where its local header begins. */
  readonly offset: number;
}

/** What an archive may hold at most: checked against what it announces, before anything is inflated. */
export interface ZipLimits {
  readonly entries: number;
  readonly bytesOfOne: number;
  readonly bytesOfAll: number;
}

const endBytes = 22;
const longestCommentBytes = 0xffff;
const endSignature = 0x06054b50;
const entrySignature = 0x02014b50;
const entryBytes = 46;
/** Largest central directory: 65,535 files with long names. */
const largestDirectoryBytes = 64 * 1024 * 1024;

/** An archive that cannot be used, whatever made it so. */
export function badZip(
  reason: string,
  remedy = 'make the archive again, with a common zip program',
): RollcallError {
  return badInput('bad-zip', `the zip archive cannot be used: ${reason}`, { remedy });
}

/**
 * Reads the central directory of a zip archive (PKWARE APPNOTE 6.3.10, 4.3.12 and 4.3.16). Folders are left out.
 * @throws `bad-zip` for what is no such archive, is encrypted, split or of the Zip64 kind, is compressed with anything
 * but Deflate, breaks a limit, names a file twice or with a path that leads elsewhere
 */
export async function readZipDirectory(file: FileHandle, limits: ZipLimits): Promise<readonly ZipEntry[]> {
  const { count, size, offset } = await readEnd(file);
  if (count > limits.entries) throw badZip(`it holds more than ${limits.entries} files`, 'split it');
  const directory = await readExactly(file, offset, size);
  const entries = new Map<string, ZipEntry>();
  let total = 0;
  let at = 0;
  for (let index = 0; index < count; index += 1) {
    const { entry, length } = parseEntry(directory.subarray(at));
    at += length;
    if (entry === undefined) continue;
    if (entries.has(entry.path)) throw badZip(`it holds ${JSON.stringify(entry.path)} twice`);
    if (entry.bytes > limits.bytesOfOne) {
      throw badZip(`${JSON.stringify(entry.path)} is larger than ${limits.bytesOfOne / 1024 / 1024} MiB`);
    }
    total += entry.bytes;
    if (total > limits.bytesOfAll) {
      throw badZip(`it unpacks to more than ${limits.bytesOfAll / 1024 / 1024} MiB`, 'split it');
    }
    entries.set(entry.path, entry);
  }
  return [...entries.values()];
}

/** `size` bytes of the file from `offset` on. @throws `bad-zip` where it ends before */
export async function readExactly(file: FileHandle, offset: number, size: number): Promise<Buffer> {
  const bytes = Buffer.alloc(size);
  const { bytesRead } = await file.read(bytes, 0, size, offset);
  if (bytesRead < size) throw badZip('it is cut short');
  return bytes;
}

async function readEnd(file: FileHandle) {
  const { size: fileBytes } = await file.stat();
  if (fileBytes < endBytes) throw badZip('it is too short to be one');
  const tailBytes = Math.min(fileBytes, endBytes + longestCommentBytes);
  const tail = await readExactly(file, fileBytes - tailBytes, tailBytes);
  let at = tailBytes - endBytes;
  while (at >= 0 && !isEnd(tail, at)) at -= 1;
  if (at < 0) throw badZip('it has no central directory; it is cut short or something else');
  const count = tail.readUInt16LE(at + 10);
  const size = tail.readUInt32LE(at + 12);
  const offset = tail.readUInt32LE(at + 16);
  if (count === 0xffff || size === 0xffffffff || offset === 0xffffffff) {
    throw badZip('it has more than 65,534 files or 4 GiB (Zip64)', 'split it, or give the CSV and a folder');
  }
  const isSplit = tail.readUInt16LE(at + 4) !== 0 || tail.readUInt16LE(at + 8) !== count;
  if (isSplit) throw badZip('it is a part of a split archive');
  if (size > largestDirectoryBytes || offset + size > fileBytes)
    throw badZip('its central directory is damaged');
  return { count, size, offset };
}

function isEnd(tail: Buffer, at: number): boolean {
  return tail.readUInt32LE(at) === endSignature && tail.readUInt16LE(at + 20) === tail.length - at - endBytes;
}

function parseEntry(bytes: Buffer): { readonly entry: ZipEntry | undefined; readonly length: number } {
  if (bytes.length < entryBytes || bytes.readUInt32LE(0) !== entrySignature) {
    throw badZip('its central directory is damaged');
  }
  const nameBytes = bytes.readUInt16LE(28);
  const length = entryBytes + nameBytes + bytes.readUInt16LE(30) + bytes.readUInt16LE(32);
  if (bytes.length < length) throw badZip('its central directory is damaged');
  const name = decodeName(bytes.subarray(entryBytes, entryBytes + nameBytes));
  const checked = checkArchivePath(name.endsWith('/') ? name.slice(0, -1) : name);
  if ('problem' in checked) throw badZip(checked.problem);
  if (name.endsWith('/')) return { entry: undefined, length };
  if ((bytes.readUInt16LE(8) & 1) !== 0) throw badZip('it is encrypted', 'unpack it and give the folder');
  const method = methodOf(bytes.readUInt16LE(10));
  const entry: ZipEntry = {
    path: checked.path,
    method,
    crc32: bytes.readUInt32LE(16),
    compressedBytes: bytes.readUInt32LE(20),
    bytes: bytes.readUInt32LE(24),
    offset: bytes.readUInt32LE(42),
  };
  return { entry, length };
}

function methodOf(method: number): ZipEntry['method'] {
  if (method === 0) return 'stored';
  if (method === 8) return 'deflated';
  throw badZip(`it uses compression method ${method}`, 'make it with a common zip program, method Deflate');
}

/** Names are UTF-8, whether or not the archive says so: with another encoding no path of a table would be found. */
function decodeName(bytes: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (error) {
    if (error instanceof TypeError) throw badZip('a name in it is not UTF-8');
    throw error;
  }
}
