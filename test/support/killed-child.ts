import { spawn } from 'node:child_process';
import { builtChild, root } from './built.js';
import { hear } from './heard-child.js';

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
  const heard = hear(child);
  await heard.until('its start', () => heard.lines.some((line) => start.test(line)));
  const timer = setTimeout(() => child.kill('SIGKILL'), afterMs);
  const { signal } = await heard.ended;
  clearTimeout(timer);
  if (signal !== 'SIGKILL') throw new Error(`the child ended by itself after ${heard.lines.length} lines`);
  return heard.lines;
}
