import { readdirSync, readFileSync } from 'node:fs';

/** Length of the kernel's clock tick in what it tells of processes, milliseconds (USER_HZ is 100 on every platform here). */
const tickMs = 10;

/** Processor time in milliseconds, user and system together. */
export interface CpuTime {
  /** Of this process with all its threads. */
  readonly ownMs: number;
  /** Of its children that have ended. */
  readonly childrenMs: number;
}

/** What this process and its ended children used so far. */
export function cpuTime(): CpuTime {
  const { user, system } = process.cpuUsage();
  const { endedChildrenMs } = processTimes(process.pid);
  return { ownMs: (user + system) / 1000, childrenMs: endedChildrenMs };
}

export function since(before: CpuTime): CpuTime {
  const now = cpuTime();
  return { ownMs: now.ownMs - before.ownMs, childrenMs: now.childrenMs - before.childrenMs };
}

/** Processor time and memory of any process, in steps of 10 ms. Throws when there is no such process. */
export function processTimes(pid: number): {
  readonly cpuMs: number;
  readonly endedChildrenMs: number;
  readonly parentPid: number;
  readonly residentMiB: number;
} {
  const field = statOf(`/proc/${pid}/stat`);
  return {
    parentPid: field(4),
    cpuMs: (field(14) + field(15)) * tickMs,
    endedChildrenMs: (field(16) + field(17)) * tickMs,
    residentMiB: (field(24) * 4096) / 2 ** 20,
  };
}

/** The threads of a process, the main one first. Empty when there is no such process. */
export function threadTimes(pid: number): readonly {
  readonly threadId: number;
  readonly cpuMs: number;
  readonly niceness: number;
}[] {
  return listed(`/proc/${pid}/task`)
    .map(Number)
    .sort((a, b) => a - b)
    .flatMap((threadId) => {
      try {
        const field = statOf(`/proc/${pid}/task/${threadId}/stat`);
        return { threadId, cpuMs: (field(14) + field(15)) * tickMs, niceness: field(19) };
      } catch {
        // It ended since the directory was read.
        return [];
      }
    });
}

function listed(directory: string): readonly string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}

/** The fields of a `stat` file, by their numbers in proc(5). The name before may hold spaces and parentheses; the third field is the state. */
function statOf(path: string): (number: number) => number {
  const text = readFileSync(path, 'utf8');
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return (number) => Number(fields[number - 3]);
}
