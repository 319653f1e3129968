import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

/** A process as /proc shows it. Arguments and environment are what any process of the same user can read. */
export interface ProcessFacts {
  readonly pid: number;
  readonly commandLine: string;
  readonly environment: string;
  /** What its descriptors point to. */
  readonly openFiles: readonly string[];
}

/** Undefined if the process has ended or never existed. */
export function processFacts(pid: number): ProcessFacts | undefined {
  try {
    const openFiles = readdirSync(`/proc/${pid}/fd`).map((fd) => linkTarget(`/proc/${pid}/fd/${fd}`));
    return {
      pid,
      commandLine: readFileSync(`/proc/${pid}/cmdline`, 'utf8'),
      environment: readFileSync(`/proc/${pid}/environ`, 'utf8'),
      openFiles,
    };
  } catch (error) {
    if (isGone(error)) return undefined;
    throw error;
  }
}

/** Ids of all processes below `pid`, children before grandchildren. */
export function descendantsOf(pid: number): readonly number[] {
  const parents = new Map<number, number>();
  for (const name of readdirSync('/proc')) {
    const parent = /^\d+$/.test(name) ? parentOf(Number(name)) : undefined;
    if (parent !== undefined) parents.set(Number(name), parent);
  }
  const found: number[] = [];
  for (let generation = [pid]; generation.length > 0; ) {
    const children = [...parents].filter(([, parent]) => generation.includes(parent)).map(([child]) => child);
    found.push(...children);
    generation = children;
  }
  return found;
}

/** The processes among `pids` with the program `name`. */
export function called(name: string, pids: readonly number[]): readonly number[] {
  return pids.filter((pid) => stat(pid)?.name === name);
}

/** The processes among `pids` whose arguments contain `argument`. Also those that hide their memory, of which /proc shows no more. */
export function runningWith(argument: string, pids: readonly number[]): readonly number[] {
  return pids.filter((pid) => {
    try {
      return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(argument);
    } catch (error) {
      if (isGone(error)) return false;
      throw error;
    }
  });
}

/** False once the process has ended, even if its exit code was not read yet (a zombie). */
export function isRunning(pid: number): boolean {
  const found = stat(pid);
  return found !== undefined && found.state !== 'Z';
}

function parentOf(pid: number): number | undefined {
  return stat(pid)?.parent;
}

function stat(pid: number): { name: string; state: string; parent: number } | undefined {
  try {
    // The name is in parentheses and may contain any character; see proc_pid_stat(5).
    const found = /^\d+ \((.*)\) (\S) (\d+) /s.exec(readFileSync(`/proc/${pid}/stat`, 'utf8'));
    if (found === null) return undefined;
    const [, name = '', state = '', parent] = found;
    return { name, state, parent: Number(parent) };
  } catch (error) {
    if (isGone(error)) return undefined;
    throw error;
  }
}

function linkTarget(path: string): string {
  try {
    return readlinkSync(path);
  } catch (error) {
    // Closed since the folder was read.
    if (isGone(error)) return '';
    throw error;
  }
}

function isGone(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return code === 'ENOENT' || code === 'ESRCH';
}
