import { readFile } from 'node:fs/promises';

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

const fieldOf = (text: string, name: string): string | undefined =>
  new RegExp(`^${name}:\\s*(\\S+)`, 'm').exec(text)?.[1];
