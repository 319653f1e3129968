import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { appendFile, mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { messageOf, operational } from '../daemon/base/errors.js';
import { exitOf } from './child-end.js';

const root = fileURLToPath(new URL('..', import.meta.url));
const rollcall = join(root, 'dist/program/rollcall.js');
const rollcalld = join(root, 'dist/program/rollcalld.js');
const readyPollMs = 100;
const startDeadlineMs = 90_000;

export interface DemoBoxOptions {
  /** Made anew; holds everything of the demonstration. */
  readonly directory: string;
  readonly camera: { readonly user: string; readonly password: string };
  readonly brokerUrl: string;
}

/** A box as an installer would set it up: configuration, secrets and key in one directory, and the daemon itself. */
export interface DemoBox extends AsyncDisposable {
  readonly configPath: string;
  readonly logPath: string;
  /** Runs the `rollcall` command against this box; resolves with its standard output, rejects when it fails. */
  command(...args: readonly string[]): Promise<string>;
  /** Adds the camera to the configuration and tells the daemon to read it again. */
  addCamera(url: string): Promise<void>;
}

/** The box before its camera: people are enrolled first, then the camera is added and the daemon reloads. */
function configuration({ directory, brokerUrl }: DemoBoxOptions): string {
  return `# Made by scripts/demo.
site: { id: demo-site, timeZone: Europe/Paris }
box: { id: demo-box }
mqtt: { url: ${brokerUrl} }
dataDir: ${join(directory, 'data')}
secretsDir: ${join(directory, 'secrets')}
control: { socketPath: ${join(directory, 'run', 'control.sock')} }
`;
}

/** Three lines are a camera; this one has a password, too, and looks at people coming in. */
function cameraConfiguration(url: string): string {
  return `cameras:
  - id: door
    name: Front door
    url: ${url}
    credential: camera-door
    direction: in
`;
}

/** Sets the box up and starts its daemon; resolves when it is ready for cameras and commands. */
export async function startDemoBox(options: DemoBoxOptions): Promise<DemoBox> {
  const { directory, camera } = options;
  await rm(directory, { recursive: true, force: true });
  await mkdir(join(directory, 'secrets'), { recursive: true, mode: 0o700 });
  const configPath = join(directory, 'rollcall.yaml');
  const logPath = join(directory, 'rollcalld.log');
  await writeFile(configPath, configuration(options));
  await writeFile(join(directory, 'secrets', 'camera-door'), `${camera.user}:${camera.password}\n`, {
    mode: 0o600,
  });
  const command = async (...args: readonly string[]): Promise<string> => {
    const { stdout } = await promisify(execFile)(process.execPath, [
      rollcall,
      ...args,
      '--config',
      configPath,
    ]);
    return stdout;
  };
  await command('key', 'init');
  const daemon = spawn(process.execPath, [rollcalld, '--config', configPath], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  daemon.stderr.pipe(createWriteStream(logPath));
  try {
    await untilReady(daemon, logPath, async () => {
      const status = JSON.parse(await command('status', '--json')) as {
        vision: readonly { state: string }[];
      };
      return status.vision.every(({ state }) => state === 'running');
    });
  } catch (error) {
    await stop(daemon);
    throw error;
  }
  return {
    configPath,
    logPath,
    command,
    async addCamera(url) {
      await appendFile(configPath, cameraConfiguration(url));
      daemon.kill('SIGHUP');
    },
    [Symbol.asyncDispose]: () => stop(daemon),
  };
}

async function untilReady(
  daemon: ChildProcess,
  logPath: string,
  isReady: () => Promise<boolean>,
): Promise<void> {
  const deadline = Date.now() + startDeadlineMs;
  let last = '';
  while (Date.now() < deadline) {
    if (daemon.exitCode !== null) break;
    try {
      if (await isReady()) return;
    } catch (error) {
      last = messageOf(error);
    }
    await new Promise((resolve) => setTimeout(resolve, readyPollMs));
  }
  throw operational('demo-daemon', `rollcalld did not become ready: ${last}`, { remedy: `read ${logPath}` });
}

async function stop(daemon: ChildProcess): Promise<void> {
  daemon.kill('SIGTERM');
  await exitOf(daemon);
}
