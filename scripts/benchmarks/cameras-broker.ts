import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePort } from '../../test/support/listening.js';
import { exitOf } from '../child-end.js';

/** A broker in a process of its own, so that its processor time is not counted as ours. */
export interface Broker extends AsyncDisposable {
  readonly name: string;
  readonly url: string;
  readonly pid: number;
}

const mosquitto = ['/usr/sbin/mosquitto', '/usr/local/sbin/mosquitto'].find((path) => existsSync(path));
const aedesProgram = fileURLToPath(new URL('./cameras-aedes.ts', import.meta.url));
const answerPollMs = 50;

/** Starts mosquitto where it is installed, else the broker that the demo embeds. */
export async function startBroker(): Promise<Broker> {
  const port = await freePort();
  const folder = await mkdtemp(join(tmpdir(), 'rollcall-bench-'));
  const configuration = join(folder, 'mosquitto.conf');
  await writeFile(configuration, `listener ${port} 127.0.0.1\nallow_anonymous true\n`);
  const child =
    mosquitto === undefined
      ? spawn(process.execPath, ['--import', 'tsx', aedesProgram, String(port)], { stdio: 'ignore' })
      : spawn(mosquitto, ['-c', configuration], { stdio: 'ignore' });
  await answers(port, child);
  return {
    name: mosquitto === undefined ? 'aedes' : 'mosquitto',
    url: `mqtt://127.0.0.1:${port}`,
    pid: child.pid ?? 0,
    async [Symbol.asyncDispose]() {
      child.kill('SIGTERM');
      await exitOf(child);
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function answers(port: number, child: ChildProcess): Promise<void> {
  while (child.exitCode === null) {
    const isOpen = await new Promise<boolean>((resolve) => {
      const socket = connect(port, '127.0.0.1', () => {
        socket.destroy();
        resolve(true);
      });
      socket.once('error', () => resolve(false));
    });
    if (isOpen) return;
    await new Promise((resolve) => setTimeout(resolve, answerPollMs));
  }
  throw new Error('the broker ended before it listened');
}
