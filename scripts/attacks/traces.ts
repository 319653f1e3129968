import { type Dirent, existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** What an attack left outside of its walls. */
export interface Traces {
  readonly files: readonly string[];
  readonly processes: readonly number[];
}

/** Looks for files of this name in `folders`, and for processes with it in their command line. */
export function tracesOf(marker: string, folders: readonly string[]): Traces {
  const processes = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && commandLineOf(name).includes(marker))
    .map(Number);
  return {
    files: folders.map((folder) => join(folder, marker)).filter((path) => existsSync(path)),
    processes,
  };
}

function commandLineOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    // It has ended.
    return '';
  }
}

/** The files below a folder, without those that this user cannot list. */
export function filesBelow(folder: string): readonly string[] {
  return listed(folder).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return filesBelow(path);
    return entry.isFile() ? [path] : [];
  });
}

function listed(folder: string): readonly Dirent[] {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch {
    return [];
  }
}
