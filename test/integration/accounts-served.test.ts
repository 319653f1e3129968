import assert from 'node:assert/strict';
import { describe, mock, test } from 'node:test';
import { stepUpMs } from '../../daemon/contract/caller.js';
import { pathFields } from '../../daemon/contract/operation.js';
import { atTheBox, goodPassword } from '../support/accounts-fixture.js';
import { type AccountsServer, accountOperations, openAccountsServer } from '../support/accounts-server.js';
import { until } from '../support/until.js';

const bearer = (token: unknown) => ({ authorization: `Bearer ${token}` });
const credentials = { userName: 'anna', password: goodPassword };

const login = async ({ ask }: AccountsServer, given: object = {}) => {
  const { body } = await ask({ method: 'POST', path: '/auth/login', body: { ...credentials, ...given } });
  return { token: body.data?.['accessToken'], refresh: body.data?.['refreshToken'] };
};

describe('accounts over HTTP', () => {
  test('lead from the claim to the logout', async () => {
    await using server = await openAccountsServer();
    const { box, ask } = server;
    const reasonNow = async (): Promise<unknown> => {
      const { status, body } = await ask({ method: 'GET', path: '/auth/me' });
      assert.equal(status, 401);
      return (body.error as { details?: { reason?: unknown } } | undefined)?.details?.reason;
    };
    assert.equal(await reasonNow(), 'unclaimed');
    const { secret } = await box.accounts.handlers['users.claim']({ isReset: false }, box.call(atTheBox));
    const claimed = await ask({ method: 'POST', path: '/auth/claim', body: { secret, ...credentials } });
    assert.deepEqual([claimed.status, claimed.body.data?.['role']], [200, 'admin']);
    assert.equal(await reasonNow(), undefined);
    const { token, refresh } = await login(server);
    const me = await ask({ method: 'GET', path: '/auth/me', headers: bearer(token) });
    assert.match(JSON.stringify(me.body.data?.['user']), /"userName":"anna"/);
    const created = await ask({
      ...{ method: 'POST', path: '/users', headers: bearer(token) },
      body: { userName: 'berta', role: 'viewer' },
    });
    assert.equal(created.status, 200, JSON.stringify(created.body));
    const refreshed = await ask({ method: 'POST', path: '/auth/refresh', body: { refreshToken: refresh } });
    const next = refreshed.body.data?.['accessToken'];
    assert.equal((await ask({ method: 'POST', path: '/auth/logout', headers: bearer(next) })).status, 200);
    assert.equal((await ask({ method: 'GET', path: '/auth/me', headers: bearer(next) })).status, 401);
  });

  test('give a browser a cookie that scripts and other sites cannot use, and no token', async () => {
    await using server = await openAccountsServer();
    const { box, ask } = server;
    await box.claim();
    const body = { ...credentials, kind: 'session' };
    const answer = await ask({ method: 'POST', path: '/auth/login', body });
    const set = answer.headers.get('set-cookie') ?? '';
    assert.match(
      set,
      /^__Host-rollcall=rcs_[\w-]{43}; Path=\/; Secure; HttpOnly; SameSite=Strict; Max-Age=43200$/,
    );
    assert.ok(!JSON.stringify(answer.body).includes('rcs_'));
    const [cookie = ''] = set.split(';');
    assert.equal((await ask({ method: 'GET', path: '/auth/me', headers: { cookie } })).status, 200);
    const logout = (origin?: string) =>
      ask({
        ...{ method: 'POST', path: '/auth/logout' },
        headers: { cookie, ...(origin === undefined ? {} : { 'x-rollcall-origin': origin }) },
      });
    assert.equal((await logout()).status, 403);
    assert.equal((await logout('none')).status, 403);
    const done = await logout('same');
    assert.equal(done.status, 200);
    assert.match(done.headers.get('set-cookie') ?? '', /^__Host-rollcall=; .*Max-Age=0$/);
    assert.equal((await ask({ method: 'GET', path: '/auth/me', headers: { cookie } })).status, 401);
  });

  test('are refused without a token, with a forged one, after its end, and to another role', async () => {
    await using server = await openAccountsServer();
    const { box, ask } = server;
    await box.claim();
    await box.addUser('berta', 'viewer');
    const viewer = await login(server, { userName: 'berta' });
    const old = await login(server);
    box.clock.advanceBy(16 * 60_000);
    const fresh = await login(server, { userName: 'berta' });
    assert.ok(viewer.token !== undefined);
    const tried: string[] = [];
    for (const [id, declaration] of Object.entries(accountOperations)) {
      if (declaration.scope === 'public') continue;
      const path = pathFields(declaration.path).reduce(
        (text, name) => text.replace(`{${name}}`, name === 'id' ? `u-${'0'.repeat(26)}` : 'mine'),
        declaration.path as string,
      );
      const status = async (headers: Record<string, string>) =>
        (await ask({ method: declaration.method, path, headers })).status;
      if ('isLocalOnly' in declaration) {
        assert.ok([403, 404, 405].includes(await status(bearer(fresh.token))), id);
        continue;
      }
      assert.equal(await status({}), 401, `${id} without a token`);
      assert.equal(await status(bearer(old.token)), 401, `${id} with an expired token`);
      assert.equal(await status(bearer(`${fresh.token}x`)), 401, `${id} with a forged token`);
      if (declaration.scope !== 'self')
        assert.equal(await status(bearer(fresh.token)), 403, `${id} as a viewer`);
      tried.push(id);
    }
    assert.ok(tried.length > 25, tried.join());
  });

  test('are refused if the session ended while their body was coming', async () => {
    await using server = await openAccountsServer();
    const { box, ask } = server;
    await box.claim();
    const { token } = await login(server);
    const looked = mock.method(box.accounts, 'authenticate');
    const body = new TransformStream<Uint8Array, Uint8Array>();
    const writer = body.writable.getWriter();
    const answer = ask({ method: 'POST', path: '/users', headers: bearer(token), body: body.readable });
    await writer.write(Buffer.from('{"userName":"berta",'));
    await until('the request has begun', () => looked.mock.callCount() > 0);
    assert.ok(await looked.mock.calls[0]?.result, 'it began with a session');
    looked.mock.restore();
    await ask({ method: 'POST', path: '/auth/logout', headers: bearer(token) });
    await writer.write(Buffer.from('"role":"admin"}'));
    await writer.close();
    assert.equal((await answer).status, 401);
    const { total } = await box.accounts.handlers['users.list']({ limit: 1 }, box.call(atTheBox));
    assert.equal(total, 1);
  });

  test('open to an account that must change its password nothing but that', async () => {
    await using server = await openAccountsServer();
    const { box, ask } = server;
    const { initialPassword } = await box.accounts.handlers['users.create'](
      { userName: 'berta', role: 'admin' },
      box.call(atTheBox),
    );
    const password = initialPassword ?? '';
    const { token } = await login(server, { userName: 'berta', password });
    const send = (method: string, path: string, body?: object) =>
      ask({ method, path, headers: bearer(token), ...(body === undefined ? {} : { body }) });
    for (const [method, path] of [
      ['POST', '/auth/second-factor'],
      ['GET', '/auth/sessions'],
      ['PATCH', '/auth/preferences'],
      ['GET', '/users'],
    ] as const) {
      const { status, body } = await send(method, path);
      assert.equal(status, 403, path);
      assert.match(JSON.stringify(body.error), /"forbidden".*auth\.change-password/, path);
    }
    assert.equal((await send('GET', '/auth/me')).status, 200);
    assert.equal((await send('POST', '/auth/step-up', { password })).status, 200);
    const change = { oldPassword: password, newPassword: goodPassword };
    assert.equal((await send('POST', '/auth/password', change)).status, 200);
    assert.equal((await send('GET', '/auth/sessions')).status, 200);
  });

  test('ask for a fresh proof after five minutes', async () => {
    await using server = await openAccountsServer();
    const { box, ask } = server;
    await box.claim();
    const { token } = await login(server);
    const create = (userName: string) =>
      ask({ method: 'POST', path: '/users', headers: bearer(token), body: { userName, role: 'viewer' } });
    box.clock.advanceBy(stepUpMs + 1000);
    const refused = await create('berta');
    assert.deepEqual([refused.status, refused.body.error?.code], [403, 'step-up-required']);
    const path = '/auth/step-up';
    await ask({ method: 'POST', path, headers: bearer(token), body: { password: goodPassword } });
    assert.equal((await create('berta')).status, 200);
  });

  test('say how long to wait when logins fail', async () => {
    await using server = await openAccountsServer();
    const { box, ask } = server;
    await box.claim();
    const attempt = () =>
      ask({ method: 'POST', path: '/auth/login', body: { userName: 'anna', password: 'wrong' } });
    for (let failure = 0; failure < 3; failure += 1) assert.equal((await attempt()).status, 401);
    const slowed = await attempt();
    assert.deepEqual([slowed.status, slowed.headers.get('retry-after')], [429, '1']);
  });

  test('leave an entry for each refused request, and few for a loop', async () => {
    await using server = await openAccountsServer();
    const { box, ask } = server;
    await box.claim();
    await box.addUser('berta', 'viewer');
    const { token } = await login(server, { userName: 'berta' });
    const refused = () => box.entries.filter(({ action }) => action === 'access.refused');
    await ask({ method: 'GET', path: '/users', headers: bearer(token) });
    const [entry] = refused();
    assert.deepEqual(
      [entry?.details?.['operation'], entry?.details?.['code'], entry?.by.origin],
      ['users.list', 'forbidden', 'https 192.0.2.7'],
    );
    await ask({ method: 'GET', path: '/users' });
    assert.equal(refused().length, 1, 'a request without credentials is no attempt');
    for (let round = 0; round < 200; round += 1) {
      await ask({ method: 'GET', path: '/users', headers: bearer('a.b.c') });
    }
    assert.equal(refused().length, 61);
  });

  test('give a tag with what has a revision, and change only what the tag stands for', async () => {
    await using server = await openAccountsServer();
    const { box, ask } = server;
    const annaId = await box.claim();
    const headers = bearer((await login(server)).token);
    const created = await ask({
      ...{ method: 'POST', path: '/users', headers },
      body: { userName: 'berta', role: 'viewer' },
    });
    const user = created.body.data?.['user'];
    assert.ok(typeof user === 'object' && user !== null && 'id' in user);
    const path = `/users/${user.id}`;
    const read = (more: object = {}) => ask({ method: 'GET', path, headers: { ...headers, ...more } });
    const change = (ifMatch: string, body: object, at = path) =>
      ask({ method: 'PATCH', path: at, headers: { ...headers, 'if-match': ifMatch }, body });

    const tag = (await read()).headers.get('etag') ?? '';
    assert.match(tag, /^"1-[\w-]{16}"$/);
    const again = await read({ 'if-none-match': `"other", W/${tag}` });
    assert.deepEqual([again.status, again.headers.get('etag'), again.body], [304, tag, {}]);
    const changed = await change(tag, { displayName: 'Berta' });
    assert.equal(changed.status, 200);
    const next = changed.headers.get('etag') ?? '';
    assert.match(next, /^"2-/);
    const late = await change(tag, { displayName: 'Bertha' });
    assert.deepEqual([late.status, late.body.error?.code], [412, 'changed-meanwhile']);
    assert.equal((await read({ 'if-none-match': tag })).status, 200);
    assert.equal((await read({ 'if-none-match': next })).status, 304);
    for (const unknown of ['"2"', 'W/"2-x"', '2', `${next}, ${tag}`, '"0-x"']) {
      assert.equal((await change(unknown, { displayName: 'x' })).status, 412, unknown);
    }
    assert.equal((await change(next, { displayName: 'x', ifRevision: 7 })).status, 400);
    assert.equal((await change('*', { displayName: 'Bea' })).status, 200);

    // The time of the last login changes without a new revision.
    const ownTag = async () =>
      (await ask({ method: 'GET', path: `/users/${annaId}`, headers })).headers.get('etag') ?? '';
    const before = await ownTag();
    box.clock.advanceBy(60_000);
    await login(server);
    const after = await ownTag();
    assert.notEqual(after, before);
    assert.equal(after.split('-')[0], before.split('-')[0]);

    const remove = await ask({ method: 'DELETE', path, headers: { ...headers, 'if-match': next } });
    assert.deepEqual([remove.status, remove.body.error?.code], [400, 'bad-request'], 'it compares none');
    const role = await ask({ method: 'GET', path: '/roles/viewer', headers });
    assert.match(role.headers.get('etag') ?? '', /^"\d+-/);
  });
});
