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

/** Whether this exit code is that of setpriv or prlimit: the program is missing (127), or may not be executed (126). */
export const isNotStarted = (code: number | null): boolean => code === 126 || code === 127;
