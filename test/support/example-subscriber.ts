import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { messageOf } from '../../daemon/kernel/errors.js';
import { closeOf } from '../../scripts/child-end.js';
import { until } from './until.js';

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
  /** Resolves when `isTrue`; rejects with its lines when it has ended before, or does not get there. */
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
  // The Node.js of Debian 13 also warns that Ed25519 is experimental.
  const [command, ...options] = script.endsWith('.mjs')
    ? [process.execPath, '--disable-warning=ExperimentalWarning']
    : ['bash'];
  // A process group of its own: a shell waits for the programs it has started before it heeds a signal.
  const child = spawn(command, [...options, path, ...args], {
    cwd: directory,
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  const endAtExit = (): void => endGroup(child);
  process.once('exit', endAtExit);
  const lines: string[] = [];
  const printed: string[] = [];
  for (const input of [child.stdout, child.stderr]) {
    createInterface({ input }).on('line', (line) => {
      lines.push(line);
      if (input === child.stdout) printed.push(line);
    });
  }
  let isOver = false;
  const ended = closeOf(child).then(({ code }) => {
    isOver = true;
    return code;
  });
  return {
    lines,
    printed,
    ended,
    until: (what, isTrue) =>
      until(what, () => {
        if (isOver && !isTrue()) throw new Error(`it ended before ${what}`);
        return isTrue();
      }).catch((error: unknown) => {
        throw new Error(`${messageOf(error)}; it said:\n${lines.join('\n')}`);
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
