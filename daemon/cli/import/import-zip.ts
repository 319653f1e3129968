import { type FileHandle, open } from 'node:fs/promises';
import {
  type EntryMetaData,
  type FileEntry,
  Reader,
  Uint8ArrayWriter,
  ZipReader,
} from '@zip.js/zip.js/lib/zip-core-custom.js';
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

const stored = 0;
const deflated = 8;

/** What programs could read in different ways is refused. Paths are left to `checkArchivePath`, which says what is wrong with one. */
const readerOptions = {
  useWebWorkers: false,
  checkCrc32: true,
  strictness: 'strict',
  filenameValidation: 'tolerant',
} as const;

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
    return isSystemError ? unreadableImport(path, error) : badZip(reasonOf(error));
  };
  try {
    const { size } = await file.stat();
    if (size > limits.archiveBytes) throw badZip('it is larger than 4 GiB', splitArchive);
    const entries = await readEntries(new ZipReader(new FileReader(file, size), readerOptions));
    const [tablePath, table] = findTable(entries);
    const folder = tablePath.slice(0, -tableName.length);
    const read = (name: string, entry: FileEntry): Promise<Buffer> =>
      readEntry(name, entry).catch((error: unknown) => {
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

/** The bytes of a file that is open, read where they are asked for. */
class FileReader extends Reader<FileHandle> {
  readonly #file: FileHandle;

  constructor(file: FileHandle, size: number) {
    super(file);
    this.#file = file;
    this.size = size;
  }

  override async readUint8Array(position: number, length: number): Promise<Uint8Array> {
    const left = Math.max(0, Math.min(length, this.size - position));
    // Files are read in pieces: only the list of files is asked for as a whole, from where the end of the archive says.
    if (left > limits.directoryBytes)
      throw badZip(
        `its list of files is damaged, or longer than ${limits.directoryBytes / mebibyte} MiB`,
        'Make the archive again with a common zip program. If it has very many files, split it into several archives.',
      );
    if (left === 0) return new Uint8Array();
    const { buffer, bytesRead } = await this.#file.read(new Uint8Array(left), 0, left, position);
    return buffer.subarray(0, bytesRead);
  }
}

/** The files of the archive by path, without folders. @throws `bad-zip` if a limit is exceeded or a file cannot be used */
async function readEntries(zip: ZipReader<FileHandle>): Promise<ReadonlyMap<string, FileEntry>> {
  const entries = new Map<string, FileEntry>();
  let count = 0;
  let bytes = 0;
  for await (const entry of zip.getEntriesGenerator()) {
    count += 1;
    if (count > limits.entries) throw badZip(`it contains more than ${limits.entries} files`, splitArchive);
    const path = checkEntry(entry);
    if (path === undefined) continue;
    if (entry.directory) throw badZip(`${JSON.stringify(path)} is marked as a folder`);
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
function checkEntry(entry: EntryMetaData): string | undefined {
  const name = decodeName(entry.rawFilename);
  const isFolder = name.endsWith('/');
  const checked = checkArchivePath(isFolder ? name.slice(0, -1) : name);
  if ('problem' in checked) throw badZip(checked.problem);
  if (isFolder) return undefined;
  if (entry.encrypted) throw badZip('it is encrypted', 'Unpack it, then give its persons.csv.');
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
function decodeName(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (error) {
    if (error instanceof TypeError) throw badZip('a file name in it is not UTF-8');
    throw error;
  }
}

function findTable(entries: ReadonlyMap<string, FileEntry>): readonly [path: string, entry: FileEntry] {
  const tables = [...entries].filter(([path]) => /^(?:[^/]+\/)?persons\.csv$/.test(path));
  const [table] = tables;
  if (table === undefined) throw badZip(`it contains no ${tableName}`, `Add a table named ${tableName}.`);
  if (tables.length > 1) throw badZip(`it contains more than one ${tableName}`, 'Leave only one in it.');
  if (table[1].uncompressedSize > largestTableBytes)
    throw badZip(`${tableName} is too large`, 'Split the table.');
  return table;
}

function find(entries: ReadonlyMap<string, FileEntry>, path: string): readonly string[] {
  if (entries.has(path)) return [path];
  const isInside = (name: string): boolean =>
    name.startsWith(`${path}/`) && !name.slice(path.length + 1).includes('/') && isPictureName(name);
  return [...entries.keys()].filter(isInside).sort();
}

/** The content of one file. The reader stops behind the announced size; size and checksum must match. */
async function readEntry(path: string, entry: FileEntry): Promise<Buffer> {
  try {
    return Buffer.from(await entry.getData(new Uint8ArrayWriter()));
  } catch (error) {
    if (error instanceof Error && 'syscall' in error) throw error;
    throw badZip(`${JSON.stringify(path)} is damaged: ${reasonOf(error)}`);
  }
}

/** What the reader says about an archive. Of one that programs could read in different ways it says apart what is ambiguous. */
function reasonOf(error: unknown): string {
  const isAmbiguous = error instanceof Error && 'reason' in error && typeof error.reason === 'string';
  return isAmbiguous ? `programs could read it in different ways: ${error.reason}` : messageOf(error);
}

const splitArchive = 'Split it into several archives.';

function badZip(reason: string, remedy = 'Make the archive again with a common zip program.'): RollcallError {
  return badInput('bad-zip', `cannot use the zip archive: ${reason}`, { remedy });
}
