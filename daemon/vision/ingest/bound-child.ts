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
 * (PR_SET_PDEATHSIG, see prctl(2)), and that cannot gain privileges. setpriv and prlimit are part of util-linux and replace themselves
 * by the program, so the id of the process is that of the program.
 */
export function boundChild(program: string, args: readonly string[], limits?: ChildLimits): Command {
  const limited =
    limits === undefined
      ? []
      : [
          '/usr/bin/prlimit',
          ...(limits.memoryBytes === undefined ? [] : [`--as=${limits.memoryBytes}`]),
          ...(limits.dataBytes === undefined ? [] : [`--data=${limits.dataBytes}`]),
          `--cpu=${limits.processorS}`,
          '--core=0',
          '--fsize=0',
          '--',
        ];
  return {
    program: '/usr/bin/setpriv',
    arguments: ['--pdeathsig', 'KILL', '--no-new-privs', '--', ...limited, program, ...args],
  };
}

/** Whether this exit code is that of setpriv or prlimit: the program is missing (127), or may not be executed (126). */
export const isNotStarted = (code: number | null): boolean => code === 126 || code === 127;
