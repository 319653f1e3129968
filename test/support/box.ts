import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';
import type { CameraStatus } from '../../daemon/contract/cameras.js';
import type { ReloadStatus } from '../../daemon/contract/status.js';
import { ControlClient } from '../../daemon/core/api/client.js';
import { messageOf } from '../../daemon/kernel/errors.js';
import { closeOf, hasEnded } from '../../scripts/child-end.js';
import { makeGalleryKey } from '../../scripts/local-box.js';
import { builtProgram, root } from './built.js';
import { until } from './until.js';

const daemonMain = join(root, 'dist/program/rollcalld.js');
export const cliMain = join(root, 'dist/program/rollcall.js');

/** For a test's `skip`: end-to-end tests run the built program. */
export const withoutBuild: string | false =
  !existsSync(daemonMain) && 'the program is not built (npm run build)';

export interface BoxSettings {
  /** Merged over a minimal configuration; see docs/reference/configuration.md. */
  readonly config?: Readonly<Record<string, unknown>>;
  /** Secrets by name, written as an installer would. */
  readonly secrets?: Readonly<Record<string, string>>;
  /** Leave the gallery key out. */
  readonly hasNoKey?: boolean;
}

/** Environment variables for the daemon, in addition to those of this process; undefined removes one. */
export type Environment = Readonly<Record<string, string | undefined>>;

export interface CommandResult {
  /** Undefined if the daemon could not be started. */
  readonly pid: number | undefined;
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A command that has not ended yet. */
export interface RunningCommand {
  /** Whole lines it has written to standard output so far. */
  lines(): readonly string[];
  /** Interrupts it as Ctrl-C does; resolves with its exit code. */
  interrupt(): Promise<number | null>;
}

/** A directory set up as a box, its daemon as a child process, and the `rollcall` command against it. */
export interface TestBox extends AsyncDisposable {
  readonly directory: string;
  readonly configPath: string;
  readonly client: ControlClient;
  /** The running daemon. */
  readonly daemon: ChildProcess;
  /** Everything the daemon wrote to standard error since the box was made. */
  log(): string;
  /** Starts the daemon and waits until it is ready, or throws with its log when it ends first. */
  start(environment?: Environment): Promise<void>;
  /** Starts the daemon and waits for it to end by itself. */
  startAndEnd(
    environment?: Environment,
  ): Promise<{ readonly exitCode: number | null; readonly stderr: string }>;
  /** Sends a signal and waits for the end of the daemon; resolves with its exit code (null when killed). */
  stop(signal?: NodeJS.Signals): Promise<number | null>;
  /** Replaces the configuration file without a reload. */
  configure(config: Readonly<Record<string, unknown>>): Promise<void>;
  /** Replaces the configuration file and reloads. Resolves with the outcome. */
  reload(config: Readonly<Record<string, unknown>>): Promise<ReloadStatus>;
  command(...args: readonly string[]): Promise<CommandResult>;
  /** Runs a command that reads `input` from its standard input. */
  commandReading(input: string, ...args: readonly string[]): Promise<CommandResult>;
  /** The program and arguments of a command, to start it on a terminal. */
  commandLine(...args: readonly string[]): readonly [string, ...string[]];
  /** Starts a command that runs until it is interrupted. */
  startCommand(...args: readonly string[]): RunningCommand;
  /** The present state of one camera. */
  camera(id: string): Promise<CameraStatus>;
  /** Waits until the camera's state is as wanted; resolves with it. */
  untilCamera(id: string, what: string, isWanted: (camera: CameraStatus) => boolean): Promise<CameraStatus>;
}

/** Runs a program to its end and collects its output. */
export async function runProgram(
  file: string,
  args: readonly string[],
  environment: Readonly<Record<string, string | undefined>> = process.env,
  input = '',
): Promise<CommandResult> {
  const child = spawn(file, args, { stdio: ['pipe', 'pipe', 'pipe'], env: environment });
  // A program that ends without reading is not a failure of the test.
  child.stdin.on('error', () => undefined);
  child.stdin.end(input);
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk: Buffer) => {
    stdout += chunk.toString('utf8');
  });
  child.stderr.on('data', (chunk: Buffer) => {
    stderr += chunk.toString('utf8');
  });
  const { code: exitCode } = await closeOf(child);
  return { pid: child.pid, exitCode, stdout, stderr };
}

/** Runs the built `rollcall` to its end. */
export function rollcall(args: readonly string[], input?: string): Promise<CommandResult> {
  return runProgram(process.execPath, [builtCommand(), ...args], process.env, input);
}

/** The built `rollcall`. Throws without a build, or if it is older than its sources. */
export function builtCommand(): string {
  return builtProgram('rollcall.js');
}

function startProgram(file: string, args: readonly string[]): RunningCommand {
  const child = spawn(file, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  let stdout = '';
  child.stdout.on('data', (chunk: Buffer) => {
    stdout += chunk.toString('utf8');
  });
  return {
    lines: () => stdout.split('\n').slice(0, -1),
    async interrupt() {
      child.kill('SIGINT');
      return (await closeOf(child)).code;
    },
  };
}

/** Makes a box in a directory of its own, with a gallery key; the daemon is not started. */
export async function makeBox(settings: BoxSettings = {}): Promise<TestBox> {
  const directory = await mkdtemp(join(tmpdir(), 'rollcall-box-'));
  const configPath = join(directory, 'rollcall.yaml');
  const socketPath = join(directory, 'run', 'control.sock');
  const base = {
    site: { id: 'test-site', timeZone: 'Europe/Paris' },
    box: { id: 'test-box' },
    dataDir: join(directory, 'data'),
    secretsDir: join(directory, 'secrets'),
    control: { socketPath },
    logging: { level: 'debug' },
  };
  const configure = (config: Readonly<Record<string, unknown>>): Promise<void> =>
    writeFile(configPath, stringify({ ...base, ...config }));
  const commandReading = (input: string, ...args: readonly string[]): Promise<CommandResult> =>
    runProgram(process.execPath, [cliMain, ...args, '--config', configPath], process.env, input);
  const command = (...args: readonly string[]): Promise<CommandResult> => commandReading('', ...args);
  await mkdir(join(directory, 'secrets'), { mode: 0o700 });
  for (const [name, text] of Object.entries(settings.secrets ?? {})) {
    await writeFile(join(directory, 'secrets', name), text, { mode: 0o600 });
  }
  await configure(settings.config ?? {});
  if (settings.hasNoKey !== true) await makeGalleryKey(join(directory, 'secrets'));

  let daemon: ChildProcess | undefined;
  let log = '';
  const running = (): ChildProcess => {
    if (daemon === undefined) throw new Error('the daemon was not started');
    return daemon;
  };
  const launch = (environment: Environment = {}): ChildProcess => {
    const env = { ...process.env, ...environment };
    const child = spawn(process.execPath, [daemonMain, '--config', configPath], {
      stdio: ['ignore', 'ignore', 'pipe'],
      env,
    });
    child.stderr.on('data', (chunk: Buffer) => {
      log += chunk.toString('utf8');
    });
    daemon = child;
    return child;
  };
  const stop = async (signal: NodeJS.Signals = 'SIGTERM'): Promise<number | null> => {
    const child = running();
    if (hasEnded(child)) return child.exitCode;
    child.kill(signal);
    return (await closeOf(child)).code;
  };
  const client = new ControlClient(socketPath);
  const camera = async (id: string): Promise<CameraStatus> => {
    const found = (await client.call('status.show')).cameras.find((each) => each.id === id);
    if (found === undefined) throw new Error(`the box has no camera ${id}`);
    return found;
  };
  return {
    directory,
    configPath,
    client,
    get daemon() {
      return running();
    },
    log: () => log,
    async start(environment) {
      const child = launch(environment);
      await until(`the daemon to be ready; it said:\n${log}`, async () => {
        if (hasEnded(child)) throw new Error(`the daemon ended:\n${log}`);
        const status = await client.call('status.show').catch(() => undefined);
        return status?.vision.every(({ state }) => state === 'running') === true;
      });
    },
    async startAndEnd(environment) {
      const before = log.length;
      const child = launch(environment);
      const { code: exitCode } = await closeOf(child);
      return { exitCode, stderr: log.slice(before) };
    },
    stop,
    configure,
    async reload(config) {
      const before = (await client.call('status.show')).lastReload;
      await configure(config);
      running().kill('SIGHUP');
      let now: ReloadStatus | undefined;
      await until('the configuration to be read again', async () => {
        now = (await client.call('status.show')).lastReload;
        return now !== undefined && now.at !== before?.at;
      });
      if (now === undefined) throw new Error('the reload left no trace');
      return now;
    },
    command,
    commandReading,
    commandLine: (...args) => [process.execPath, cliMain, ...args, '--config', configPath],
    startCommand: (...args) => startProgram(process.execPath, [cliMain, ...args, '--config', configPath]),
    camera,
    async untilCamera(id, what, isWanted) {
      let last: CameraStatus | undefined;
      await until(`${id} ${what}`, async () => {
        last = await camera(id);
        return isWanted(last);
      }).catch((error: unknown) => {
        throw new Error(`${messageOf(error)}; it is ${JSON.stringify(last)}`);
      });
      return last ?? camera(id);
    },
    async [Symbol.asyncDispose]() {
      if (daemon !== undefined && (await stopWithin(stop)) === 'late') await stop('SIGKILL');
      await rm(directory, { recursive: true, force: true });
    },
  };
}

async function stopWithin(stop: () => Promise<unknown>): Promise<'ended' | 'late'> {
  const late = new Promise<'late'>((resolve) => setTimeout(() => resolve('late'), 25_000).unref());
  return Promise.race([stop().then(() => 'ended' as const), late]);
}
