import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { cpus } from 'node:os';

/** What the kernel says about a process. */
export interface ProcessFacts {
  readonly residentBytes: number;
  /** A seccomp filter limits its system calls. */
  readonly hasSystemCallFilter: boolean;
  /** It can gain no privileges by starting a program. */
  readonly hasNoNewPrivileges: boolean;
}

const kilobyte = 1024;
/** The mode of seccomp with a filter (proc_pid_status(5)). */
const filterMode = '2';

/** Undefined where the process has ended or the kernel hides it. */
export async function readProcessFacts(pid: number): Promise<ProcessFacts | undefined> {
  const text = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => undefined);
  const residentKb = text && fieldOf(text, 'VmRSS');
  // A process that has ended but was not awaited yet has no memory.
  if (text === undefined || residentKb === undefined) return undefined;
  return {
    residentBytes: Number.parseInt(residentKb, 10) * kilobyte,
    hasSystemCallFilter: fieldOf(text, 'Seccomp') === filterMode,
    hasNoNewPrivileges: fieldOf(text, 'NoNewPrivs') === '1',
  };
}

/** Memory of a process, bytes; 0 where it has ended. */
export function residentBytes(pid: number): number {
  try {
    const text = readFileSync(`/proc/${pid}/status`, 'utf8');
    return Number.parseInt(fieldOf(text, 'VmRSS') ?? '0', 10) * kilobyte;
  } catch (error) {
    if (error instanceof Error && 'code' in error) return 0;
    throw error;
  }
}

const fieldOf = (text: string, name: string): string | undefined =>
  new RegExp(`^${name}:\\s*(\\S+)`, 'm').exec(text)?.[1];

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
  const { busyMs, possibleMs } = machineTime();
  return { processMs: processorMs(pid), busyMs, possibleMs };
}

/** Processor time that all processes of this machine have used, milliseconds of one core. */
export const busyProcessorMs = (): number => machineTime().busyMs;

function machineTime(): Pick<ProcessorTime, 'busyMs' | 'possibleMs'> {
  const times = cpus().map((core) => core.times);
  const possibleMs = times.reduce(
    (sum, { user, nice, sys, irq, idle }) => sum + user + nice + sys + irq + idle,
    0,
  );
  const idleMs = times.reduce((sum, { idle }) => sum + idle, 0);
  return { busyMs: possibleMs - idleMs, possibleMs };
}

/** User and system time of a process with its threads, milliseconds of one core; 0 where it has ended. */
export function processorMs(pid: number): number {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'latin1');
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    return (Number(fields[11]) + Number(fields[12])) * tickMs;
  } catch (error) {
    if (error instanceof Error && 'code' in error) return 0;
    throw error;
  }
}
