import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { createInterface } from 'node:readline';
import { closeOf, exitOf } from '../../scripts/child-end.js';
import { freePort } from './listening.js';

export interface ExampleBroker {
  readonly authority: string;
  /** Changes the access rules of the example. */
  readonly withRules?: (rules: string) => string;
}

export interface MosquittoOptions {
  /** Clients that may connect. Absent: all clients. */
  readonly users?: Readonly<Record<string, string>>;
  /** Lines of an access control file. */
  readonly acl?: readonly string[];
  /** More lines of its configuration. */
  readonly lines?: readonly string[];
  /** PEM texts: listens with TLS. */
  readonly tls?: { readonly certificate: string; readonly key: string };
  /** With `tls`, PEM: runs config/mosquitto.example.conf and its access rules, trusting clients of this authority. */
  readonly exampleFor?: ExampleBroker;
}

/** Access rules that let everything be read and only these topics be written. */
export const writableOnly = (...topics: readonly string[]): readonly string[] => [
  'topic read #',
  ...topics.map((topic) => `topic write ${topic}`),
];

/** A real broker on a loopback port of its own. */
export interface Mosquitto extends AsyncDisposable {
  readonly port: number;
  /** `mqtt://127.0.0.1:port`, or `mqtts://localhost:port`. */
  readonly url: string;
  /** SIGKILL: it loses everything it had in memory. */
  kill(): Promise<void>;
  /** Starts again on the same port, empty. */
  start(): Promise<void>;
  /** SIGSTOP: the sockets stay open without answers. */
  freeze(): void;
  /** SIGCONT. */
  thaw(): void;
}

function findMosquitto(): string | undefined {
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin', '/usr/local/sbin'];
  return folders.map((folder) => join(folder, 'mosquitto')).find((path) => existsSync(path));
}

/** For a test's `skip`: why there is no broker to test with, or false. */
export const withoutMosquitto: string | false =
  findMosquitto() === undefined && 'mosquitto is not installed (apt-get install mosquitto)';

export async function startMosquitto(options: MosquittoOptions = {}): Promise<Mosquitto> {
  const binary = findMosquitto();
  if (binary === undefined) throw new Error('mosquitto is not installed');
  const folder = mkdtempSync(join(tmpdir(), 'rollcall-mosquitto-'));
  let port = await freePort();
  let child: ChildProcess | undefined;

  const start = async (): Promise<void> => {
    const configuration = writeConfiguration(folder, port, options);
    child = await launch(binary, configuration);
  };
  const kill = async (): Promise<void> => {
    child?.kill('SIGKILL');
    if (child !== undefined) await exitOf(child);
  };

  // Another program may take the free port before the broker listens on it.
  for (let attempt = 1; ; attempt += 1) {
    try {
      await start();
      break;
    } catch (error) {
      if (attempt === 5) throw error;
      port = await freePort();
    }
  }
  return {
    port,
    url: options.tls ? `mqtts://localhost:${port}` : `mqtt://127.0.0.1:${port}`,
    start,
    kill,
    freeze: () => void child?.kill('SIGSTOP'),
    thaw: () => void child?.kill('SIGCONT'),
    async [Symbol.asyncDispose]() {
      await kill();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function writeConfiguration(folder: string, port: number, options: MosquittoOptions): string {
  if (options.exampleFor && options.tls) {
    return write(
      folder,
      'mosquitto.conf',
      exampleConfiguration(folder, port, { ...options.tls, ...options.exampleFor }),
    );
  }
  const lines = [
    `listener ${port} ${options.tls ? 'localhost' : '127.0.0.1'}`,
    'persistence false',
    'log_dest stderr',
    'log_type error',
    'log_type warning',
    'log_type notice',
    'log_type information',
    // Started by root, it would otherwise become a user who cannot read this folder.
    ...(process.getuid?.() === 0 ? ['user root'] : []),
    `allow_anonymous ${options.users === undefined}`,
    ...(options.lines ?? []),
  ];
  if (options.users) {
    const file = join(folder, 'passwords');
    writeFileSync(file, '');
    for (const [user, password] of Object.entries(options.users)) {
      const made = spawnSync('mosquitto_passwd', ['-b', file, user, password], { encoding: 'utf8' });
      if (made.status !== 0) throw new Error(`mosquitto_passwd: ${made.stderr}`);
    }
    lines.push(`password_file ${file}`);
  }
  if (options.acl) lines.push(`acl_file ${write(folder, 'acl', `${options.acl.join('\n')}\n`)}`);
  if (options.tls) {
    lines.push(`certfile ${write(folder, 'certificate.pem', options.tls.certificate)}`);
    lines.push(`keyfile ${write(folder, 'key.pem', options.tls.key)}`);
  }
  return write(folder, 'mosquitto.conf', `${lines.join('\n')}\n`);
}

/** The example with the paths of this folder, on the loopback interface. */
function exampleConfiguration(
  folder: string,
  port: number,
  pem: ExampleBroker & { readonly certificate: string; readonly key: string },
): string {
  const { withRules = (rules: string) => rules } = pem;
  const rules = withRules(example('mosquitto-acl.example'));
  const installed = new Map([
    ['listener 8883', `listener ${port} localhost`],
    ['/etc/mosquitto/rollcall/broker.pem', write(folder, 'broker.pem', pem.certificate)],
    ['/etc/mosquitto/rollcall/broker.key', write(folder, 'broker.key', pem.key)],
    ['/etc/mosquitto/rollcall/ca.pem', write(folder, 'ca.pem', pem.authority)],
    ['/etc/mosquitto/rollcall.acl', write(folder, 'acl', rules)],
  ]);
  let text = example('mosquitto.example.conf');
  for (const [from, to] of installed) {
    if (!text.includes(from)) throw new Error(`the example names no ${from}`);
    text = text.replaceAll(from, to);
  }
  // The log tells when it runs; started by root, it would otherwise become a user who cannot read this folder.
  const forTests = ['log_dest stderr', 'log_type all', ...(process.getuid?.() === 0 ? ['user root'] : [])];
  return `${forTests.join('\n')}\n${text}`;
}

const example = (name: string): string =>
  readFileSync(new URL(`../../config/${name}`, import.meta.url), 'utf8');

function write(folder: string, name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text, { mode: 0o600 });
  return path;
}

async function launch(binary: string, configuration: string): Promise<ChildProcess> {
  const child = spawn(binary, ['-c', configuration], { stdio: ['ignore', 'ignore', 'pipe'] });
  const said: string[] = [];
  await new Promise<void>((resolve, reject) => {
    void closeOf(child).then(() => reject(new Error(`mosquitto did not start: ${said.join('\n')}`)), reject);
    createInterface({ input: child.stderr }).on('line', (line) => {
      said.push(line);
      if (said.length > 200) said.shift();
      if (/mosquitto version .* running/.test(line)) resolve();
    });
  });
  return child;
}
