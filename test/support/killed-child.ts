import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { exitOf } from '../../scripts/child-end.js';
import { builtChild, root } from './built.js';

/**
 * Runs `script` of test/support until it has printed `open`, kills it (SIGKILL) `afterMs` later, and gives back every line
 * that it printed. When that is must not depend on anything it does: the delay is the point of the kill, not a wait.
 */
export async function runAndKill(
  script: string,
  args: readonly string[],
  afterMs: number,
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
    if (line === 'open') timer = setTimeout(() => child.kill('SIGKILL'), afterMs);
  });
  const [{ signal }] = await Promise.all([exitOf(child), closed]);
  clearTimeout(timer);
  if (signal !== 'SIGKILL') throw new Error(`the child ended by itself after ${lines.length} lines`);
  return lines;
}
