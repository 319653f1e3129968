import { type ChildProcess, spawn } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { boundChild } from '../daemon/host/bound-child.js';
import { operational, type RollcallError } from '../daemon/kernel/errors.js';
import { type ChildEnd, closeOf, exitOf } from './child-end.js';

const shownLines = 10;

/** A Node.js program that runs until it is stopped. It never outlives this process. */
export interface KeptChild extends AsyncDisposable {
  readonly child: ChildProcess;
  /** What it wrote last to standard error, oldest line first. */
  readonly lastLines: readonly string[];
  /** Rejects with `process-lost` as soon as it ends without being stopped; otherwise it stays pending. */
  readonly lost: Promise<never>;
}

/** Starts a program of dist/program, and appends what it writes to standard error to `logPath`. `name`: for people. */
export function startKeptChild(
  name: string,
  {
    program,
    args,
    logPath,
  }: { readonly program: string; readonly args: readonly string[]; readonly logPath: string },
): KeptChild {
  const command = boundChild(process.execPath, [program, ...args]);
  const child = spawn(command.program, command.arguments, { stdio: ['ignore', 'ignore', 'pipe'] });
  child.stderr.pipe(createWriteStream(logPath, { flags: 'a' }));
  const lastLines: string[] = [];
  createInterface({ input: child.stderr }).on('line', (line) => {
    lastLines.push(line);
    if (lastLines.length > shownLines) lastLines.shift();
  });
  let isStopped = false;
  const lost = new Promise<never>((_, reject) => {
    closeOf(child).then((end) => {
      if (!isStopped) reject(processLost(name, end, lastLines));
    }, reject);
  });
  lost.catch(() => undefined);
  return {
    ...{ child, lastLines, lost },
    async [Symbol.asyncDispose]() {
      isStopped = true;
      child.kill('SIGTERM');
      await exitOf(child);
    },
  };
}

/** A process that should still run has ended. `lastLines`: what it wrote last. */
export function processLost(
  name: string,
  { code, signal }: ChildEnd,
  lastLines: readonly string[],
): RollcallError {
  const how = signal === null ? `with exit code ${code}` : `by ${signal}`;
  const said = lastLines.length === 0 ? 'It wrote nothing.' : `Its last output:\n${lastLines.join('\n')}`;
  return operational('process-lost', `${name} ended ${how}. ${said}`, {
    remedy: 'correct what its output names, then run this again',
  });
}
