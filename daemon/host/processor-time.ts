import { readFileSync } from 'node:fs';
import { cpus } from 'node:os';

/** What `/proc` counts in, milliseconds: USER_HZ is 100 on every Linux that programs see. */
const tickMs = 10;

/** What was computed up to a moment, milliseconds of one core. */
export interface ProcessorTime {
  /** By the process, in itself and in the system; 0 where it is gone. */
  readonly processMs: number;
  /** By everybody on this machine. */
  readonly busyMs: number;
  /** What all cores together could have computed. */
  readonly possibleMs: number;
}

/** See proc(5): the fields after the name, which may hold spaces and parentheses, begin with the state as number 3. */
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
