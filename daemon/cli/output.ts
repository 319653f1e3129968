import { isRollcallError, messageOf, type RollcallError } from '../base/errors.js';

/** Exit codes of every command. */
export const exitCodes = {
  done: 0,
  /** The operation failed, or found what it was looking for problems with. */
  failed: 1,
  /** Bad usage or input that cannot be used. */
  badInput: 2,
  /** The daemon does not answer. */
  daemonUnreachable: 3,
} as const;

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

/**
 * Ends the program when nobody can take its output: quietly where whoever read it has gone (`| head`), otherwise with
 * the reason and the exit code of a failure. Errors of a stream come when the action has long gone on.
 */
export function endWithOutput(
  output: Pick<NodeJS.WriteStream, 'on'>,
  says: (text: string) => void,
  end: (code: ExitCode) => void,
): void {
  output.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') return end(exitCodes.done);
    const remedy = error.code === 'ENOSPC' ? '\n  what to do: make room, or write somewhere else' : '';
    says(`error: the output cannot be written: ${error.message}${remedy}\n`);
    end(exitCodes.failed);
  });
}

/** Writes one JSON document (with `--json`) or text for a person, to standard output. */
export function print(isJson: boolean, value: unknown, text: () => string): void {
  process.stdout.write(isJson ? `${JSON.stringify(value, null, 2)}\n` : `${text()}\n`);
}

/** Writes one JSON object on a line of its own: for streams. */
export function printLine(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value)}\n`);
}

/** Left-aligned columns under a heading; numbers as the caller formatted them. */
export function table(heading: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = heading.map((cell, column) =>
    Math.max(cell.length, ...rows.map((row) => row[column]?.length ?? 0)),
  );
  const line = (row: readonly string[]): string =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd();
  return [line(heading), ...rows.map(line)].join('\n');
}

/** Message, remedy and, for an input error, nothing that only a programmer could read. */
export function describeError(error: unknown): string {
  if (!isRollcallError(error)) return `error: ${messageOf(error)}`;
  const remedy = error.remedy === undefined ? '' : `\n  what to do: ${error.remedy}`;
  return `error: ${error.message}${remedy}`;
}

function exitCodeOf(error: unknown): ExitCode {
  if (!isRollcallError(error)) return exitCodes.failed;
  if (error.code === 'daemon-unreachable') return exitCodes.daemonUnreachable;
  return error.kind === 'input' ? exitCodes.badInput : exitCodes.failed;
}

function errorDocument(error: unknown): unknown {
  if (!isRollcallError(error)) return { error: { code: 'internal', message: messageOf(error) } };
  const { code, message, remedy, details }: RollcallError = error;
  return { error: { code, message, remedy, details } };
}

/** Runs a command's action; turns what it throws into a message on standard error and an exit code. */
export async function runAction(isJson: boolean, action: () => Promise<ExitCode> | ExitCode): Promise<void> {
  try {
    process.exitCode = await action();
  } catch (error) {
    if (isJson) process.stdout.write(`${JSON.stringify(errorDocument(error), null, 2)}\n`);
    process.stderr.write(`${describeError(error)}\n`);
    if (!isRollcallError(error) && error instanceof Error) process.stderr.write(`${error.stack}\n`);
    process.exitCode = exitCodeOf(error);
  }
}
