import { type ChildProcess, spawn } from 'node:child_process';
import type { TestContext } from 'node:test';
import { closeOf } from '../../scripts/child-end.js';
import { builtChild, root } from './built.js';
import { hear } from './heard-child.js';

const childScript = 'test/support/gallery-child.ts';

/** A process that has a gallery open; see gallery-child.ts for what it does and prints. */
export interface GalleryChild {
  readonly process: ChildProcess;
  /** Lines printed so far. */
  readonly lines: readonly string[];
  /** Resolves once `count` lines were printed. */
  printed(count: number): Promise<void>;
  kill(): Promise<void>;
}

/** Ends with the test at the latest. */
export function startGalleryChild(t: TestContext, ...args: readonly string[]): GalleryChild {
  const child = spawn(process.execPath, [builtChild(childScript), ...args], {
    cwd: root,
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const { lines, ended, until } = hear(child);
  const kill = async (): Promise<void> => {
    child.kill('SIGKILL');
    await ended;
  };
  t.after(kill);
  return {
    process: child,
    lines,
    kill,
    printed: (count) => until(`${count} lines`, () => lines.length >= count),
  };
}

/** Runs a child that will be refused to its end. Its exit code and error output. */
export async function runGalleryChild(
  t: TestContext,
  ...args: readonly string[]
): Promise<{ readonly code: unknown; readonly complaint: string }> {
  const child = spawn(process.execPath, [builtChild(childScript), ...args], {
    cwd: root,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  t.after(() => child.kill('SIGKILL'));
  let complaint = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    complaint += text;
  });
  const { code } = await closeOf(child);
  return { code, complaint };
}
