import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { mkdir, rm, writeFile } from 'node:fs/promises';
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
  /** The login of all cameras. */
  readonly login: { readonly user: string; readonly password: string };
  readonly brokerUrl: string;
}

export interface DemoCamera {
  readonly id: string;
  readonly name: string;
  readonly url: string;
  readonly asksForChallenge: boolean;
}

/** A box as an installer would set it up: configuration, secrets and key in one directory, and the daemon itself. */
export interface DemoBox extends AsyncDisposable {
  readonly configPath: string;
  readonly logPath: string;
  /** Runs the `rollcall` command against this box; resolves with its standard output, rejects when it fails. */
  command(...args: readonly string[]): Promise<string>;
  /** Writes these cameras into the configuration, in place of those before, and tells the daemon to read it again. */
  setCameras(...cameras: readonly DemoCamera[]): Promise<void>;
}

/** The box before its cameras: people are enrolled first, then cameras are added and the daemon reloads. */
function configuration({ directory, brokerUrl }: DemoBoxOptions): string {
  return `# Made by scripts/demo.
site: { id: demo-site, timeZone: Europe/Paris }
box: { id: demo-box }
mqtt: { url: ${brokerUrl} }
dataDir: ${join(directory, 'data')}
secretsDir: ${join(directory, 'secrets')}
control: { socketPath: ${join(directory, 'run', 'control.sock')} }
cameras:
`;
}

/** Three lines are a camera. These have a password, too, and see people come in; some ask for a challenge. */
function cameraConfiguration({ id, name, url, asksForChallenge }: DemoCamera): string {
  return `  - id: ${id}
    name: ${name}
    url: ${url}
    credential: cameras
    direction: in
${asksForChallenge ? '    liveness: { require: challenge }\n' : ''}`;
}

/** Sets the box up and starts its daemon; resolves when it is ready for cameras and commands. */
export async function startDemoBox(options: DemoBoxOptions): Promise<DemoBox> {
  const { directory, login } = options;
  await rm(directory, { recursive: true, force: true });
  await mkdir(join(directory, 'secrets'), { recursive: true, mode: 0o700 });
  const configPath = join(directory, 'rollcall.yaml');
  const logPath = join(directory, 'rollcalld.log');
  await writeFile(configPath, `${configuration(options)}  []\n`);
  await writeFile(join(directory, 'secrets', 'cameras'), `${login.user}:${login.password}\n`, {
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
    async setCameras(...cameras) {
      await writeFile(configPath, configuration(options) + cameras.map(cameraConfiguration).join(''));
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
