import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { exitOf } from '../../scripts/child-end.js';

/** Debian's own interpreter: another one on the path may be missing. */
const interpreter = '/usr/bin/python3';

/** For `skip`: why a notify socket cannot be opened here, or false. */
export const notifySocketSkip: string | false = existsSync(interpreter) ? false : `${interpreter} is missing`;

/** A real notify socket, as systemd binds one. */
export interface NotifySocket extends AsyncDisposable {
  /** The next message, in the order of arrival. */
  next(): Promise<string>;
  /** The process that reads it. */
  readonly pid: number | undefined;
}

/** Binds `address`: a path, or `@name` in the abstract namespace. */
export async function bindNotifySocket(address: string): Promise<NotifySocket> {
  const script = fileURLToPath(new URL('notify-socket.py', import.meta.url));
  const child = spawn(interpreter, [script, address], { stdio: ['pipe', 'pipe', 'inherit'] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const next = async (): Promise<string> => {
    const line = await lines.next();
    if (line.done === true) throw new Error('the notify socket closed');
    return String(JSON.parse(line.value));
  };
  await next();
  return {
    next,
    pid: child.pid,
    async [Symbol.asyncDispose]() {
      child.stdin.end();
      await exitOf(child);
    },
  };
}
