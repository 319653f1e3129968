import { readFileSync } from 'node:fs';
import { cpus } from 'node:os';

/** One tick of `/proc`, milliseconds: USER_HZ is 100 for all programs on Linux. */
const tickMs = 10;

/** Processor time up to now, milliseconds of one core. */
export interface ProcessorTime {
  /** User and system time of the process; 0 where it has ended. */
  readonly processMs: number;
  /** Time of all processes of this machine. */
  readonly busyMs: number;
  /** Time that all cores together had, idle time included. */
  readonly possibleMs: number;
}

/** Fields of /proc/PID/stat, see proc(5): they are counted from the last ")", because the name may contain spaces. */
export function processorTime(pid: number): ProcessorTime {
  const times = cpus().map((core) => core.times);
  const possibleMs = times.reduce(
    (sum, { user, nice, sys, irq, idle }) => sum + user + nice + sys + irq + idle,
    0,
  );
  const idleMs = times.reduce((sum, { idle }) => sum + idle, 0);
  return { processMs: processMs(pid), busyMs: possibleMs - idleMs, possibleMs };
}

function processMs(pid: number): number {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'latin1');
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    return (Number(fields[11]) + Number(fields[12])) * tickMs;
  } catch (error) {
    if (error instanceof Error && 'code' in error) return 0;
    throw error;
  }
}
