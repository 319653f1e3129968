import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { TestContext } from 'node:test';
import { closeOf, exitOf } from '../../scripts/child-end.js';
import { builtChild, root } from './built.js';

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
  const output = createInterface({ input: child.stdout });
  const closed = once(output, 'close');
  const lines: string[] = [];
  output.on('line', (line) => lines.push(line));
  const kill = async (): Promise<void> => {
    child.kill('SIGKILL');
    await Promise.all([exitOf(child), closed]);
  };
  t.after(kill);
  return {
    process: child,
    lines,
    kill,
    async printed(count) {
      while (lines.length < count) {
        // All that it printed is read before its output closes: an end is no reason to miss a line.
        const arrival = await Promise.race([once(output, 'line'), closed.then(() => 'closed' as const)]);
        assert.ok(
          arrival !== 'closed' || lines.length >= count,
          `the child ended early with ${child.exitCode}`,
        );
      }
    },
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
