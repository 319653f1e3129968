import { isRollcallError, messageOf, type RollcallError } from '../kernel/errors.js';
import { present } from '../kernel/present.js';
import { said } from '../kernel/said.js';
import { inLanguage } from '../words/language.js';
import { terminalLanguage } from './installed-languages.js';

/** Exit codes of every command. */
export const exitCodes = {
  done: 0,
  /** The operation failed, was refused, or found problems. */
  failed: 1,
  /** Wrong usage or unusable input. */
  badInput: 2,
  /** The daemon does not answer. */
  daemonUnreachable: 3,
} as const;

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

/**
 * Ends the program when its output cannot be written: silently after a closed pipe (`| head`), otherwise with the reason
 * and exit code 1. Stream errors are asynchronous, so the action itself cannot catch them.
 */
export function exitOnOutputError(
  output: Pick<NodeJS.WriteStream, 'on'>,
  writeError: (text: string) => void,
  end: (code: ExitCode) => void,
): void {
  output.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') return end(exitCodes.done);
    const remedy =
      error.code === 'ENOSPC' ? '\n  what to do: Free disk space, or write to another disk.' : '';
    writeError(`error: cannot write the output: ${error.message}${remedy}\n`);
    end(exitCodes.failed);
  });
}

/** Writes to standard output: one JSON document (with `--json`) or text. */
export function print(isJson: boolean, value: unknown, text: () => string): void {
  process.stdout.write(isJson ? `${JSON.stringify(value, null, 2)}\n` : `${text()}\n`);
}

/** Writes one JSON object as one line, for streams. */
export function printLine(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value)}\n`);
}

/** The message and the remedy of an error, in the language of the terminal. */
function describeError(error: unknown): string {
  const language = terminalLanguage();
  const shown = (code: string, text: string): string => language.textOf(said(`terminal/${code}`, { text }));
  if (!isRollcallError(error)) return shown('error', messageOf(error));
  const { message, remedy, says } = error;
  const texts = inLanguage({ message, remedy, ...present({ says }) }, language);
  const whatToDo = texts.remedy === undefined ? '' : `\n  ${shown('remedy', texts.remedy)}`;
  return `${shown('error', texts.message)}${whatToDo}`;
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

/** Runs the action of a command. An error becomes a message on standard error and an exit code. */
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
