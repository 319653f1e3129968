import { type FileHandle, open } from 'node:fs/promises';
import { crc32, inflateRawSync } from 'node:zlib';
import { badInput, messageOf } from '../../base/errors.js';
import { largestPhotographMiB } from '../../vision/protocol.js';
import { type ImportSource, isPictureName, largestTableBytes } from './import-source.js';
import { badZip, readExactly, readZipDirectory, type ZipEntry } from './zip-directory.js';

/** Name of the table in an archive; it lies at its top, or in the one folder that everything lies in. */
export const tableName = 'persons.csv';

const localHeaderBytes = 30;
const localSignature = 0x04034b50;
const limits = {
  entries: 65_534,
  bytesOfOne: largestPhotographMiB * 1024 * 1024,
  bytesOfAll: 8 * 1024 * 1024 * 1024,
} as const;

/**
 * Opens a zip archive to import from. It is read file by file where it lies: nothing is unpacked to the disk, and no more
 * than one file is in memory.
 * @throws `bad-zip`, `unreadable-import`
 */
export async function openImportZip(path: string): Promise<ImportSource> {
  const file = await openFile(path);
  try {
    const entries = new Map((await readZipDirectory(file, limits)).map((entry) => [entry.path, entry]));
    const table = findTable(entries);
    const folder = table.path.slice(0, -tableName.length);
    return {
      readTable: () => readEntry(file, table),
      find: (wanted) => Promise.resolve(find(entries, `${folder}${wanted}`)),
      read: (wanted) => {
        const entry = entries.get(wanted);
        if (entry === undefined) throw badZip(`it does not hold ${JSON.stringify(wanted)}`);
        return readEntry(file, entry);
      },
      [Symbol.asyncDispose]: () => file.close(),
    };
  } catch (error) {
    await file.close();
    throw error;
  }
}

async function openFile(path: string): Promise<FileHandle> {
  try {
    return await open(path, 'r');
  } catch (error) {
    throw badInput('unreadable-import', `cannot read ${path}: ${messageOf(error)}`, {
      cause: error,
      remedy: 'check the path and its permissions',
    });
  }
}

function findTable(entries: ReadonlyMap<string, ZipEntry>): ZipEntry {
  const tables = [...entries.values()].filter(({ path }) => /^(?:[^/]+\/)?persons\.csv$/.test(path));
  const [table] = tables;
  if (table === undefined) throw badZip(`there is no ${tableName} in it`, `put a table of that name into it`);
  if (tables.length > 1) throw badZip(`there is more than one ${tableName} in it`, 'leave one of them out');
  if (table.bytes > largestTableBytes) throw badZip(`${tableName} is too large`, 'split it');
  return table;
}

function find(entries: ReadonlyMap<string, ZipEntry>, path: string): readonly string[] {
  if (entries.has(path)) return [path];
  const isInside = (name: string): boolean =>
    name.startsWith(`${path}/`) && !name.slice(path.length + 1).includes('/') && isPictureName(name);
  return [...entries.keys()].filter(isInside).sort();
}

/** The content of one file. No more than it announced is ever inflated, and its checksum must be right. */
async function readEntry(file: FileHandle, entry: ZipEntry): Promise<Buffer> {
  const damaged = (reason: string) => badZip(`${JSON.stringify(entry.path)} ${reason}`);
  const header = await readExactly(file, entry.offset, localHeaderBytes);
  if (header.readUInt32LE(0) !== localSignature) throw damaged('has no header');
  const start = entry.offset + localHeaderBytes + header.readUInt16LE(26) + header.readUInt16LE(28);
  if (entry.compressedBytes > limits.bytesOfOne) throw damaged('is too large');
  const packed = await readExactly(file, start, entry.compressedBytes);
  const content = entry.method === 'stored' ? packed : inflate(packed, entry.bytes, damaged);
  if (content.length !== entry.bytes) throw damaged('is not as long as announced');
  if (crc32(content) !== entry.crc32) throw damaged('is damaged: its checksum is wrong');
  return content;
}

function inflate(packed: Buffer, bytes: number, damaged: (reason: string) => Error): Buffer {
  try {
    // zlib takes no limit of nothing.
    return inflateRawSync(packed, { maxOutputLength: Math.max(bytes, 1) });
  } catch (error) {
    throw damaged(`cannot be inflated: ${messageOf(error)}`);
  }
}
