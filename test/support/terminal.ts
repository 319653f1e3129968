import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { closeOf } from '../../scripts/child-end.js';
import { until } from './until.js';

/** Debian's own interpreter: another one on the path may be missing. */
const interpreter = '/usr/bin/python3';

/** For `skip`: why no terminal can be opened here, or false. */
export const terminalSkip: string | false = existsSync(interpreter) ? false : `${interpreter} is missing`;

export interface TestTerminal extends AsyncDisposable {
  /** Everything that the program has written so far. */
  readonly written: string;
  type(keys: string): void;
  resize(columns: number, rows: number): void;
  /** Waits until the program has written something that matches. */
  shows(pattern: RegExp): Promise<void>;
  readonly ended: Promise<{ readonly code: number; readonly isRestored: boolean }>;
}

export interface TestTerminalOptions {
  readonly columns?: number;
  readonly rows?: number;
  readonly environment?: Readonly<Record<string, string>>;
}

/** Runs a program on a terminal of its own. */
export function openTerminal(
  command: readonly string[],
  { columns = 80, rows = 24, environment = {} }: TestTerminalOptions = {},
): TestTerminal {
  const driver = fileURLToPath(new URL('terminal.py', import.meta.url));
  const child = spawn(interpreter, [driver, `${columns}`, `${rows}`, ...command], {
    env: { PATH: process.env['PATH'], HOME: process.env['HOME'], TERM: 'xterm-256color', ...environment },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  let written = '';
  let said = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    written += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  const order = (value: unknown): void => void child.stdin.write(`${JSON.stringify(value)}\n`);
  const ended = closeOf(child).then(() => JSON.parse(said.trim().split('\n').at(-1) ?? ''));
  return {
    get written() {
      return written;
    },
    type: (keys) => order({ keys }),
    resize: (toColumns, toRows) => order({ size: [toColumns, toRows] }),
    shows: (pattern) => until(`${pattern} on the terminal`, () => pattern.test(written)),
    ended,
    async [Symbol.asyncDispose]() {
      child.kill();
      await ended.catch(() => undefined);
    },
  };
}
