import { closeSync, fsyncSync, openSync } from 'node:fs';

/** Writes the entries of a directory to the disk, so that a created, renamed or linked file survives a power cut. */
export function syncDirectory(path: string): void {
  const directory = openSync(path, 'r');
  try {
    fsyncSync(directory);
  } finally {
    closeSync(directory);
  }
}
