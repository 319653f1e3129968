import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { createInterface } from 'node:readline';
import { exitOf, hasEnded } from '../../scripts/child-end.js';
import { until } from './until.js';

/** A TPM 2.0 in software (swtpm) with a state of its own: another one seals with other keys. */
export interface SoftwareTpm extends AsyncDisposable {
  /** How tpm2-tools reach it. */
  readonly tcti: string;
  /** A private directory beside its state, for what the tools hand on. */
  readonly workDirectory: string;
  readonly pid: number;
  /** Ends it; its state stays. */
  stop(): Promise<void>;
  /** Starts it again with the state it had, as after switching the machine on. */
  start(): Promise<void>;
  /** SIGSTOP: the TPM exists but does not answer. */
  freeze(): void;
  /** SIGCONT. */
  thaw(): void;
  /** Everything that went to it and came from it since it was last started, as hexadecimal digits. */
  wires(): string;
  /** Runs one of tpm2-tools against it. */
  tool(program: string, ...args: readonly string[]): string;
}

function isInstalled(program: string): boolean {
  return (process.env['PATH'] ?? '').split(delimiter).some((folder) => existsSync(join(folder, program)));
}

/** For a test's `skip`: why there is no software TPM to test with, or false. */
export const withoutSoftwareTpm: string | false =
  (!isInstalled('swtpm') && 'swtpm is not installed (apt-get install swtpm)') ||
  (!isInstalled('tpm2_create') && 'tpm2-tools is not installed (apt-get install tpm2-tools)');

export async function startSoftwareTpm(): Promise<SoftwareTpm> {
  const folder = mkdtempSync(join(tmpdir(), 'rollcall-tpm-'));
  const state = join(folder, 'state');
  const workDirectory = join(folder, 'work');
  mkdirSync(state);
  mkdirSync(workDirectory, { mode: 0o700 });
  const socket = join(folder, 'tpm');
  const log = join(folder, 'log');
  const tcti = `swtpm:path=${socket}`;
  let child: ChildProcess | undefined;

  const start = async (): Promise<void> => {
    rmSync(log, { force: true });
    child = await launch(state, socket, log);
  };
  const stop = async (): Promise<void> => {
    if (!child || hasEnded(child)) return;
    child.kill('SIGCONT');
    child.kill('SIGTERM');
    await exitOf(child);
    rmSync(socket, { force: true });
    rmSync(`${socket}.ctrl`, { force: true });
  };
  await start();
  return {
    tcti,
    workDirectory,
    get pid() {
      return child?.pid ?? 0;
    },
    start,
    stop,
    freeze: () => void child?.kill('SIGSTOP'),
    thaw: () => void child?.kill('SIGCONT'),
    wires: () =>
      readFileSync(log, 'latin1')
        .replaceAll(/[^0-9A-Fa-f]/g, '')
        .toLowerCase(),
    tool(program, ...args) {
      const env = { ...process.env, TPM2TOOLS_TCTI: tcti, TSS2_LOG: 'all+NONE' };
      const run = spawnSync(program, args, { env, encoding: 'utf8', timeout: 30_000 });
      if (run.status !== 0) throw new Error(`${program}: ${run.stderr}`);
      return run.stdout;
    },
    async [Symbol.asyncDispose]() {
      await stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Resolves when it takes connections. tpm2-tools find the control socket by its name, `.ctrl` behind the other's. */
async function launch(state: string, socket: string, log: string): Promise<ChildProcess> {
  const places = ['--tpmstate', `dir=${state}`, '--server', `type=unixio,path=${socket}`];
  const args = ['socket', '--tpm2', ...places, '--ctrl', `type=unixio,path=${socket}.ctrl`];
  const flags = ['--flags', 'not-need-init,startup-clear'];
  // At this level it writes down all it reads and answers.
  const child = spawn('swtpm', [...args, ...flags, '--log', `level=20,file=${log}`], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const said: string[] = [];
  createInterface({ input: child.stderr }).on('line', (line) => said.push(line));
  child.on('error', ({ message }) => said.push(message));
  await until('swtpm', async () => hasEnded(child) || (await answers(`${socket}.ctrl`)));
  if (hasEnded(child)) throw new Error(`swtpm did not start: ${said.join('\n')}`);
  return child;
}

/** Whether a program accepts connections there now. */
async function answers(path: string): Promise<boolean> {
  const socket = connect(path);
  const isAnswered = await new Promise<boolean>((resolve) => {
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
  });
  socket.destroy();
  return isAnswered;
}
