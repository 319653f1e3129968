import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { rename, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { describe, test } from 'node:test';
import { connect, type TLSSocket } from 'node:tls';
import { Gate } from '../../daemon/gate/run-gate.js';
import { Site } from '../../daemon/gate/site.js';
import { silentLogger } from '../../daemon/kernel/logger.js';
import { VirtualClock } from '../../daemon/kernel/virtual-clock.js';
import { closeOf } from '../../scripts/child-end.js';
import { builtProgram } from '../support/built.js';
import { temporaryDirectory } from '../support/temporary-directory.js';
import { makeCertificate, type TestCertificate, withoutOpenssl } from '../support/test-certificate.js';
import { until } from '../support/until.js';

type Line = Readonly<Record<string, unknown>> & { readonly message: string };

/** A gate in this process that looks into its folder when a test says so. */
interface HeldGate extends AsyncDisposable {
  readonly gate: Gate;
  readonly lines: readonly Line[];
  /** The levels of the log that it was told. */
  readonly levels: readonly string[];
  path(name: string): string;
  /** Replaces a file of the folder in one step, as the core does. */
  put(name: string, text: string): Promise<void>;
  /** Lets it look once more; resolves when it has. */
  look(): Promise<void>;
  /** Where it listens. */
  port(): number;
}

/** In a folder of its own, or in `folder`. */
async function holdGate(folder?: string): Promise<HeldGate> {
  const directory = await temporaryDirectory();
  const path = (name: string): string => join(directory.path, name);
  const lines: Line[] = [];
  const levels: string[] = [];
  const clock = new VirtualClock();
  const unasked = (): void => undefined;
  let plan: (delayMs: number) => void = unasked;
  /** Resolves when a look has ended, with the time until the next. */
  const nextLook = (): Promise<number> =>
    new Promise((resolve) => {
      plan = (delayMs) => {
        plan = unasked;
        resolve(delayMs);
      };
    });
  const keep = (message: string, fields: object = {}): void => void lines.push({ ...fields, message });
  const first = nextLook();
  const gate = new Gate({
    folder: folder ?? directory.path,
    site: new Site(new Map()),
    clock: {
      monotonicMs: () => clock.monotonicMs(),
      wallMs: () => clock.wallMs(),
      after(delayMs, callback) {
        plan(delayMs);
        return clock.after(delayMs, callback);
      },
    },
    logger: { ...silentLogger, info: keep, error: keep, setLevel: (level) => void levels.push(level) },
    onReady: () => undefined,
  }).start();
  let waitMs = await first;
  return {
    ...{ gate, lines, levels, path },
    async put(name, text) {
      await writeFile(path(`${name}.new`), text);
      await rename(path(`${name}.new`), path(name));
    },
    async look() {
      assert.equal(waitMs, 1_000, 'it looks once a second');
      const ended = nextLook();
      clock.advanceBy(waitMs);
      waitMs = await ended;
    },
    port: () => Number(lines.findLast(({ message }) => message === 'listening')?.['port']),
    async [Symbol.asyncDispose]() {
      await gate[Symbol.asyncDispose]();
      await directory[Symbol.asyncDispose]();
    },
  };
}

const said = (gate: HeldGate): readonly string[] => gate.lines.map(({ message }) => message);
const countOf = (gate: HeldGate, message: string): number =>
  gate.lines.filter((line) => line.message === message).length;

const settings = (changed: object = {}): string =>
  JSON.stringify({
    ...{
      address: '127.0.0.1',
      port: 0,
      minimumTls: '1.3',
      hosts: ['localhost'],
      origins: [],
      logLevel: 'info',
    },
    ...changed,
  });

/** A gate that listens with these settings. */
async function listening(
  changed: object = {},
): Promise<{ readonly gate: HeldGate; readonly identity: TestCertificate }> {
  const gate = await holdGate();
  const identity = makeCertificate('localhost');
  await gate.put('tls.pem', identity.certificate + identity.key);
  await gate.put('gate.json', settings(changed));
  await gate.look();
  return { gate, identity };
}

async function dial(port: number, ca: string): Promise<TLSSocket> {
  const socket = connect({ port, ca, servername: 'localhost' });
  await once(socket, 'secureConnect');
  return socket;
}

/** The status of an answer on a connection. */
async function statusOn(socket: TLSSocket, more = ''): Promise<string> {
  socket.write(`GET /api/v1/x HTTP/1.1\r\nHost: localhost\r\n${more}\r\n`);
  const [answer] = (await once(socket, 'data')) as [Buffer];
  return answer.toString().slice(9, 12);
}

/** Status of an answer, and the certificate that was shown. */
async function ask(
  port: number,
  ca: string,
): Promise<{ readonly status: string; readonly fingerprint: string }> {
  const socket = await dial(port, ca);
  const status = await statusOn(socket, 'Connection: close\r\n');
  const fingerprint = socket.getPeerCertificate().fingerprint256;
  socket.destroy();
  return { status, fingerprint };
}

describe('a gate that follows what the core hands over', { skip: withoutOpenssl }, () => {
  test('says once that it waits, however often it looks', async () => {
    await using gate = await holdGate();
    for (let look = 0; look < 3; look += 1) await gate.look();
    assert.deepEqual(said(gate), ['waiting for rollcalld to hand over settings']);
  });

  test('waits for both files, follows changes of each, and keeps on when one is broken', async (t) => {
    await using gate = await holdGate();
    const first = makeCertificate('localhost');
    await gate.put('tls.pem', first.certificate + first.key);
    await gate.look();
    assert.equal(countOf(gate, 'listening'), 0);
    await gate.put('gate.json', settings());
    for (let look = 0; look < 3; look += 1) await gate.look();
    assert.equal(countOf(gate, 'listening'), 1, 'files that stay change nothing');
    const port = gate.port();
    assert.equal((await ask(port, first.certificate)).status, '503', 'no core is there');

    const core = createServer((_request, response) => response.end('{}')).listen(gate.path('gate.sock'));
    t.after(() => core.close());
    await once(core, 'listening');
    const shown = await ask(port, first.certificate);
    assert.equal(shown.status, '200');

    const second = makeCertificate('localhost');
    await gate.put('tls.pem', second.certificate + second.key);
    await gate.look();
    const renewed = await ask(port, second.certificate);
    assert.deepEqual([renewed.status, renewed.fingerprint === shown.fingerprint], ['200', false]);

    await gate.put('gate.json', '{"broken":');
    await gate.look();
    const failed = gate.lines.at(-1);
    assert.equal(failed?.message, 'the gate cannot use what rollcalld handed over');
    assert.deepEqual([typeof failed['reason'], 'code' in failed], ['string', false]);
    assert.equal((await ask(port, second.certificate)).status, '200', 'the former settings stay in force');

    await gate.put('gate.json', settings({ hosts: ['other.example'] }));
    await gate.look();
    assert.equal((await ask(gate.port(), second.certificate)).status, '421');
    await assert.rejects(
      dial(port, second.certificate),
      { code: 'ECONNREFUSED' },
      'the former port is closed',
    );
    assert.equal(countOf(gate, 'the certificate was replaced'), 1);
    assert.doesNotMatch(JSON.stringify(gate.lines), /PRIVATE/);
  });

  test('stops listening when the core withdraws its settings, and begins again', async () => {
    const { gate, identity } = await listening();
    await using _held = gate;
    await rename(gate.path('gate.json'), gate.path('aside'));
    const port = gate.port();
    for (let look = 0; look < 2; look += 1) await gate.look();
    await assert.rejects(dial(port, identity.certificate), { code: 'ECONNREFUSED' });
    // The same file comes back: it differs in nothing.
    await rename(gate.path('aside'), gate.path('gate.json'));
    await gate.look();
    assert.equal((await ask(gate.port(), identity.certificate)).status, '503');
    assert.deepEqual(
      said(gate).filter((message) => message !== 'request'),
      [
        'waiting for rollcalld to hand over settings',
        'listening',
        'stopped listening: rollcalld has withdrawn its settings',
        'listening',
      ],
    );
  });

  test('listens as before where it cannot listen as new settings say', async (t) => {
    const { gate, identity } = await listening();
    await using _held = gate;
    const { certificate } = identity;
    const port = gate.port();
    const kept = await dial(port, certificate);
    // No machine has this address; the port is the one in use.
    await gate.put('gate.json', settings({ address: '192.0.2.1', port }));
    await gate.look();
    assert.equal(gate.lines.at(-1)?.['code'], 'gate-address');
    assert.equal(await statusOn(kept), '503', 'no connection ended');
    kept.destroy();

    await gate.put('gate.json', settings({ port, hosts: ['other.example'] }));
    await gate.look();
    assert.equal((await ask(port, certificate)).status, '421', 'the same port, with other settings');

    const taken = createServer().listen(0, '127.0.0.1');
    t.after(() => taken.close());
    await once(taken, 'listening');
    const { port: takenPort } = taken.address() as AddressInfo;
    await gate.put('gate.json', settings({ port: takenPort }));
    for (let look = 0; look < 3; look += 1) await gate.look();
    assert.equal((await ask(port, certificate)).status, '421', 'the former settings are in force again');
    assert.equal(countOf(gate, 'listening'), 3, 'it tries once: each attempt ends all connections');
  });

  test('takes another level of its log and a certificate without listening anew', async () => {
    const { gate, identity } = await listening();
    await using _held = gate;
    const kept = await dial(gate.port(), identity.certificate);
    await gate.put('gate.json', settings({ logLevel: 'debug' }));
    const second = makeCertificate('localhost');
    await gate.put('tls.pem', second.certificate + second.key);
    await gate.look();
    await gate.put('gate.json', settings({ logLevel: 'error' }));
    await gate.look();
    assert.equal(await statusOn(kept), '503');
    kept.destroy();
    assert.deepEqual(gate.levels, ['info', 'debug', 'error']);
    assert.equal(countOf(gate, 'the certificate was replaced'), 1);
    assert.equal(countOf(gate, 'listening'), 1);
  });

  test('ends with its connections, and looks no more', async () => {
    const { gate, identity } = await listening();
    await using _held = gate;
    const socket = await dial(gate.port(), identity.certificate);
    const closed = once(socket, 'close');
    await gate.gate[Symbol.asyncDispose]();
    await closed;
    await assert.rejects(dial(gate.port(), identity.certificate), { code: 'ECONNREFUSED' });
  });

  test('says why it cannot look where its folder is none', async () => {
    await using directory = await temporaryDirectory();
    const file = join(directory.path, 'file');
    await writeFile(file, '');
    await using gate = await holdGate(file);
    assert.deepEqual(said(gate), ['the gate cannot use what rollcalld handed over']);
  });
});

const startGate = (...options: readonly string[]) =>
  spawn(process.execPath, [builtProgram('rollcall-gate.js'), ...options], { env: {} });

describe('the program rollcall-gate', () => {
  test('says how to call it, and refuses an option that it does not have', async () => {
    const saidTo = async (...options: readonly string[]) => {
      const child = startGate(...options);
      const [output, error] = await Promise.all([text(child.stdout), text(child.stderr), closeOf(child)]);
      return { output, error, exitCode: child.exitCode };
    };
    const short = await saidTo('-h', '-f', '/nowhere');
    assert.match(short.output, /^rollcall-gate: takes HTTPS requests[\s\S]*usage: rollcall-gate /);
    assert.equal(short.exitCode, 0);
    const wrong = await saidTo('--port', '443');
    assert.deepEqual([wrong.exitCode, wrong.output], [2, '']);
    assert.match(wrong.error, /'--port'[\s\S]*what to do: Run rollcall-gate --help\.\n$/);
  });

  for (const [signal, option] of [
    ['SIGTERM', '--folder'],
    ['SIGINT', '-f'],
  ] as const) {
    test(`waits in the folder of ${option}, and ends with 0 after ${signal}`, async () => {
      await using directory = await temporaryDirectory();
      const child = startGate(option, directory.path);
      let log = '';
      child.stderr.on('data', (part: Buffer) => {
        log += part.toString();
      });
      await until('the gate to wait', () => log.includes('waiting for rollcalld to hand over settings'));
      assert.equal(JSON.parse(log.split('\n')[0] ?? '').folder, directory.path);
      child.kill(signal);
      await closeOf(child);
      assert.equal(child.exitCode, 0);
    });
  }
});
