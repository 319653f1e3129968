import { constants } from 'node:fs';
import { type FileHandle, open, readdir, realpath, stat } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { badInput, isRollcallError, messageOf } from '../../base/errors.js';
import { largestPhotographMiB } from '../../vision/protocol.js';
import { type ImportSource, isPictureName, largestTableBytes } from './import-source.js';

const mebibyte = 1024 * 1024;

/**
 * Imports from a CSV file and a folder of photographs. Links are followed as far as they stay in the folder.
 * @throws `unreadable-import` where there is no such folder
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
 * A photograph from the disk.
 * @throws `image-too-large`, `unreadable-image`
 */
export async function readPhotograph(path: string): Promise<Buffer> {
  try {
    return await readRegularFile(path, largestPhotographMiB * mebibyte);
  } catch (error) {
    if (isRollcallError(error)) throw error;
    throw badInput('unreadable-image', `cannot read ${path}: ${messageOf(error)}`, {
      cause: error,
      remedy: 'check the path and its permissions',
    });
  }
}

/** Reads through one handle, so that what was looked at is what is read; a pipe or a device is refused, not waited for. */
async function readRegularFile(path: string, largestBytes: number): Promise<Buffer> {
  await using file = await openFile(path);
  const { size } = await file.handle.stat();
  if (size > largestBytes) {
    throw badInput('image-too-large', `${path} is larger than ${largestBytes / mebibyte} MiB`, {
      remedy: 'give a JPEG photograph; 2000 pixels on its longer side are plenty',
    });
  }
  return await file.handle.readFile();
}

async function openFile(path: string): Promise<{ readonly handle: FileHandle } & AsyncDisposable> {
  const handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  const held = { handle, [Symbol.asyncDispose]: () => handle.close() };
  if ((await handle.stat()).isFile()) return held;
  await handle.close();
  throw new Error('it is not a file');
}

async function find(root: string, path: string): Promise<readonly string[]> {
  const found = await realpath(join(root, path)).catch(() => undefined);
  if (found === undefined || !isInside(root, found)) return [];
  const facts = await stat(found);
  if (facts.isFile()) return [path];
  if (!facts.isDirectory()) return [];
  const names = (await readdir(found)).filter(isPictureName).sort();
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

function unreadableImport(path: string, error: unknown) {
  const tooLarge = isRollcallError(error, 'image-too-large');
  return badInput(
    'unreadable-import',
    tooLarge ? error.message : `cannot read ${path}: ${messageOf(error)}`,
    {
      cause: error,
      remedy: tooLarge ? 'split the table' : 'check the path and its permissions',
    },
  );
}
