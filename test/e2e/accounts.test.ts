import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { creationOptions, requestOptions } from '../../daemon/contract/passkeys.js';
import { goodPassword } from '../support/accounts-fixture.js';
import { makeBox, type TestBox, withoutBuild } from '../support/box.js';
import { type AskGate, askerAt, gateAnswers, startBoxGate } from '../support/box-gate.js';
import { freePort } from '../support/listening.js';
import { SoftwareAuthenticator } from '../support/software-authenticator.js';
import { withoutOpenssl } from '../support/test-certificate.js';
import { until } from '../support/until.js';

/** A box with its gate, whose first administrator was created over the network. */
async function withClaimedBox(
  work: (box: TestBox, ask: AskGate, port: number) => Promise<void>,
): Promise<void> {
  const port = await freePort();
  const gateConfig = { port, hosts: ['box.example'], passkeyHost: 'box.example' };
  await using box = await makeBox({ config: { gate: gateConfig, api: { secondPerson: ['users'] } } });
  await box.start();
  await using _gate = startBoxGate(box);
  await until('the gate', () => gateAnswers(port));
  const ask = askerAt(port);
  const { stdout } = await box.command('user', 'claim');
  const [secret = ''] = stdout.split('\n');
  const claimed = await ask('POST', '/auth/claim', {}, { secret, userName: 'anna', password: goodPassword });
  assert.equal(claimed.status, 200, claimed.text);
  await work(box, ask, port);
}

describe('accounts of a running box', { skip: withoutBuild || withoutOpenssl }, () => {
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

  test('take passkeys, wait for a second person where the configuration says so, and keep tokens over a restart', () =>
    withClaimedBox(async (box, ask, port) => {
      const given = { userName: 'anna', password: goodPassword };
      const { data } = await ask('POST', '/auth/login', {}, given);
      const asAnna = { authorization: `Bearer ${data['accessToken']}` };
      const origin = `https://box.example:${port}`;
      const device = new SoftwareAuthenticator(origin);
      const page = { origin, host: `box.example:${port}` };
      const begun = await ask('POST', '/auth/passkeys/attempts', asAnna);
      const made = device.create(creationOptions.parse(begun.data['options']));
      const added = { attempt: begun.data['attempt'], name: 'Phone', credential: made };
      assert.equal((await ask('POST', '/auth/passkeys', asAnna, added)).status, 200);
      const attempt = await ask('POST', '/auth/login/attempts', page);
      const credential = device.get(requestOptions.parse(attempt.data['options']));
      const login = await ask('POST', '/auth/login/passkey', page, {
        ...{ attempt: attempt.data['attempt'], credential },
      });
      assert.match(login.cookie ?? '', /^__Host-rollcall=rcs_/, login.text);

      const berta = { userName: 'berta', role: 'viewer' };
      const asked = await ask('POST', '/users', asAnna, berta);
      const [, id = ''] = /"approval":"([^"]+)"/.exec(asked.text) ?? [];
      assert.deepEqual([asked.status, /"approval-required"/.test(asked.text)], [403, true]);
      assert.match((await box.command('approval', 'approve', id)).stdout, /asked by anna, is approved/);
      assert.equal((await ask('POST', '/users', asAnna, berta)).status, 200);
      assert.equal((await ask('POST', '/users', asAnna, berta)).status, 403);

      const status = (await box.command('status')).stdout;
      assert.match(
        status,
        /certificate of the gate \(.*DNS:box\.example.*\): .* made by the box, SHA-256 [0-9A-F:]{95}/,
      );

      await box.stop();
      await box.start();
      await until(
        'the box through its gate',
        async () => (await ask('GET', '/auth/me', asAnna)).status === 200,
      );
      assert.match((await box.command('user', 'list')).stdout, /^anna +admin +active/m);
    }));
});
