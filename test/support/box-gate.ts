import { type ChildProcess, spawn } from 'node:child_process';
import { get } from 'node:https';
import { join } from 'node:path';
import { closeOf, hasEnded } from '../../scripts/child-end.js';
import type { TestBox } from './box.js';
import { builtProgram } from './built.js';

/** The folder in which a box hands over to its gate. */
export const gateFolderOf = (box: Pick<TestBox, 'directory'>): string => join(box.directory, 'run', 'gate');

/** The built gate of a box as a child process. */
export interface BoxGate extends AsyncDisposable {
  readonly child: ChildProcess;
}

/** Starts it; it listens some moments later. */
export function startBoxGate(box: Pick<TestBox, 'directory'>): BoxGate {
  const args = [builtProgram('rollcall-gate.js'), '--folder', gateFolderOf(box)];
  const child = spawn(process.execPath, args, { stdio: 'ignore' });
  return {
    child,
    async [Symbol.asyncDispose]() {
      if (hasEnded(child)) return;
      child.kill('SIGKILL');
      await closeOf(child);
    },
  };
}

/** Whether the gate listens and answers by now. */
export function gateAnswers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const asking = get({ host: 'localhost', port, rejectUnauthorized: false }, (answer) => {
      answer.resume();
      resolve(true);
    });
    asking.on('error', () => resolve(false));
    asking.setTimeout(5000, () => asking.destroy());
  });
}
