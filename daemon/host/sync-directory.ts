import { closeSync, fsyncSync, openSync } from 'node:fs';

/** Brings to the disk which names a directory holds: a file that was made, renamed or linked there survives a power cut then. */
export function syncDirectory(path: string): void {
  const directory = openSync(path, 'r');
  try {
    fsyncSync(directory);
  } finally {
    closeSync(directory);
  }
}
