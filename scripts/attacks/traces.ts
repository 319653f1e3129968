import { execFileSync } from 'node:child_process';
import { type Dirent, existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** What an attack left outside of its walls. */
export interface Traces {
  readonly files: readonly string[];
  readonly processes: readonly number[];
  /** Whether the journal of the machine has a line of it. */
  readonly isLogged: boolean;
}

/** Looks for files of this name in `folders`, for processes with it in their command line, and for lines of a program of this name. */
export function tracesOf(marker: string, folders: readonly string[]): Traces {
  const processes = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && commandLineOf(name).includes(marker))
    .map(Number);
  return {
    files: folders.map((folder) => join(folder, marker)).filter((path) => existsSync(path)),
    processes,
    isLogged: isLogged(marker),
  };
}

/** Who cannot read the journal is told of a line. */
function isLogged(program: string): boolean {
  try {
    execFileSync('journalctl', ['--sync'], { stdio: 'ignore' });
    const found = execFileSync('journalctl', [
      '--quiet',
      '--lines=1',
      '--output=cat',
      '--identifier',
      program,
    ]);
    return found.length > 0;
  } catch {
    return true;
  }
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
