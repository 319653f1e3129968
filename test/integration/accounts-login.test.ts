import assert from 'node:assert/strict';
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { claimMs } from '../../daemon/core/accounts/claims.js';
import { accountRule, forgetMs, lockMs } from '../../daemon/core/accounts/login-throttle.js';
import { Sqlite } from '../../daemon/host/sqlite-driver.js';
import { isRollcallError } from '../../daemon/kernel/errors.js';
import {
  type AccountsFixture,
  atTheBox,
  codeAt,
  codeOf,
  fromNetwork,
  goodPassword,
  openAccountsFixture,
  withAccounts,
} from '../support/accounts-fixture.js';

const claimSecret = async ({ accounts, call }: AccountsFixture, isReset = false): Promise<string> =>
  (await accounts.handlers['users.claim']({ isReset }, call(atTheBox))).secret;

const claimBody = (secret: string, userName = 'anna') => ({
  secret,
  userName,
  displayName: '',
  password: goodPassword,
});

const tryLogin = (
  { accounts, call }: AccountsFixture,
  userName: string,
  password: string,
  address?: string,
) =>
  codeOf(() =>
    accounts.handlers['auth.login']({ userName, password, kind: 'tokens' }, call(fromNetwork(address))),
  );

describe('the claim', () => {
  test('creates the first administrator once', () =>
    withAccounts(async (box) => {
      const { accounts, call } = box;
      const secret = await claimSecret(box);
      const named = { ...claimBody(secret, 'Anna'), displayName: ' Anna Berg ' };
      const user = await accounts.handlers['auth.claim'](named, call());
      assert.deepEqual([user.userName, user.role, user.mustChangePassword], ['anna', 'admin', false]);
      assert.equal(user.displayName, 'Anna Berg');
      assert.equal(
        await codeOf(() => accounts.handlers['auth.claim'](claimBody(secret, 'berta'), call())),
        'claim-refused',
      );
      assert.equal(await codeOf(() => claimSecret(box)), 'already-claimed');
      assert.deepEqual(box.actions(), ['user.claim-made', 'user.claimed', 'user.claim-refused']);
    }));

  test('ends after 60 minutes, and when a new secret is made', () =>
    withAccounts(async (box) => {
      const { accounts, call, clock } = box;
      const replaced = await claimSecret(box);
      const expired = await claimSecret(box);
      const claim = (secret: string) =>
        codeOf(() => accounts.handlers['auth.claim'](claimBody(secret), call()));
      assert.equal(await claim(replaced), 'claim-refused');
      clock.advanceBy(claimMs);
      assert.equal(await claim(expired), 'claim-refused');
    }));

  test('of two requests with one secret creates one account', () =>
    withAccounts(async (box) => {
      const { accounts, call } = box;
      const secret = await claimSecret(box);
      const codes = await Promise.all(
        ['anna', 'berta'].map((name) =>
          codeOf(() => accounts.handlers['auth.claim'](claimBody(secret, name), call())),
        ),
      );
      assert.deepEqual(codes.sort(), ['claim-refused', 'none']);
    }));

  test('makes one more administrator only if that was asked for at the box', () =>
    withAccounts(async (box) => {
      await box.claim('anna');
      const { handlers } = box.accounts;
      const secret = await claimSecret(box, true);
      await handlers['auth.claim'](claimBody(secret, 'berta'), box.call());
      await box.login('anna');
      await box.login('berta');
      const { caller } = await box.login('berta');
      assert.equal(
        await codeOf(() => handlers['users.claim']({ isReset: true }, box.call(caller))),
        'only-at-the-box',
      );
    }));

  test('is not locked for others by guesses from one address', () =>
    withAccounts(async (box) => {
      const { handlers } = box.accounts;
      const secret = await claimSecret(box);
      for (let guess = 0; guess < 30; guess += 1) {
        await codeOf(() =>
          handlers['auth.claim'](claimBody(`rcc_${'x'.repeat(43)}`), box.call(fromNetwork('198.51.100.9'))),
        );
        box.clock.advanceBy(61_000);
      }
      await handlers['auth.claim'](claimBody(secret), box.call(fromNetwork('192.0.2.1')));
    }));

  test('is not locked by logins under a name that is made for it', () =>
    withAccounts(async (box) => {
      const secret = await claimSecret(box);
      for (const name of ['the claim from 192.0.2.1', '192.0.2.1']) await lock(box, name);
      await box.accounts.handlers['auth.claim'](claimBody(secret), box.call(fromNetwork('192.0.2.1')));
    }));
});

describe('a login', () => {
  test('answers a wrong name, a wrong password and a disabled account alike', () =>
    withAccounts(async (box) => {
      await box.claim();
      const id = await box.addUser('berta', 'viewer');
      await box.accounts.handlers['users.change']({ id, isDisabled: true }, box.call(atTheBox));
      const refusals = [];
      for (const [name, password] of [
        ['anna', 'wrong'],
        ['keiner', goodPassword],
        ['berta', goodPassword],
      ] as const) {
        try {
          await box.login(name, password);
          assert.fail('the login succeeded');
        } catch (error) {
          assert.ok(isRollcallError(error));
          refusals.push([error.code, error.message, error.remedy, error.details]);
        }
      }
      assert.equal(refusals[0]?.[0], 'login-refused');
      assert.deepEqual(refusals[1], refusals[0]);
      assert.deepEqual(refusals[2], refusals[0]);
      const failed = box.entries.filter(({ action }) => action === 'login.failed');
      assert.deepEqual(
        failed.map(({ details }) => details?.['reason']),
        ['password', 'unknown-user', 'disabled'],
      );
    }));

  test('takes a user name in any case, and as a whole', () =>
    withAccounts(async (box) => {
      await box.claim('Anna');
      await box.login('ANNA');
      for (const name of ['ann', 'anna ', '', 'anna%'])
        assert.equal(await tryLogin(box, name, goodPassword), 'login-refused');
    }));

  test('does not succeed if the password is reset, or the account disabled or removed, while it is checked', () =>
    withAccounts(async (box) => {
      await box.claim();
      const { handlers } = box.accounts;
      const by = box.call(atTheBox);
      const later = async (work: () => unknown) => {
        await Promise.resolve();
        await work();
      };
      for (const work of [
        (id: string) => handlers['users.reset-password']({ id }, by),
        (id: string) => later(() => handlers['users.change']({ id, isDisabled: true }, by)),
        (id: string) => later(() => handlers['users.remove']({ id }, by)),
      ]) {
        const id = await box.addUser('berta', 'viewer');
        // The password that is begun first is hashed first.
        const working = work(id);
        const login = tryLogin(box, 'berta', goodPassword);
        await working;
        assert.equal(await login, 'login-refused');
        await codeOf(() => handlers['users.remove']({ id }, by));
      }
    }));

  test('takes a password in any Unicode form that looks the same', () =>
    withAccounts(async (box) => {
      await box.claim();
      const { handlers } = box.accounts;
      const { caller } = await box.login('anna');
      const composed = 'Bär Käse Möwe Füße'.normalize('NFC');
      await handlers['auth.change-password'](
        { oldPassword: goodPassword, newPassword: composed },
        box.call(caller),
      );
      await box.login('anna', composed.normalize('NFD'));
    }));

  test('is slowed from the third failure on, and locked after ten, also after a restart', () =>
    withAccounts(async (box) => {
      await box.claim();
      const codes: string[] = [];
      for (let failure = 0; failure < accountRule.lockAt; failure += 1) {
        const early = await tryLogin(box, 'anna', 'wrong', `192.0.2.${failure}`);
        if (early === 'login-slowed') {
          codes.push(early);
          await box.restart();
          box.clock.advanceBy(60_000);
          codes.push(await tryLogin(box, 'anna', 'wrong', `192.0.2.${failure}`));
        } else codes.push(early);
      }
      assert.deepEqual(codes.slice(0, 4), [
        'login-refused',
        'login-refused',
        'login-refused',
        'login-slowed',
      ]);
      assert.equal(codes.at(-1), 'account-locked');
      await box.restart();
      box.clock.advanceBy(lockMs - 1000);
      assert.equal(await tryLogin(box, 'anna', goodPassword), 'account-locked');
      const [user] = (await box.accounts.handlers['users.list']({ limit: 10 }, box.call(atTheBox))).items;
      assert.ok(user?.lockedUntil !== undefined);
      box.clock.advanceBy(1000);
      assert.equal(await tryLogin(box, 'anna', goodPassword), 'none');
      assert.ok(box.actions().includes('login.locked'));
    }));

  test('is locked by guesses that never stop, however slow they are', () =>
    withAccounts(async (box) => {
      await box.claim();
      for (let failure = 1; failure <= accountRule.lockAt; failure += 1) {
        const code = await tryLogin(box, 'anna', 'wrong', `192.0.2.${failure}`);
        assert.equal(code, failure === accountRule.lockAt ? 'account-locked' : 'login-refused');
        box.clock.advanceBy(forgetMs - 1);
      }
      const { clock } = box;
      clock.advanceBy(lockMs);
      assert.equal(await tryLogin(box, 'anna', goodPassword), 'none', 'after a pause');
    }));

  test('of a locked account works again once an administrator unlocks it', () =>
    withAccounts(async (box) => {
      const id = await box.claim();
      await lock(box, 'anna');
      assert.equal(await tryLogin(box, 'anna', goodPassword), 'account-locked');
      await box.accounts.handlers['users.unlock']({ id }, box.call(atTheBox));
      assert.equal(await tryLogin(box, 'anna', goodPassword), 'none');
    }));

  test('locks a name that does not exist like one that does', () =>
    withAccounts(async (box) => {
      await lock(box, 'keiner');
      assert.equal(await tryLogin(box, 'keiner', goodPassword), 'account-locked');
    }));

  test('that locks tells nothing about whether the name exists', () =>
    withAccounts(async (box) => {
      await box.claim('anna');
      const answers: unknown[] = [];
      for (const [network, name] of [
        ['203.0.113', 'Anna'],
        ['198.51.100', 'Keiner'],
      ] as const) {
        const startMs = box.clock.wallMs();
        for (let failure = 0; failure < accountRule.lockAt; failure += 1) {
          try {
            await box.accounts.handlers['auth.login'](
              { userName: name, password: 'wrong', kind: 'tokens' },
              box.call(fromNetwork(`${network}.${failure}`)),
            );
          } catch (error) {
            assert.ok(isRollcallError(error));
            const { lockedUntil, ...others } = error.details;
            const untilMs = typeof lockedUntil === 'string' ? Date.parse(lockedUntil) - startMs : undefined;
            if (failure === accountRule.lockAt - 1)
              answers.push([error.code, error.message, error.remedy, untilMs, others]);
          }
          box.clock.advanceBy(61_000);
        }
      }
      assert.equal(answers.length, 2);
      assert.match(JSON.stringify(answers[0]), /^\["account-locked",.*,\d+,\{/);
      assert.deepEqual(answers[1], answers[0]);
    }));

  test('forgets failures after a quiet quarter of an hour, and after a success', () =>
    withAccounts(async (box) => {
      await box.claim();
      const fail = async () => {
        for (let failure = 0; failure < 3; failure += 1) await tryLogin(box, 'anna', 'wrong');
      };
      await fail();
      box.clock.advanceBy(forgetMs);
      await fail();
      box.clock.advanceBy(5_000);
      assert.equal(await tryLogin(box, 'anna', goodPassword), 'none');
      await fail();
      assert.equal(await tryLogin(box, 'anna', goodPassword), 'login-slowed');
    }));

  test('lets many guesses at once gain nothing', () =>
    withAccounts(async (box) => {
      await box.claim();
      const codes = await Promise.all(
        Array.from({ length: 30 }, (_, index) => tryLogin(box, 'anna', `wrong ${index}`, `192.0.2.${index}`)),
      );
      const checked = codes.filter((code) => code === 'login-refused').length;
      assert.ok(checked <= accountRule.slowFrom, `${checked} passwords were checked`);
    }));

  test('slows an address that tries many names', () =>
    withAccounts(async (box) => {
      await box.claim();
      const codes: string[] = [];
      for (let name = 0; name < 25; name += 1) codes.push(await tryLogin(box, `user-${name}`, 'wrong'));
      assert.equal(codes.indexOf('login-slowed'), 20);
      assert.equal(await tryLogin(box, 'anna', goodPassword), 'login-slowed');
      assert.equal(await tryLogin(box, 'anna', goodPassword, '198.51.100.9'), 'none');
    }));

  test('counts the addresses of one IPv6 network as one', () =>
    withAccounts(async (box) => {
      const codes: string[] = [];
      for (let host = 1; host <= 21; host += 1) {
        codes.push(await tryLogin(box, `user-${host}`, 'wrong', `2001:db8::${host.toString(16)}`));
      }
      assert.equal(codes.indexOf('login-slowed'), 20);
    }));

  test('raises the alarm at the fifth failure within ten minutes, and not when they are spread', () =>
    withAccounts(async (box) => {
      await box.claim();
      for (let failure = 0; failure < 4; failure += 1) {
        await tryLogin(box, 'anna', 'wrong');
        box.clock.advanceBy(30_000);
        if (failure === 1) await box.restart();
      }
      assert.equal(box.alarms(), 0);
      await tryLogin(box, 'anna', 'wrong');
      assert.equal(box.alarms(), 1);
      for (let failure = 0; failure < 6; failure += 1) {
        box.clock.advanceBy(4 * 60_000);
        await tryLogin(box, 'berta', 'wrong', `198.51.100.${failure}`);
      }
      assert.equal(box.alarms(), 1);
    }));

  test('refuses more passwords at once than the box can check', () =>
    withAccounts(async (box) => {
      const codes = await Promise.all(
        Array.from({ length: 40 }, (_, index) => tryLogin(box, `user-${index}`, 'wrong', `192.0.2.${index}`)),
      );
      const counts = { refused: codes.filter((code) => code === 'login-refused').length };
      assert.deepEqual(
        [counts.refused, codes.filter((code) => code === 'busy').length],
        [10, 30],
        'one is checked, nine wait',
      );
    }));
});

describe('the second factor', () => {
  const setUp = async (box: AccountsFixture) => {
    await box.claim();
    const { caller } = await box.login('anna');
    const { handlers } = box.accounts;
    const { secret, uri } = await handlers['auth.begin-second-factor']({}, box.call(caller));
    assert.match(uri, /^otpauth:\/\/totp\/rollcall%20werk-nord:anna\?/);
    const code = codeAt(secret, box.clock.wallMs());
    const { recoveryCodes } = await handlers['auth.confirm-second-factor']({ code }, box.call(caller));
    return { secret, recoveryCodes, caller };
  };

  test('is asked for after the right password only, and takes each code once', () =>
    withAccounts(async (box) => {
      const { secret } = await setUp(box);
      assert.equal(await tryLogin(box, 'anna', 'wrong'), 'login-refused');
      assert.equal(await tryLogin(box, 'anna', goodPassword), 'second-factor-required');
      const used = codeAt(secret, box.clock.wallMs());
      assert.equal(await codeOf(() => box.login('anna', goodPassword, used)), 'login-refused');
      box.clock.advanceBy(30_000);
      const code = codeAt(secret, box.clock.wallMs());
      await box.login('anna', goodPassword, code);
      assert.equal(await codeOf(() => box.login('anna', goodPassword, code)), 'login-refused');
    }));

  test('takes a code of the step before and after, and no other', () =>
    withAccounts(async (box) => {
      const { secret } = await setUp(box);
      box.clock.advanceBy(10 * 60_000);
      const nowMs = box.clock.wallMs();
      for (const steps of [-2, 2]) {
        const code = codeAt(secret, nowMs + steps * 30_000);
        assert.equal(await codeOf(() => box.login('anna', goodPassword, code)), 'login-refused', `${steps}`);
      }
      for (const steps of [-1, 0, 1])
        await box.login('anna', goodPassword, codeAt(secret, nowMs + steps * 30_000));
    }));

  test('of two requests with one code lets one in', () =>
    withAccounts(async (box) => {
      const { secret } = await setUp(box);
      box.clock.advanceBy(60_000);
      const code = codeAt(secret, box.clock.wallMs());
      const codes = await Promise.all([1, 2].map(() => codeOf(() => box.login('anna', goodPassword, code))));
      assert.deepEqual(codes.sort(), ['login-refused', 'none']);
    }));

  test('is replaced by a recovery code, each once, in any spelling', () =>
    withAccounts(async (box) => {
      const { recoveryCodes } = await setUp(box);
      const [first = '', second = ''] = recoveryCodes;
      assert.equal(new Set(recoveryCodes).size, 10);
      await box.login('anna', goodPassword, first.toUpperCase().replaceAll('-', ' '));
      assert.equal(await codeOf(() => box.login('anna', goodPassword, first)), 'login-refused');
      const { caller } = await box.login('anna', goodPassword, second);
      const { user } = await box.accounts.handlers['auth.me']({}, box.call(caller));
      assert.equal(user?.recoveryCodesLeft, 8);
    }));

  test('guards step-up: a password alone does not renew the proof of such an account', () =>
    withAccounts(async (box) => {
      const { secret, caller } = await setUp(box);
      const { handlers } = box.accounts;
      box.clock.advanceBy(6 * 60_000);
      const stepUp = (given: { password?: string; code?: string }) =>
        codeOf(() => handlers['auth.step-up'](given, box.call(caller)));
      assert.equal(await stepUp({ password: goodPassword }), 'second-factor-required');
      assert.equal(await stepUp({ code: '000000' }), 'login-refused');
      assert.equal(await stepUp({ code: codeAt(secret, box.clock.wallMs()) }), 'none');
    }));

  test('is confirmed by one of two requests at once, whose recovery codes count', () =>
    withAccounts(async (box) => {
      await box.claim();
      const { caller } = await box.login('anna');
      const { handlers } = box.accounts;
      const { secret } = await handlers['auth.begin-second-factor']({}, box.call(caller));
      const code = codeAt(secret, box.clock.wallMs());
      const confirm = () => handlers['auth.confirm-second-factor']({ code }, box.call(caller));
      const codes = await Promise.all([codeOf(confirm), codeOf(confirm)]);
      assert.deepEqual(codes.sort(), ['none', 'second-factor-exists']);
      assert.deepEqual(
        box.actions().filter((action) => action.startsWith('user.second-factor')),
        ['user.second-factor-begun', 'user.second-factor-added'],
      );
    }));

  test('cannot be begun again while it exists, and is removed with its recovery codes', () =>
    withAccounts(async (box) => {
      const { caller, recoveryCodes } = await setUp(box);
      const { handlers } = box.accounts;
      assert.equal(
        await codeOf(() => handlers['auth.begin-second-factor']({}, box.call(caller))),
        'second-factor-exists',
      );
      const user = await handlers['auth.remove-second-factor']({}, box.call(caller));
      assert.deepEqual([user.hasSecondFactor, user.recoveryCodesLeft], [false, 0]);
      await box.login('anna', goodPassword);
      assert.equal(recoveryCodes.length, 10);
    }));

  test('of one account cannot be copied to another in the file', () =>
    withAccounts(async (box) => {
      const { secret } = await setUp(box);
      await box.addUser('berta', 'viewer');
      const file = new Sqlite(join(box.dataDir, 'accounts.db'));
      file.exec(
        `UPDATE user SET second_factor = (SELECT second_factor FROM user WHERE user_name = 'anna') WHERE user_name = 'berta'`,
      );
      file.close();
      box.clock.advanceBy(60_000);
      assert.equal(
        await codeOf(() => box.login('berta', goodPassword, codeAt(secret, box.clock.wallMs()))),
        'login-refused',
      );
    }));
});

describe('what is stored', () => {
  test('has no password, token, code or user name of a failed login, and no entry has one', () =>
    withAccounts(async (box) => {
      await box.claim();
      const { handlers } = box.accounts;
      const { caller, refreshToken, accessToken } = await box.login('anna');
      await tryLogin(box, 'mein passwort aus versehen', 'wrong one');
      const { secret: totp } = await handlers['auth.begin-second-factor']({}, box.call(caller));
      const { recoveryCodes } = await handlers['auth.confirm-second-factor'](
        { code: codeAt(totp, box.clock.wallMs()) },
        box.call(caller),
      );
      const { secret: apiKey } = await handlers['api-keys.create'](
        { label: 'central', scopes: ['events:read'], expiresInDays: 30 },
        box.call(caller),
      );
      await handlers['auth.login'](
        { userName: 'anna', password: goodPassword, code: recoveryCodes[0], kind: 'session' },
        box.call(),
      );
      const cookie = box.cookie() ?? '';
      assert.match(cookie, /^rcs_/);
      const secrets = [
        ...[
          goodPassword,
          'wrong one',
          'mein passwort aus versehen',
          refreshToken,
          accessToken,
          totp,
          apiKey,
          cookie,
        ],
        ...recoveryCodes,
      ];
      const texts = readdirSync(box.dataDir, { recursive: true, encoding: 'utf8' })
        .map((name) => join(box.dataDir, name))
        .filter((path) => statSync(path).isFile())
        .map((path) => readFileSync(path).toString('latin1'));
      texts.push(JSON.stringify(box.entries));
      for (const secret of secrets) {
        assert.ok(!texts.some((text) => text.includes(secret)), `found ${secret}`);
      }
      assert.ok(!JSON.stringify(box.entries).includes('anna'));
    }));

  test('is readable for its owner only', () =>
    withAccounts(async (box) => {
      for (const name of ['accounts.db', 'keys/accounts-key']) {
        assert.equal(statSync(join(box.dataDir, name)).mode & 0o077, 0, name);
      }
    }));

  test('survives a damaged key: passwords and recovery codes work, tokens end, the damage is told', async () => {
    await using box = await openAccountsFixture();
    await box.claim();
    const { caller, accessToken } = await box.login('anna');
    const { handlers } = box.accounts;
    const { secret } = await handlers['auth.begin-second-factor']({}, box.call(caller));
    const code = codeAt(secret, box.clock.wallMs());
    const { recoveryCodes } = await handlers['auth.confirm-second-factor']({ code }, box.call(caller));
    writeFileSync(join(box.dataDir, 'keys', 'accounts-key'), Buffer.alloc(32));
    await box.restart();
    assert.equal(box.accounts.damage?.code, 'accounts-key-malformed');
    assert.equal(
      await codeOf(() => box.caller({ authorization: `Bearer ${accessToken}` })),
      'unauthenticated',
    );
    box.clock.advanceBy(60_000);
    const next = codeAt(secret, box.clock.wallMs());
    assert.equal(await codeOf(() => box.login('anna', goodPassword, next)), 'login-refused');
    await box.login('anna', goodPassword, recoveryCodes[0]);
    await box.restart();
    assert.equal(box.accounts.damage, undefined);
  });
});

test('a damaged file of the accounts does not stop the box: it is put aside, and a claim begins anew', () =>
  withAccounts(async (box) => {
    await box.claim();
    const path = join(box.dataDir, 'accounts.db');
    // The header stays, so that the file is still one of ours.
    await box.restart(() =>
      writeFileSync(path, Buffer.concat([readFileSync(path).subarray(0, 100), Buffer.alloc(60_000, 0x5a)])),
    );
    const { handlers } = box.accounts;
    assert.deepEqual((await handlers['users.list']({ limit: 10 }, box.call(atTheBox))).items, []);
    assert.ok(readdirSync(box.dataDir).some((name) => name.startsWith('accounts.db.damaged-')));
    await box.claim('berta');
    await box.login('berta');
  }));

async function lock(box: AccountsFixture, userName: string): Promise<void> {
  for (let failure = 0; failure < accountRule.lockAt; failure += 1) {
    await tryLogin(box, userName, 'wrong', `203.0.113.${failure}`);
    box.clock.advanceBy(61_000);
  }
}
