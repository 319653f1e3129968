import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { describe, test } from 'node:test';
import { connect } from 'node:tls';
import { Gate } from '../../daemon/gate/run-gate.js';
import { Site } from '../../daemon/gate/site.js';
import { silentLogger } from '../../daemon/kernel/logger.js';
import { VirtualClock } from '../../daemon/kernel/virtual-clock.js';
import { closeOf } from '../../scripts/child-end.js';
import { builtProgram } from '../support/built.js';
import { makeCertificate, withoutOpenssl } from '../support/test-certificate.js';
import { until } from '../support/until.js';

interface GateProcess extends AsyncDisposable {
  readonly folder: string;
  readonly child: ChildProcess;
  lines(): readonly Readonly<Record<string, unknown>>[];
  /** Replaces a file of the folder in one step, as the core does. */
  put(name: string, text: string): Promise<void>;
  untilLine(message: string, count?: number): Promise<Readonly<Record<string, unknown>>>;
}

async function startGate(): Promise<GateProcess> {
  const folder = await mkdtemp(join(tmpdir(), 'rollcall-gate-'));
  const child = spawn(process.execPath, [builtProgram('rollcall-gate.js'), '--folder', folder], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: {},
  });
  let log = '';
  child.stderr.on('data', (part: Buffer) => {
    log += part.toString();
  });
  const lines = (): readonly Readonly<Record<string, unknown>>[] =>
    log
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line) as Record<string, unknown>);
  return {
    ...{ folder, child, lines },
    async put(name, text) {
      await writeFile(join(folder, `${name}.new`), text);
      await rename(join(folder, `${name}.new`), join(folder, name));
    },
    async untilLine(message, count = 1) {
      const found = () => lines().filter((line) => line['message'] === message);
      await until(`"${message}" in ${log}`, () => found().length >= count);
      return found()[count - 1] ?? {};
    },
    async [Symbol.asyncDispose]() {
      child.kill('SIGTERM');
      await closeOf(child);
      await rm(folder, { recursive: true });
    },
  };
}

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

/** Status line of an answer, and the certificate that was shown. */
async function look(
  port: unknown,
  ca: string,
): Promise<{ readonly status: string; readonly fingerprint: string }> {
  const socket = connect({ port: Number(port), ca, servername: 'localhost' });
  await once(socket, 'secureConnect');
  socket.write('GET /api/v1/x HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n');
  const [answer] = (await once(socket, 'data')) as [Buffer];
  const fingerprint = socket.getPeerCertificate().fingerprint256;
  socket.destroy();
  return { status: answer.toString().slice(9, 12), fingerprint };
}

test('a gate without settings says once that it waits, however often it looks', async () => {
  const lines: string[] = [];
  let planned = (): void => undefined;
  const clock = new VirtualClock();
  const nextLook = () =>
    new Promise<void>((resolve) => {
      planned = resolve;
    });
  const info = (message: string): void => void lines.push(message);
  const first = nextLook();
  await using _gate = new Gate({
    folder: '/nowhere',
    site: new Site(new Map()),
    clock: {
      monotonicMs: () => clock.monotonicMs(),
      wallMs: () => clock.wallMs(),
      after(delayMs, callback) {
        planned();
        return clock.after(delayMs, callback);
      },
    },
    logger: { ...silentLogger, info, setLevel: () => undefined },
    onReady: () => assert.fail('it listens'),
  }).start();
  await first;
  for (let look = 0; look < 3; look += 1) {
    const ended = nextLook();
    clock.advanceBy(1_000);
    await ended;
  }
  assert.deepEqual(lines, ['waiting for rollcalld to hand over settings']);
});

describe('the program rollcall-gate', { skip: withoutOpenssl }, () => {
  test('waits for the core, follows its settings and certificates, and outlives it', async () => {
    await using gate = await startGate();
    await gate.untilLine('waiting for rollcalld to hand over settings');
    const first = makeCertificate('localhost');
    await gate.put('tls.pem', first.certificate + first.key);
    await gate.put('gate.json', settings());
    const { port } = await gate.untilLine('listening');
    assert.equal((await look(port, first.certificate)).status, '503', 'no core is there');

    const core = createServer((_request, response) => response.end('{}')).listen(
      join(gate.folder, 'gate.sock'),
    );
    await once(core, 'listening');
    assert.equal((await look(port, first.certificate)).status, '200');

    const second = makeCertificate('localhost');
    await gate.put('tls.pem', second.certificate + second.key);
    await gate.untilLine('the certificate was replaced');
    const shown = await look(port, second.certificate);
    assert.equal(shown.status, '200');

    await gate.put('gate.json', '{"broken":');
    await gate.untilLine('the gate cannot use what rollcalld handed over');
    assert.equal((await look(port, second.certificate)).status, '200', 'the former settings stay in force');

    await gate.put('gate.json', settings({ hosts: ['other.example'] }));
    const { port: next } = await gate.untilLine('listening', 2);
    assert.equal((await look(next, second.certificate)).status, '421');
    core.closeAllConnections();
    core.close();
    assert.doesNotMatch(JSON.stringify(gate.lines()), /PRIVATE/);
  });

  test('stops listening when the core withdraws its settings, and begins again', async () => {
    await using gate = await startGate();
    const { certificate, key } = makeCertificate('localhost');
    await gate.put('tls.pem', certificate + key);
    await gate.put('gate.json', settings());
    const { port } = await gate.untilLine('listening');
    assert.equal((await look(port, certificate)).status, '503');
    await rm(join(gate.folder, 'gate.json'));
    await gate.untilLine('stopped listening: rollcalld has withdrawn its settings');
    await assert.rejects(look(port, certificate), /ECONNREFUSED/);
    await gate.put('gate.json', settings());
    const { port: next } = await gate.untilLine('listening', 2);
    assert.equal((await look(next, certificate)).status, '503');
  });

  test('listens as before where it cannot listen as new settings say', async () => {
    await using gate = await startGate();
    const { certificate, key } = makeCertificate('localhost');
    await gate.put('tls.pem', certificate + key);
    await gate.put('gate.json', settings());
    const { port } = await gate.untilLine('listening');
    // No machine has this address; the port is the one in use.
    await gate.put('gate.json', settings({ address: '192.0.2.1', port }));
    const failed = await gate.untilLine('the gate cannot use what rollcalld handed over');
    assert.equal(failed['code'], 'gate-address');
    assert.equal((await look(port, certificate)).status, '503');

    await gate.put('gate.json', settings({ address: '127.0.0.1', port, hosts: ['other.example'] }));
    await gate.untilLine('listening', 2);
    assert.equal((await look(port, certificate)).status, '421', 'the same port, with other settings');

    const taken = createServer().listen(0, '127.0.0.1');
    await once(taken, 'listening');
    const { port: takenPort } = taken.address() as AddressInfo;
    await gate.put('gate.json', settings({ port: takenPort }));
    await gate.untilLine('listening', 3);
    assert.equal((await look(port, certificate)).status, '421', 'the former settings are in force again');
    taken.close();
  });

  test('takes another level of its log without listening anew', async () => {
    await using gate = await startGate();
    const { certificate, key } = makeCertificate('localhost');
    await gate.put('tls.pem', certificate + key);
    await gate.put('gate.json', settings());
    const { port } = await gate.untilLine('listening');
    const kept = connect({ port: Number(port), ca: certificate, servername: 'localhost' });
    await once(kept, 'secureConnect');
    await gate.put('gate.json', settings({ logLevel: 'debug' }));
    const second = makeCertificate('localhost');
    await gate.put('tls.pem', second.certificate + second.key);
    await gate.untilLine('the certificate was replaced');
    kept.write('GET /api/v1/x HTTP/1.1\r\nHost: localhost\r\n\r\n');
    assert.match(String((await once(kept, 'data'))[0]), /^HTTP\/1\.1 503/);
    kept.destroy();
  });

  test('says how to call it, and refuses an option that it does not have', async () => {
    const said = async (...options: readonly string[]) => {
      const child = spawn(process.execPath, [builtProgram('rollcall-gate.js'), ...options], { env: {} });
      const [output, error] = await Promise.all([text(child.stdout), text(child.stderr), closeOf(child)]);
      return { output, error, exitCode: child.exitCode };
    };
    for (const options of [['-h'], ['--help', '-f', '/nowhere']]) {
      const { output, exitCode } = await said(...options);
      assert.match(output, /^rollcall-gate: takes HTTPS requests[\s\S]*usage: rollcall-gate /);
      assert.equal(exitCode, 0, options.join(' '));
    }
    const wrong = await said('--port', '443');
    assert.deepEqual([wrong.exitCode, wrong.output], [2, '']);
    assert.match(wrong.error, /'--port'[\s\S]*what to do: Run rollcall-gate --help\.\n$/);
  });

  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    test(`ends with 0 after ${signal}`, async () => {
      await using gate = await startGate();
      await gate.untilLine('waiting for rollcalld to hand over settings');
      gate.child.kill(signal);
      await closeOf(gate.child);
      assert.equal(gate.child.exitCode, 0);
    });
  }
});
