import { type FileHandle, open } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { crc32 } from 'node:zlib';
import { type Entry, fromRandomAccessReaderPromise, RandomAccessReader, type ZipFile } from 'yauzl';
import { largestPhotographMiB } from '../../contract/vision/vision-orders.js';
import { badInput, isRollcallError, messageOf, type RollcallError } from '../../kernel/errors.js';
import { checkArchivePath } from '../archive-path.js';
import { unreadableImport } from './import-folder.js';
import { type ImportSource, isPictureName, largestTableBytes } from './import-source.js';

/** Name of the table in an archive. It is at the top, or in the one folder that contains everything. */
export const tableName = 'persons.csv';

const mebibyte = 1024 * 1024;

/** Limits of an archive. They apply to the announced sizes, before anything is inflated. */
const limits = {
  archiveBytes: 4 * 1024 * mebibyte,
  entries: 65_534,
  directoryBytes: 64 * mebibyte,
  bytesOfOne: largestPhotographMiB * mebibyte,
  bytesOfAll: 8 * 1024 * mebibyte,
} as const;

/** Fixed part of an entry in the central directory, bytes. */
const entryBytes = 46;
const chunkBytes = 64 * 1024;
const stored = 0;
const deflated = 8;

/**
 * Opens a zip archive for an import. Files are read from the archive one by one: nothing is unpacked to the disk, and only
 * one file is in memory.
 * @throws `bad-zip`, `unreadable-import`
 */
export async function openImportZip(path: string): Promise<ImportSource> {
  const file = await open(path, 'r').catch((error: unknown) => {
    throw unreadableImport(path, error);
  });
  const explained = (error: unknown): RollcallError => {
    if (isRollcallError(error)) return error;
    const isSystemError = error instanceof Error && 'syscall' in error;
    return isSystemError ? unreadableImport(path, error) : badZip(messageOf(error));
  };
  try {
    const { size } = await file.stat();
    if (size > limits.archiveBytes) throw badZip('it is larger than 4 GiB', splitArchive);
    const options = { lazyEntries: true, autoClose: false, decodeStrings: false };
    const zip = await fromRandomAccessReaderPromise(new BoundedReader(file, size), size, options);
    const entries = await readEntries(zip);
    const [tablePath, table] = findTable(entries);
    const folder = tablePath.slice(0, -tableName.length);
    const read = (name: string, entry: Entry): Promise<Buffer> =>
      readEntry(zip, name, entry).catch((error: unknown) => {
        throw explained(error);
      });
    return {
      readTable: () => read(tablePath, table),
      find: (wanted) => Promise.resolve(find(entries, `${folder}${wanted}`)),
      read: (wanted) => {
        const entry = entries.get(wanted);
        if (entry === undefined) throw badZip(`it does not contain ${JSON.stringify(wanted)}`);
        return read(wanted, entry);
      },
      [Symbol.asyncDispose]: () => file.close(),
    };
  } catch (error) {
    await file.close();
    throw explained(error);
  }
}

/** Gives yauzl the bytes of the file. Checks positions first: yauzl does not check all of them against the file size. */
class BoundedReader extends RandomAccessReader {
  readonly #file: FileHandle;
  readonly #size: number;

  constructor(file: FileHandle, size: number) {
    super();
    this.#file = file;
    this.#size = size;
  }

  override read(
    target: Buffer,
    offset: number,
    length: number,
    position: number,
    callback: (error: Error | null) => void,
  ): void {
    const cutShort = new Error('it is cut short');
    if (position + length > this.#size) {
      callback(cutShort);
      return;
    }
    this.#file
      .read(target, offset, length, position)
      .then(({ bytesRead }) => callback(bytesRead < length ? cutShort : null), callback);
  }

  override _readStreamForRange(start: number, end: number): Readable {
    return Readable.from(this.#chunks(start, end), { objectMode: false });
  }

  async *#chunks(start: number, end: number): AsyncGenerator<Buffer, void, void> {
    for (let at = start; at < end; ) {
      const size = Math.min(chunkBytes, end - at);
      const { bytesRead, buffer: chunk } = await this.#file.read(Buffer.alloc(size), 0, size, at);
      if (bytesRead === 0) throw new Error('it is cut short');
      yield chunk.subarray(0, bytesRead);
      at += bytesRead;
    }
  }
}

/** The files of the archive by path, without folders. @throws `bad-zip` if a limit is exceeded or a file cannot be used */
async function readEntries(zip: ZipFile): Promise<ReadonlyMap<string, Entry>> {
  if (zip.entryCount > limits.entries) {
    throw badZip(`it contains more than ${limits.entries} files`, splitArchive);
  }
  const entries = new Map<string, Entry>();
  let directoryBytes = 0;
  let bytes = 0;
  for await (const entry of zip.eachEntry()) {
    const { fileNameLength, extraFieldLength, fileCommentLength } = entry;
    directoryBytes += entryBytes + fileNameLength + extraFieldLength + fileCommentLength;
    if (directoryBytes > limits.directoryBytes) throw badZip('its list of files is too long', splitArchive);
    const path = checkEntry(entry);
    if (path === undefined) continue;
    if (entries.has(path)) throw badZip(`it contains ${JSON.stringify(path)} twice`);
    bytes += entry.uncompressedSize;
    if (bytes > limits.bytesOfAll) {
      throw badZip(`it unpacks to more than ${limits.bytesOfAll / mebibyte} MiB`, splitArchive);
    }
    entries.set(path, entry);
  }
  return entries;
}

/** The normalised path of a file; undefined for a folder. */
function checkEntry(entry: Entry): string | undefined {
  const name = decodeName(entry.fileNameRaw);
  const isFolder = name.endsWith('/');
  const checked = checkArchivePath(isFolder ? name.slice(0, -1) : name);
  if ('problem' in checked) throw badZip(checked.problem);
  if (isFolder) return undefined;
  if (entry.isEncrypted()) throw badZip('it is encrypted', 'Unpack it, then give its persons.csv.');
  if (entry.compressionMethod !== stored && entry.compressionMethod !== deflated) {
    throw badZip(
      `it uses compression method ${entry.compressionMethod}`,
      'Make the archive again with compression method Deflate.',
    );
  }
  if (Math.max(entry.uncompressedSize, entry.compressedSize) > limits.bytesOfOne) {
    throw badZip(`${JSON.stringify(checked.path)} is larger than ${limits.bytesOfOne / mebibyte} MiB`);
  }
  return checked.path;
}

/** Names must be UTF-8, whatever the archive claims: in another encoding no path of the table would match. */
function decodeName(bytes: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (error) {
    if (error instanceof TypeError) throw badZip('a file name in it is not UTF-8');
    throw error;
  }
}

function findTable(entries: ReadonlyMap<string, Entry>): readonly [path: string, entry: Entry] {
  const tables = [...entries].filter(([path]) => /^(?:[^/]+\/)?persons\.csv$/.test(path));
  const [table] = tables;
  if (table === undefined) throw badZip(`it contains no ${tableName}`, `Add a table named ${tableName}.`);
  if (tables.length > 1) throw badZip(`it contains more than one ${tableName}`, 'Leave only one in it.');
  if (table[1].uncompressedSize > largestTableBytes)
    throw badZip(`${tableName} is too large`, 'Split the table.');
  return table;
}

function find(entries: ReadonlyMap<string, Entry>, path: string): readonly string[] {
  if (entries.has(path)) return [path];
  const isInside = (name: string): boolean =>
    name.startsWith(`${path}/`) && !name.slice(path.length + 1).includes('/') && isPictureName(name);
  return [...entries.keys()].filter(isInside).sort();
}

/** The content of one file. yauzl stops at the announced size; the checksum must match. */
async function readEntry(zip: ZipFile, path: string, entry: Entry): Promise<Buffer> {
  const damaged = (reason: string) => badZip(`${JSON.stringify(path)} is damaged: ${reason}`);
  const content = await zip
    .openReadStreamPromise(entry)
    .then(buffer)
    .catch((error: unknown) => {
      throw error instanceof Error && 'syscall' in error ? error : damaged(messageOf(error));
    });
  if (crc32(content) !== entry.crc32) throw damaged('wrong checksum');
  return content;
}

const splitArchive = 'split it into several archives';

function badZip(reason: string, remedy = 'Make the archive again with a common zip program.'): RollcallError {
  return badInput('bad-zip', `cannot use the zip archive: ${reason}`, { remedy });
}
