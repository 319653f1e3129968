import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { stat, writeFile } from 'node:fs/promises';
import { type IncomingMessage, request } from 'node:http';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { describe, test } from 'node:test';
import { connect as connectTls } from 'node:tls';
import { closeOf } from '../../scripts/child-end.js';
import { makeBox, type TestBox, withoutBuild } from '../support/box.js';
import { builtProgram } from '../support/built.js';
import { freePort } from '../support/listening.js';
import { makeCertificate, withoutOpenssl } from '../support/test-certificate.js';
import { until } from '../support/until.js';

/** However it ends: `once` would fail at a reset. */
const closeOfSocket = (socket: Socket): Promise<void> =>
  new Promise((resolve) => socket.resume().once('close', () => resolve()));

const folderOf = (box: TestBox): string => join(box.directory, 'run', 'gate');

function startGate(box: TestBox): ChildProcess {
  return spawn(process.execPath, [builtProgram('rollcall-gate.js'), '--folder', folderOf(box)], {
    stdio: 'ignore',
  });
}

interface Answer {
  readonly status: string;
  readonly text: string;
  readonly fingerprint: string;
}

/** Asks over HTTPS, and shows which certificate answered. */
async function ask(port: number, path: string, header = ''): Promise<Answer> {
  // The test compares the fingerprint, as callers of a box do.
  const socket = connectTls({ port, host: '127.0.0.1', rejectUnauthorized: false });
  await once(socket, 'secureConnect');
  const fingerprint = socket.getPeerCertificate().fingerprint256;
  socket.write(`GET ${path} HTTP/1.1\r\nHost: localhost\r\n${header}Connection: close\r\n\r\n`);
  const said = await text(socket);
  return { status: said.slice(9, 12), text: said, fingerprint };
}

const answers = (port: number): Promise<boolean> =>
  ask(port, '/').then(
    ({ status }) => status === '200',
    () => false,
  );

describe('a box with its gate', { skip: withoutBuild || withoutOpenssl }, () => {
  test('answers over HTTPS with the certificate that the box names, and does not depend on the gate', async () => {
    const port = await freePort();
    await using box = await makeBox({ config: { gate: { port } } });
    await box.start();
    let gate = startGate(box);
    try {
      await until('the gate', () => answers(port));
      const shown = (await box.command('identity', 'show')).stdout;
      const { fingerprint } = await ask(port, '/');
      assert.ok(shown.includes(fingerprint), shown);
      const refused = await ask(port, '/api/v1/identity');
      assert.equal(refused.status, '401');
      assert.match(refused.text, /"code":"unauthenticated"/);
      const forged = await ask(
        port,
        '/api/v1/identity',
        'Authorization: Bearer forged\r\nX-Rollcall-Address: ::1\r\n',
      );
      assert.equal(forged.status, '401');

      gate.kill('SIGKILL');
      await closeOf(gate);
      assert.equal((await box.command('status')).exitCode, 0, 'the core goes on');
      gate = startGate(box);
      await until('the new gate', () => answers(port));

      const own = makeCertificate('localhost');
      await writeFile(join(box.directory, 'secrets', 'https'), own.certificate + own.key, { mode: 0o600 });
      await box.reload({ gate: { port, certificate: 'https' } });
      await until('the own certificate', async () => (await ask(port, '/')).fingerprint !== fingerprint);
      assert.match(
        (await box.command('identity', 'show')).stdout,
        new RegExp((await ask(port, '/')).fingerprint),
      );

      await box.stop('SIGKILL');
      assert.equal((await ask(port, '/api/v1/identity')).status, '503', 'the gate outlives the core');
      await box.start();
      await until(
        'the core behind the gate',
        async () => (await ask(port, '/api/v1/identity')).status === '401',
      );
      assert.doesNotMatch(box.log(), /PRIVATE KEY|forged/);
    } finally {
      gate.kill('SIGKILL');
      await closeOf(gate);
    }
  });

  test('hands nothing over where the gate is disabled', async () => {
    await using box = await makeBox({ config: { gate: { enabled: false } } });
    await box.start();
    await assert.rejects(stat(join(folderOf(box), 'gate.sock')), { code: 'ENOENT' });
    assert.doesNotMatch((await box.command('identity', 'show')).stdout, /HTTPS/);
  });
});

describe('a gate that was taken over', { skip: withoutBuild }, () => {
  /** Speaks to the core as the gate does, with what an attacker chooses. */
  async function lie(
    box: TestBox,
    path: string,
    headers: Record<string, string>,
    method = 'GET',
    body?: Buffer,
  ) {
    const socketPath = join(folderOf(box), 'gate.sock');
    const asking = request({ socketPath, path, method, headers, agent: false });
    const answered = new Promise<IncomingMessage>((resolve, reject) => {
      asking.once('response', resolve);
      asking.on('error', reject);
    });
    asking.end(body);
    const response = await answered.catch(() => undefined);
    return response === undefined
      ? { status: 0, text: '' }
      : { status: response.statusCode, text: await text(response) };
  }

  test('gets nothing from the core without a session that is alive', async () => {
    await using box = await makeBox();
    await box.start();
    const socketPath = join(folderOf(box), 'gate.sock');
    await until('the socket', () =>
      stat(socketPath).then(
        () => true,
        () => false,
      ),
    );
    assert.equal((await stat(socketPath)).mode & 0o007, 0, 'other users of the machine are kept out');
    for (const headers of [
      { 'x-rollcall-address': '127.0.0.1', 'x-rollcall-origin': 'same' },
      { 'x-rollcall-user': 'admin', 'x-rollcall-scopes': 'users:write', 'x-rollcall-caller': 'uid:0' },
      { authorization: 'Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiJhZG1pbiJ9.' },
      { authorization: `Bearer ${'x'.repeat(8_000)}` },
      { cookie: '__Host-rollcall=made-up; __Host-rollcall=twice' },
    ] as Record<string, string>[]) {
      for (const path of ['/api/v1/identity', '/api/v1/alerts', '/api/v1/persons']) {
        const { status, text: said } = await lie(box, path, headers);
        assert.equal(status, 401, `${path} ${JSON.stringify(headers).slice(0, 100)}`);
        assert.doesNotMatch(said, /"success":true/);
      }
    }
    // The routes of the local socket do not exist here.
    for (const path of ['/v1/status', '/v1/host', '/v1/persons'])
      assert.equal((await lie(box, path, {})).status, 404);
  });

  test('cannot keep the core from its work with broken HTTP and endless bodies', async () => {
    await using box = await makeBox();
    await box.start();
    const socketPath = join(folderOf(box), 'gate.sock');
    const broken = [
      'nonsense\r\n\r\n',
      'GET /\0 HTTP/1.1\r\n\r\n',
      `GET / HTTP/1.1\r\nX: ${'x'.repeat(64 * 1024)}`,
    ];
    for (const bytes of broken) {
      const socket = connect(socketPath);
      socket.on('error', () => undefined);
      socket.write(bytes);
      await closeOfSocket(socket);
    }
    const endless = connect(socketPath);
    endless.on('error', () => undefined);
    endless.write('POST /api/v1/alerts/tests HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n');
    const part = Buffer.concat([Buffer.from('10000\r\n'), Buffer.alloc(0x10000), Buffer.from('\r\n')]);
    let sentBytes = 0;
    const closed = closeOfSocket(endless);
    const send = (): void => {
      while (!endless.destroyed && sentBytes < 512 * 1024 * 1024) {
        sentBytes += part.length;
        if (!endless.write(part)) return;
      }
      endless.end();
    };
    endless.on('drain', send);
    send();
    await closed;
    assert.ok(
      sentBytes < 64 * 1024 * 1024,
      `the core read ${sentBytes} bytes of a body that nobody may send`,
    );
    const held = Array.from({ length: 280 }, () => connect(socketPath).on('error', () => undefined));
    const { exitCode } = await box.command('status');
    assert.equal(exitCode, 0);
    for (const socket of held) socket.destroy();
  });
});
