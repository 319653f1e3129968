import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { exitOf } from '../../scripts/child-end.js';
import { builtChild, root } from './built.js';

/**
 * Runs `script` of test/support until it has printed a line that `start` matches, kills it (SIGKILL) `afterMs` later, and
 * gives back all lines that it printed. The delay decides at which place the kill hits: it is not a wait for the child.
 */
export async function runAndKill(
  script: string,
  args: readonly string[],
  afterMs: number,
  start = /^open$/,
): Promise<readonly string[]> {
  const child = spawn(process.execPath, [builtChild(`test/support/${script}`), ...args], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const lines: string[] = [];
  const output = createInterface({ input: child.stdout });
  const closed = once(output, 'close');
  let timer: NodeJS.Timeout | undefined;
  output.on('line', (line) => {
    lines.push(line);
    if (start.test(line)) timer ??= setTimeout(() => child.kill('SIGKILL'), afterMs);
  });
  const [{ signal }] = await Promise.all([exitOf(child), closed]);
  clearTimeout(timer);
  if (signal !== 'SIGKILL') throw new Error(`the child ended by itself after ${lines.length} lines`);
  return lines;
}
