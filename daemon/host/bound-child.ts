import { type ExecFileOptions, execFile } from 'node:child_process';
import { promisify } from 'node:util';

/** Limits that the kernel holds a child to. */
export interface ChildLimits {
  /** Address space, bytes. */
  readonly memoryBytes?: number;
  /** Memory that it may write to, bytes: for a program that reserves far more address space than it fills. */
  readonly dataBytes?: number;
  /** Processor time, seconds. */
  readonly processorS: number;
}

interface Command {
  readonly program: string;
  readonly arguments: readonly string[];
}

/**
 * The command that starts `program` as a child that dies with this process, also when this process is killed and `program` hangs
 * (PR_SET_PDEATHSIG, see prctl(2)), that cannot gain privileges, and that leaves no core dump. setpriv and prlimit are part of
 * util-linux and replace themselves by the program, so the id of the process is that of the program.
 */
export function boundChild(program: string, args: readonly string[], limits?: ChildLimits): Command {
  const limited = [
    ...['/usr/bin/prlimit', '--core=0'],
    ...(limits?.memoryBytes === undefined ? [] : [`--as=${limits.memoryBytes}`]),
    ...(limits?.dataBytes === undefined ? [] : [`--data=${limits.dataBytes}`]),
    ...(limits === undefined ? [] : [`--cpu=${limits.processorS}`, '--fsize=0']),
  ];
  return {
    program: '/usr/bin/setpriv',
    arguments: ['--pdeathsig', 'KILL', '--no-new-privs', '--', ...limited, '--', program, ...args],
  };
}

/** The same for a program of our own that `fork` starts with a channel. */
export function boundFork(): { readonly execPath: string; readonly execArgv: string[] } {
  const { program, arguments: args } = boundChild(process.execPath, process.execArgv);
  return { execPath: program, execArgv: [...args] };
}

const run = promisify(execFile);

/** Runs such a child to its end, and rejects as execFile does: with the code `ENOENT` where the program is missing. */
export async function runBound(
  program: string,
  args: readonly string[],
  options: ExecFileOptions,
): Promise<{ readonly stdout: string; readonly stderr: string }> {
  const command = boundChild(program, args);
  try {
    return await run(command.program, command.arguments, { ...options, encoding: 'utf8' });
  } catch (error) {
    const { code, stderr } = error as { readonly code?: unknown; readonly stderr: string };
    if (code !== notFound) throw error;
    throw Object.assign(new Error(stderr.trim(), { cause: error }), { code: 'ENOENT' });
  }
}

/** Exit codes of setpriv and prlimit where the program is missing, or may not be executed. */
const notFound = 127;
const notExecutable = 126;

/** Whether setpriv or prlimit ended with this code instead of becoming the program. */
export const isNotStarted = (code: number | null): boolean => code === notFound || code === notExecutable;
