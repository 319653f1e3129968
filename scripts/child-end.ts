import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

/** How a child process ended: by itself with an exit code, or by a signal. */
export interface ChildEnd {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export const hasEnded = (child: ChildProcess): boolean =>
  child.exitCode !== null || child.signalCode !== null;

/**
 * Waits until `child` has ended. It may be asked at any time: a child that ended before is not waited for. What it wrote
 * last may not have been read yet.
 */
export async function exitOf(child: ChildProcess): Promise<ChildEnd> {
  if (!hasEnded(child)) await once(child, 'exit');
  return { code: child.exitCode, signal: child.signalCode };
}

/** Waits until `child` has ended and all that it wrote was read. It may be asked at any time, too. */
export async function closeOf(child: ChildProcess): Promise<ChildEnd> {
  const end = await exitOf(child);
  for (const stream of child.stdio) {
    if (stream != null && !stream.closed) await once(stream, 'close');
  }
  return end;
}

/** The first line that `child` prints; rejects where it ends without one. Ask in the turn that starts it. */
export async function firstLineOf(child: ChildProcess): Promise<string> {
  if (child.stdout === null) throw new Error('the output of the child is not piped');
  for await (const line of createInterface({ input: child.stdout })) return line;
  const { code, signal } = await exitOf(child);
  throw new Error(`the child ended without a line (${code ?? signal})`);
}
