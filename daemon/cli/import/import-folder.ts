import { constants } from 'node:fs';
import { type FileHandle, open, readdir, realpath, stat } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { largestPhotographMiB } from '../../contract/vision/vision-orders.js';
import { explainReading } from '../../host/file-access.js';
import { badInput, isRollcallError, type RollcallError } from '../../kernel/errors.js';
import { type ImportSource, isPictureName, largestTableBytes } from './import-source.js';

const mebibyte = 1024 * 1024;

/**
 * Opens a CSV file and a folder of photographs for an import. Follows links that stay inside the folder.
 * @throws `unreadable-import` if the folder cannot be read
 */
export async function openImportFolder(tablePath: string, directory: string): Promise<ImportSource> {
  const root = await realpath(directory).catch((error: unknown) => {
    throw unreadableImport(directory, error);
  });
  return {
    readTable: () => readTable(tablePath),
    find: (path) => find(root, path),
    read: (path) => readPhotograph(join(root, path)),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}

async function readTable(path: string): Promise<Buffer> {
  try {
    return await readRegularFile(path, largestTableBytes);
  } catch (error) {
    throw unreadableImport(path, error);
  }
}

/**
 * Reads a photograph from the disk.
 * @throws `image-too-large`, `image-empty`, `unreadable-image`
 */
export async function readPhotograph(path: string): Promise<Buffer> {
  let photograph: Buffer;
  try {
    photograph = await readRegularFile(path, largestPhotographMiB * mebibyte);
  } catch (error) {
    throw isRollcallError(error) ? error : unreadable('unreadable-image', path, error);
  }
  if (photograph.length > 0) return photograph;
  throw badInput('image-empty', `${path} is empty (0 bytes)`, {
    remedy: 'Copy the photo again, or give another one.',
  });
}

/** The error for a file or folder that cannot be read. */
function unreadable(code: string, path: string, error: unknown): RollcallError {
  const { reason, remedy } = explainReading(error);
  return badInput(code, `cannot read ${path}: ${reason}`, { cause: error, remedy });
}

/**
 * Checks and reads the file through one handle, so that it cannot be exchanged in between. Refuses pipes and devices,
 * which could block the program.
 */
async function readRegularFile(path: string, largestBytes: number): Promise<Buffer> {
  await using file = await openFile(path);
  const { size } = await file.handle.stat();
  if (size > largestBytes) {
    throw badInput('image-too-large', `${path} is larger than ${largestBytes / mebibyte} MiB`, {
      remedy: 'Give a smaller JPEG photo; 2000 pixels on the longer side are enough.',
    });
  }
  return await file.handle.readFile();
}

async function openFile(path: string): Promise<{ readonly handle: FileHandle } & AsyncDisposable> {
  const handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  const facts = await handle.stat();
  if (facts.isFile()) return { handle, [Symbol.asyncDispose]: () => handle.close() };
  await handle.close();
  if (facts.isDirectory()) throw Object.assign(new Error('it is a folder'), { code: 'EISDIR' });
  throw new Error('it is a pipe or a device, not a file');
}

async function find(root: string, path: string): Promise<readonly string[]> {
  const found = await realpath(join(root, path)).catch(() => undefined);
  if (found === undefined || !isInside(root, found)) return [];
  const facts = await stat(found);
  if (facts.isFile()) return [path];
  if (!facts.isDirectory()) return [];
  const entries = await readdir(found).catch((error: unknown) => {
    throw unreadable('unreadable-image', join(root, path), error);
  });
  const names = entries.filter(isPictureName).sort();
  const files: string[] = [];
  for (const name of names) {
    const real = await realpath(join(found, name)).catch(() => undefined);
    if (real !== undefined && isInside(root, real) && (await stat(real)).isFile())
      files.push(`${path}/${name}`);
  }
  return files;
}

function isInside(root: string, path: string): boolean {
  return path.startsWith(root.endsWith(sep) ? root : `${root}${sep}`);
}

export function unreadableImport(path: string, error: unknown): RollcallError {
  if (!isRollcallError(error, 'image-too-large')) return unreadable('unreadable-import', path, error);
  return badInput('unreadable-import', error.message, {
    cause: error,
    remedy: 'Split the table into several files.',
  });
}
