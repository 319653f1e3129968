import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { request } from 'node:https';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { describe, test } from 'node:test';
import { closeOf } from '../../scripts/child-end.js';
import { goodPassword } from '../support/accounts-fixture.js';
import { makeBox, type TestBox, withoutBuild } from '../support/box.js';
import { builtProgram } from '../support/built.js';
import { withoutOpenssl } from '../support/test-certificate.js';
import { until } from '../support/until.js';

interface Said {
  readonly status: number | undefined;
  readonly cookie: string | undefined;
  readonly data: Readonly<Record<string, unknown>>;
  readonly text: string;
}

type Ask = (
  method: string,
  path: string,
  headers?: Readonly<Record<string, string>>,
  body?: unknown,
) => Promise<Said>;

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Asks over HTTPS. Another test compares the certificate. */
const askOn =
  (port: number): Ask =>
  async (method, path, headers = {}, body) => {
    const given = body === undefined ? '' : JSON.stringify(body);
    const sent = request({
      ...{ host: '127.0.0.1', port, method, path: `/api/v1${path}`, rejectUnauthorized: false },
      headers: {
        host: 'localhost',
        ...(given === '' ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
    });
    const answered = once(sent, 'response');
    sent.end(given);
    const [response] = await answered;
    const said: string = await text(response);
    const [cookie] = (response.headers['set-cookie'] ?? []).map((each: string) => each.split(';')[0]);
    const { data = {} }: { readonly data?: Said['data'] } = said.startsWith('{') ? JSON.parse(said) : {};
    return { status: response.statusCode, cookie, data, text: said };
  };

/** A box with its gate, whose first administrator was created over the network. */
async function withClaimedBox(work: (box: TestBox, ask: Ask, port: number) => Promise<void>): Promise<void> {
  const port = await freePort();
  await using box = await makeBox({ config: { gate: { port } } });
  await box.start();
  const folder = join(box.directory, 'run', 'gate');
  const gate = spawn(process.execPath, [builtProgram('rollcall-gate.js'), '--folder', folder], {
    stdio: 'ignore',
  });
  try {
    const ask = askOn(port);
    await until('the gate', () =>
      ask('GET', '/auth/me').then(
        ({ status }) => status === 401,
        () => false,
      ),
    );
    const { stdout } = await box.command('user', 'claim');
    const [secret = ''] = stdout.split('\n');
    const body = { secret, userName: 'anna', password: goodPassword };
    const claimed = await ask('POST', '/auth/claim', {}, body);
    assert.equal(claimed.status, 200, claimed.text);
    await work(box, ask, port);
  } finally {
    gate.kill('SIGKILL');
    await closeOf(gate);
  }
}

describe('accounts of a running box', { skip: withoutBuild || withoutOpenssl, timeout: 240_000 }, () => {
  test('work over the network from the claim to the logout, with tokens and with a cookie', () =>
    withClaimedBox(async (box, ask, port) => {
      const credentials = { userName: 'anna', password: goodPassword };
      const { data } = await ask('POST', '/auth/login', {}, credentials);
      const asAnna = { authorization: `Bearer ${data['accessToken']}` };
      assert.equal((await ask('GET', '/users', asAnna)).status, 200);
      const refreshed = await ask('POST', '/auth/refresh', {}, { refreshToken: data['refreshToken'] });
      assert.equal(refreshed.status, 200, refreshed.text);
      assert.equal((await ask('POST', '/auth/logout', asAnna)).status, 200);
      assert.equal((await ask('GET', '/users', asAnna)).status, 401);

      const login = await ask('POST', '/auth/login', {}, { ...credentials, kind: 'session' });
      const cookie = login.cookie ?? '';
      assert.match(cookie, /^__Host-rollcall=rcs_/);
      assert.equal((await ask('GET', '/users', { cookie })).status, 200);
      assert.equal((await ask('POST', '/auth/logout', { cookie })).status, 403, 'from no page of the box');
      const origin = `https://localhost:${port}`;
      const out = await ask('POST', '/auth/logout', { cookie, origin, host: `localhost:${port}` });
      assert.equal(out.status, 200, out.text);
      assert.equal((await ask('GET', '/users', { cookie })).status, 401);

      const audit = (await box.command('audit', 'list', '--json')).stdout;
      for (const action of ['user.claimed', 'login.succeeded', 'session.refreshed', 'access.refused']) {
        assert.ok(audit.includes(`"${action}"`), action);
      }
      assert.ok(audit.includes('https 127.0.0.1'));
      for (const secret of [goodPassword, cookie, String(data['accessToken'])]) {
        assert.ok(!audit.includes(secret));
      }
    }));

  test('and their tokens are kept over a restart', () =>
    withClaimedBox(async (box, ask) => {
      const given = { userName: 'anna', password: goodPassword };
      const { data } = await ask('POST', '/auth/login', {}, given);
      const asAnna = { authorization: `Bearer ${data['accessToken']}` };
      await box.stop();
      await box.start();
      await until(
        'the box through its gate',
        async () => (await ask('GET', '/auth/me', asAnna)).status === 200,
      );
      assert.match((await box.command('user', 'list')).stdout, /^anna +admin +active/m);
    }));
});
