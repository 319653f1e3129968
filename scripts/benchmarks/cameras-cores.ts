import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { promisify } from 'node:util';

/** A list of processors as taskset(1) reads and prints it, such as `0,2` or `0-3`. */
type CoreList = string;

/** Processors of the box, and those of everything else: cameras, broker, and the measurement itself. */
export interface DividedCores {
  readonly ofBox: CoreList;
  readonly ofOthers: CoreList;
}

/**
 * Divides the processors on which this process may run, so that what plays the cameras takes nothing from the box. Throws a RangeError
 * that says what is wrong with the list.
 */
export function divideCores(ofBox: CoreList): DividedCores {
  const allowed = numbersOf(
    /^Cpus_allowed_list:\s*(\S+)$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1],
  );
  const wanted = numbersOf(ofBox);
  const missing = wanted.filter((core) => !allowed.includes(core));
  if (wanted.length === 0) throw new RangeError(`'${ofBox}' is no list of processors such as 0,2`);
  if (missing.length > 0) throw new RangeError(`this machine offers no processor ${missing.join(', ')}`);
  const others = allowed.filter((core) => !wanted.includes(core));
  if (others.length === 0) throw new RangeError('no processor is left for cameras and broker');
  return { ofBox: wanted.join(','), ofOthers: others.join(',') };
}

/** From now on this process, and what it starts, runs on these processors only. */
export async function keepTo(cores: CoreList): Promise<void> {
  await promisify(execFile)('taskset', ['--all-tasks', '--cpu-list', '--pid', cores, String(process.pid)]);
}

function numbersOf(list = ''): readonly number[] {
  return list.split(',').flatMap((part) => {
    const [, first, last] = /^(\d+)(?:-(\d+))?$/.exec(part) ?? [];
    if (first === undefined) return [];
    const from = Number(first);
    return Array.from({ length: Number(last ?? first) - from + 1 }, (_, index) => from + index);
  });
}
