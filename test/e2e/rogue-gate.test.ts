import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { type IncomingHttpHeaders, type IncomingMessage, request } from 'node:http';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import { goodPassword } from '../support/accounts-fixture.js';
import { makeBox, type TestBox, withoutBuild } from '../support/box.js';
import { gateFolderOf } from '../support/box-gate.js';

type Headers = Readonly<Record<string, string>>;

interface Answer {
  readonly status: number;
  readonly code: string;
  readonly data: Readonly<Record<string, unknown>>;
  readonly headers: IncomingHttpHeaders;
}

/** Whatever a hostile gate may say about a caller. */
const lies: Headers = {
  ...{ 'x-rollcall-address': '127.0.0.1', 'x-rollcall-origin': 'same', 'x-request-id': 'rogue-gate-0001' },
  ...{ 'x-rollcall-user': 'admin', 'x-rollcall-scopes': 'users:write', 'x-rollcall-caller': 'uid:0' },
};

/** Speaks to the core from the place of the gate. */
async function tell(
  box: TestBox,
  method: string,
  path: string,
  headers: Headers,
  body?: unknown,
): Promise<Answer> {
  const asking = request({
    ...{ socketPath: join(gateFolderOf(box), 'gate.sock'), agent: false, method, path: `/api/v1${path}` },
    headers: { ...lies, ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
  });
  const answered = new Promise<IncomingMessage>((resolve, reject) => {
    asking.once('response', resolve);
    asking.on('error', reject);
  });
  asking.end(body === undefined ? undefined : JSON.stringify(body));
  const response = await answered;
  const said = JSON.parse(await text(response)) as {
    readonly data?: Answer['data'];
    readonly error?: { readonly code: string };
  };
  const { data = {}, error } = said;
  return { status: response.statusCode ?? 0, code: error?.code ?? '', data, headers: response.headers };
}

/** Everything that the core says to these bytes until it ends the connection. `isAll`: the gate sends no more, and says so. */
function say(box: TestBox, bytes: string | Buffer, isAll: boolean): Promise<string> {
  const socket: Socket = connect(join(gateFolderOf(box), 'gate.sock'));
  return new Promise((resolve) => {
    let said = '';
    socket.on('data', (chunk: Buffer) => {
      said += chunk.toString('latin1');
    });
    socket.on('error', () => undefined);
    socket.once('close', () => resolve(said));
    socket.write(bytes);
    if (isAll) socket.end();
  });
}

interface Kept {
  readonly token: Headers;
  readonly cookie: Headers;
  readonly refreshToken: string;
}

/** An administrator and an operator come through the gate before it is taken over. It keeps what it saw of the operator. */
async function operatorLogsIn(box: TestBox): Promise<Kept> {
  const secret = (await box.command('user', 'claim')).stdout.split('\n')[0];
  const anna = { userName: 'anna', password: goodPassword };
  await tell(box, 'POST', '/auth/claim', {}, { secret, ...anna });
  const admin = (await tell(box, 'POST', '/auth/login', {}, anna)).data['accessToken'];
  const first = 'eine Zeichenkette zum Wechseln';
  const otto = { userName: 'otto', role: 'operator', password: first };
  await tell(box, 'POST', '/users', { authorization: `Bearer ${admin}` }, otto);
  const given = await tell(box, 'POST', '/auth/login', {}, { userName: 'otto', password: first });
  const asOtto = { authorization: `Bearer ${given.data['accessToken']}` };
  const next = { oldPassword: first, newPassword: goodPassword };
  assert.equal((await tell(box, 'POST', '/auth/password', asOtto, next)).status, 200);
  const again = { userName: 'otto', password: goodPassword };
  const tokens = (await tell(box, 'POST', '/auth/login', {}, again)).data;
  const browser = await tell(box, 'POST', '/auth/login', {}, { ...again, kind: 'session' });
  return {
    token: { authorization: `Bearer ${tokens['accessToken']}` },
    cookie: { cookie: browser.headers['set-cookie']?.[0]?.split(';')[0] ?? '' },
    refreshToken: String(tokens['refreshToken']),
  };
}

/** A clock that is six minutes ahead: the proof of who the operator is has aged, their session and tokens live. */
const sixMinutesLater = {
  NODE_OPTIONS: `--import data:text/javascript,${encodeURIComponent('const now = Date.now; Date.now = () => now() + 360_000;')}`,
};

test('a gate that was taken over while an operator is logged in', {
  skip: withoutBuild,
}, async (t) => {
  await using box = await makeBox();
  await box.start();
  const kept = await operatorLogsIn(box);
  await box.stop();
  await box.start(sixMinutesLater);

  await t.test('does what the operator may do, under the name of the operator', async () => {
    for (const proof of [kept.token, kept.cookie]) {
      assert.equal((await tell(box, 'GET', '/persons', proof)).status, 200);
      assert.equal((await tell(box, 'GET', '/auth/me', proof)).data['actor'] !== undefined, true);
    }
    const { data } = await tell(box, 'GET', '/auth/me', kept.token);
    const me = data['user'] as { readonly userName: string; readonly role: string };
    assert.deepEqual([me.userName, me.role], ['otto', 'operator']);
  });

  await t.test('does nothing that asks who the operator is, without the password', async () => {
    for (const proof of [kept.token, kept.cookie]) {
      const factor = await tell(box, 'POST', '/auth/second-factor', proof);
      assert.equal(factor.code, 'step-up-required');
      const guessed = await tell(box, 'POST', '/auth/step-up', proof, { password: 'a guess of the gate' });
      assert.equal(guessed.code, 'login-refused');
    }
    const refreshed = await tell(box, 'GET', '/auth/me', { ...kept.token, 'x-rollcall-proved': 'now' });
    assert.ok(Date.parse(String(refreshed.data['provedAt'])) < Date.now(), 'the proof did not become newer');
  });

  await t.test('gets no other role, and no operation of this machine', async () => {
    const beyond = [
      ...[
        ['GET', '/users'],
        ['GET', '/audit/entries'],
        ['GET', '/keys'],
        ['GET', '/backups'],
        ['GET', '/trust'],
      ],
      ...[
        ['POST', '/users'],
        ['POST', '/api-keys'],
        ['POST', '/persons/p-00000000000000000000000000/erase'],
        ['POST', '/roles'],
      ],
    ] as const;
    for (const [method, path] of beyond) {
      const { status, data } = await tell(box, method, path, kept.token, method === 'POST' ? {} : undefined);
      assert.ok([403, 404].includes(status), `${method} ${path}: ${status}`);
      assert.deepEqual(data, {}, path);
    }
    for (const path of ['/users/claim', '/host', '/v1/status']) {
      const { status } = await tell(box, 'POST', path, kept.token, {});
      assert.ok([403, 404, 405].includes(status), `${path}: ${status}`);
    }
  });

  await t.test('makes no token or session of its own, and none of who never came', async () => {
    const [head, , signature] = (kept.token['authorization'] ?? '').slice('Bearer '.length).split('.');
    const claims = { sub: 'anna', scope: 'users:write', exp: 4_000_000_000 };
    const forged = `${head}.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.${signature}`;
    const unsigned = `${Buffer.from('{"alg":"none"}').toString('base64url')}.${forged.split('.')[1]}.`;
    const random = randomBytes(32).toString('base64url');
    for (const proof of [
      ...[{ authorization: `Bearer ${forged}` }, { authorization: `Bearer ${unsigned}` }],
      ...[{ authorization: `Bearer ${random}` }, { cookie: `__Host-rollcall=${random}` }, {}],
    ]) {
      assert.equal((await tell(box, 'GET', '/persons', proof)).status, 401);
    }
    assert.equal((await tell(box, 'POST', '/approvals/q-1/approve', kept.token)).code, 'step-up-required');
  });

  await t.test('gets no more requests for an account by naming other addresses', async () => {
    const left = async (address: string) => {
      const { headers } = await tell(box, 'GET', '/auth/me', {
        ...kept.token,
        'x-rollcall-address': address,
      });
      return Number(headers['ratelimit-remaining']);
    };
    const before = await left('192.0.2.1');
    assert.ok((await left('198.51.100.1')) < before, 'the account is counted, not the address');
  });

  await t.test('gives the right of one caller to no other on the same connection', async () => {
    const { authorization = '' } = kept.token;
    const head = 'GET /api/v1/persons HTTP/1.1\r\nHost: core\r\n';
    const said = await say(
      box,
      `${head}Authorization: ${authorization}\r\n\r\n${head}\r\n${head}Connection: close\r\n\r\n`,
      false,
    );
    assert.deepEqual(said.match(/HTTP\/1\.1 \d+/g), ['HTTP/1.1 200', 'HTTP/1.1 401', 'HTTP/1.1 401']);
  });

  await t.test('cannot stop the core with any bytes', async () => {
    const length =
      'POST /api/v1/auth/login HTTP/1.1\r\nHost: core\r\nContent-Type: application/json\r\nContent-Length: ';
    const pieces = [
      ...Array.from({ length: 40 }, (_, index) => randomBytes(1 + index * 97)),
      ...[
        'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
        `${length}-1\r\n\r\n`,
        `${length}5\r\n${'a: b\r\n'.repeat(3000)}\r\n`,
      ],
      Buffer.concat([Buffer.from(`${length}60000\r\n\r\n`), Buffer.alloc(60_000, '[')]),
    ];
    const answers = await Promise.all(pieces.map((piece) => say(box, piece, true)));
    for (const said of answers) assert.doesNotMatch(said, /"success":true/);
    assert.equal((await box.command('status')).exitCode, 0);
    assert.equal((await tell(box, 'GET', '/auth/me', kept.token)).status, 200, 'the operator works on');
  });

  await t.test('finds no key and no database in what it can read', async () => {
    const folder = gateFolderOf(box);
    const names = (await readdir(folder)).sort();
    assert.deepEqual(names, ['gate.json', 'gate.sock', 'live', 'tls.pem']);
    // Sockets of vision processes. This box has no camera that runs.
    assert.deepEqual(await readdir(join(folder, 'live')), []);
    const seen =
      (await readFile(join(folder, 'gate.json'), 'utf8')) + (await readFile(join(folder, 'tls.pem'), 'utf8'));
    const secrets = await readdir(join(box.directory, 'secrets'));
    assert.ok(secrets.includes('gallery-key'));
    for (const name of secrets) {
      const secret = (await readFile(join(box.directory, 'secrets', name), 'utf8')).trim();
      assert.ok(!seen.includes(secret), name);
    }
  });

  await t.test('gets nothing with what it kept once the operator has logged out', async () => {
    assert.equal((await tell(box, 'POST', '/auth/logout', kept.token)).status, 200);
    assert.equal((await tell(box, 'POST', '/auth/logout', kept.cookie)).status, 200);
    for (const proof of [kept.token, kept.cookie]) {
      assert.equal((await tell(box, 'GET', '/persons', proof)).status, 401);
    }
    const { refreshToken } = kept;
    assert.equal((await tell(box, 'POST', '/auth/refresh', {}, { refreshToken })).code, 'refresh-refused');
    const audit = (await box.command('audit', 'list', '--json')).stdout;
    assert.ok(audit.includes('"login.failed"'), 'its guesses are in the audit log');
  });
});
