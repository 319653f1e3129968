import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { closeOf } from '../../scripts/child-end.js';

/** For a test's `skip`: why the subscriber for the shell cannot run, or false. */
export const withoutShellTools: string | false =
  ['jq', 'openssl', 'mosquitto_sub']
    .find((tool) => spawnSync('which', [tool]).status !== 0)
    ?.concat(' is not installed') ?? false;

/** A subscriber of scripts/examples that runs. */
export interface ExampleSubscriber extends AsyncDisposable {
  /** Of both its outputs. */
  readonly lines: readonly string[];
  /** Those of standard output. */
  readonly printed: readonly string[];
  /** Resolves when `isTrue`, which is asked now and after each line; rejects when it has ended before. */
  until(what: string, isTrue: () => boolean): Promise<void>;
  /** Resolves with its exit code when it ends by itself. */
  readonly ended: Promise<number | null>;
}

export function startExampleSubscriber(
  script: 'subscriber.mjs' | 'subscriber.sh',
  args: readonly string[],
  directory: string,
): ExampleSubscriber {
  const path = fileURLToPath(new URL(`../../scripts/examples/${script}`, import.meta.url));
  const command = script.endsWith('.mjs') ? process.execPath : 'bash';
  // A process group of its own: a shell waits for the programs it has started before it heeds a signal.
  const child = spawn(command, [path, ...args], {
    cwd: directory,
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  const endAtExit = (): void => endGroup(child);
  process.once('exit', endAtExit);
  const lines: string[] = [];
  const printed: string[] = [];
  const looks = new Set<() => void>();
  for (const input of [child.stdout, child.stderr]) {
    createInterface({ input }).on('line', (line) => {
      lines.push(line);
      if (input === child.stdout) printed.push(line);
      for (const look of [...looks]) look();
    });
  }
  const ended = closeOf(child).then(({ code }) => code);
  return {
    lines,
    printed,
    ended,
    until: (what, isTrue) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          if (!isTrue()) return;
          looks.delete(look);
          resolve();
        };
        looks.add(look);
        void ended.then(() => reject(new Error(`it ended before ${what}:\n${lines.join('\n')}`)));
        look();
      }),
    async [Symbol.asyncDispose]() {
      endGroup(child);
      await ended;
      process.removeListener('exit', endAtExit);
    },
  };
}

function endGroup({ pid, exitCode, signalCode }: ChildProcess): void {
  if (pid === undefined || exitCode !== null || signalCode !== null) return;
  process.kill(-pid, 'SIGTERM');
}
