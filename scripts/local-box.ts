import { execFile } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { ControlClient } from '../daemon/core/api/client.js';
import { createKeyFile } from '../daemon/host/key-file.js';
import { KEY_BYTES, newRandomBytes } from '../daemon/host/sodium.js';
import { messageOf, operational } from '../daemon/kernel/errors.js';
import { type KeptChild, startKeptChild } from './kept-child.js';

const root = fileURLToPath(new URL('..', import.meta.url));
const rollcall = join(root, 'dist/program/rollcall.js');
const rollcalld = join(root, 'dist/program/rollcalld.js');
const readyPollMs = 100;
const startDeadlineMs = 240_000;

export interface LocalBoxOptions {
  /** Holds everything of the box; made if it is missing. */
  readonly directory: string;
  /** What the configuration begins with, as the first line of the file. */
  readonly comment: string;
  /** Sections of the configuration besides those that name places, YAML. */
  readonly sections: string;
  /** Secrets by name. */
  readonly secrets?: Readonly<Record<string, string>>;
}

/** A box as an installer would set it up: configuration, secrets and keys in one directory, and the built daemon. */
export interface LocalBox extends AsyncDisposable {
  readonly directory: string;
  readonly configPath: string;
  readonly logPath: string;
  readonly client: ControlClient;
  /** Runs the `rollcall` command against this box; resolves with its standard output, rejects when it fails. */
  command(...args: readonly string[]): Promise<string>;
  /** Starts the daemon; resolves when it is ready for cameras and commands. */
  start(): Promise<void>;
  /** Rejects with `process-lost` as soon as the daemon ends without being stopped; otherwise it stays pending. */
  readonly lost: Promise<never>;
  /** Ends the daemon. */
  stop(): Promise<void>;
  /** Writes other sections into the configuration, and tells the daemon to read it again. */
  configure(sections: string): Promise<void>;
}

/** Makes the key of the gallery, as `rollcall key init` does, without the start of another process. */
export const makeGalleryKey = (secretsDir: string): Promise<void> =>
  createKeyFile(join(secretsDir, 'gallery-key'), newRandomBytes(KEY_BYTES));

/** Sets a box up: writes configuration and secrets, and makes its key. */
export async function makeLocalBox(options: LocalBoxOptions): Promise<LocalBox> {
  const { directory, comment, sections, secrets = {} } = options;
  const at = (...names: readonly string[]): string => join(directory, ...names);
  const [configPath, logPath] = [at('rollcall.yaml'), at('rollcalld.log')];
  const socketPath = at('run', 'control.sock');
  const places = `dataDir: ${at('data')}\nsecretsDir: ${at('secrets')}\ncontrol: { socketPath: ${socketPath} }\n`;
  const write = (text: string): Promise<void> => writeFile(configPath, `# ${comment}\n${places}${text}`);
  await mkdir(at('secrets'), { recursive: true, mode: 0o700 });
  await write(sections);
  for (const [name, text] of Object.entries(secrets))
    await writeFile(at('secrets', name), text, { mode: 0o600 });
  const command: LocalBox['command'] = async (...args) =>
    (await promisify(execFile)(process.execPath, [rollcall, ...args, '--config', configPath])).stdout;
  await makeGalleryKey(at('secrets'));
  const client = new ControlClient(socketPath);
  let daemon: KeptChild | undefined;
  let isClosed = false;
  let lose: (error: unknown) => void = () => undefined;
  const lost = new Promise<never>((_, reject) => {
    lose = reject;
  });
  lost.catch(() => undefined);
  const stop = async (): Promise<void> => {
    const running = daemon;
    daemon = undefined;
    await running?.[Symbol.asyncDispose]();
  };
  return {
    ...{ directory, configPath, logPath, client, command, stop, lost },
    async start() {
      // Work that was given up because a process was lost may still come here.
      if (isClosed) throw operational('local-box-closed', 'the box has been given up');
      const started = startKeptChild('rollcalld', {
        program: rollcalld,
        args: ['--config', configPath],
        logPath,
      });
      started.lost.catch(lose);
      daemon = started;
      try {
        await Promise.race([untilReady(client, logPath), started.lost]);
      } catch (error) {
        await stop();
        throw error;
      }
    },
    async configure(text) {
      await write(text);
      daemon?.child.kill('SIGHUP');
    },
    async [Symbol.asyncDispose]() {
      isClosed = true;
      await stop();
    },
  };
}

async function untilReady(client: ControlClient, logPath: string): Promise<void> {
  const deadline = Date.now() + startDeadlineMs;
  let last = '';
  while (Date.now() < deadline) {
    try {
      const { vision } = await client.call('status.show');
      if (vision.every(({ state }) => state === 'running')) return;
    } catch (error) {
      last = messageOf(error);
    }
    await new Promise((resolve) => setTimeout(resolve, readyPollMs));
  }
  throw operational('local-daemon', `rollcalld did not become ready: ${last}`, { remedy: `read ${logPath}` });
}
