import { readFileSync } from 'node:fs';

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
  const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // The name before may hold spaces and parentheses; fields are counted from the state, the third (proc(5)).
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const field = (number: number): number => Number(fields[number - 3]);
  return {
    parentPid: field(4),
    cpuMs: (field(14) + field(15)) * tickMs,
    endedChildrenMs: (field(16) + field(17)) * tickMs,
    residentMiB: (field(24) * 4096) / 2 ** 20,
  };
}
