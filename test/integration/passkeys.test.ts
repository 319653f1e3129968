import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Caller } from '../../daemon/contract/caller.js';
import type { Assertion } from '../../daemon/contract/passkeys.js';
import { relyingPartyOf } from '../../daemon/core/accounts/accounts-part.js';
import { attemptMs } from '../../daemon/core/accounts/passkey-attempts.js';
import { mostPasskeys } from '../../daemon/core/accounts/passkey-handlers.js';
import {
  type AccountsFixture,
  accountsEpochMs,
  atTheBox,
  codeAt,
  codeOf,
  goodPassword,
  openAccountsFixture,
} from '../support/accounts-fixture.js';
import { openAccountsServer } from '../support/accounts-server.js';
import {
  cborBytes,
  cborList,
  cborMap,
  cborText,
  type Deviation,
  SoftwareAuthenticator,
} from '../support/software-authenticator.js';

const origin = 'https://box.example:8443';
const relyingParty = () => relyingPartyOf({ passkeyHost: 'box.example', port: 8443 });
const openBox = () => openAccountsFixture({ relyingParty });

/** Anna, administrator, with a passkey in a new authenticator. */
async function withPasskey(box: AccountsFixture) {
  const userId = await box.claim();
  const { caller } = await box.login('anna');
  const device = new SoftwareAuthenticator(origin);
  const { id } = await add(box, caller, device);
  return { userId, caller, device, id };
}

async function add(
  box: AccountsFixture,
  caller: Caller,
  device: SoftwareAuthenticator,
  deviation?: Deviation,
) {
  const { handlers } = box.accounts;
  const { attempt, options } = await handlers['auth.begin-passkey']({}, box.call(caller));
  const credential = device.create(options, deviation);
  return handlers['auth.add-passkey']({ attempt, name: 'Phone', credential }, box.call(caller));
}

type Answered = (options: Parameters<SoftwareAuthenticator['get']>[0]) => Assertion;

async function login(box: AccountsFixture, answer: Answered, as?: Caller) {
  const { handlers } = box.accounts;
  const { attempt, options } = await handlers['auth.begin-passkey-login']({}, box.call(as));
  const given = { attempt, credential: answer(options), kind: 'tokens' } as const;
  return handlers['auth.login-with-passkey'](given, box.call(as));
}

/** A step-up with the passkey. */
async function prove(box: AccountsFixture, caller: Caller, device: SoftwareAuthenticator): Promise<void> {
  const { handlers } = box.accounts;
  const { attempt, options } = await handlers['auth.begin-passkey-proof']({}, box.call(caller));
  await handlers['auth.step-up']({ passkey: { attempt, credential: device.get(options) } }, box.call(caller));
}

describe('a passkey', () => {
  test('logs in without a name or a password, proves again who it is, is listed, and ends sessions when removed', async () => {
    await using box = await openBox();
    const { userId, caller, device, id } = await withPasskey(box);
    const { handlers } = box.accounts;
    const done = await login(box, (options) => device.get(options));
    assert.equal(done.user.id, userId);
    assert.equal(done.user.passkeys, 1);
    assert.ok(done.kind === 'tokens');
    const byPasskey = await box.caller({ authorization: `Bearer ${done.accessToken}` });
    assert.ok(byPasskey);
    assert.equal(byPasskey.provedAtMs, box.clock.wallMs());

    box.clock.advanceBy(6 * 60_000);
    const { attempt, options } = await handlers['auth.begin-passkey-proof']({}, box.call(caller));
    assert.deepEqual(
      options.allowCredentials.map(({ transports }) => transports),
      [['internal']],
    );
    const passkey = { attempt, credential: device.get(options) };
    await handlers['auth.step-up']({ passkey }, box.call(caller));
    const [listed] = await handlers['auth.passkeys']({}, box.call(caller));
    assert.deepEqual([listed?.id, listed?.name], [id, 'Phone']);
    assert.equal(listed?.lastUsedAt, new Date(box.clock.wallMs()).toISOString());

    assert.deepEqual(await handlers['auth.remove-passkey']({ id }, box.call(caller)), { ended: 1 });
    assert.equal(
      await codeOf(() => box.caller({ authorization: `Bearer ${done.accessToken}` })),
      'unauthenticated',
    );
    assert.equal(await codeOf(() => login(box, (given) => device.get(given))), 'login-refused');
    assert.equal(
      await codeOf(() => handlers['auth.remove-passkey']({ id }, box.call(caller))),
      'no-such-passkey',
    );
    const expected = ['user.passkey-begun', 'user.passkey-added', 'login.succeeded', 'session.proved'];
    assert.deepEqual(
      box
        .actions()
        .filter((each) => expected.includes(each) || each === 'user.passkey-removed')
        .slice(1),
      [...expected, 'user.passkey-removed'],
    );
    const factor = box.entries.findLast(({ action }) => action === 'login.succeeded')?.details?.['factor'];
    assert.equal(factor, 'passkey');
  });

  test('of an authenticator that counts nothing logs in again and again', async () => {
    await using box = await openBox();
    const { device } = await withPasskey(box);
    for (let time = 0; time < 3; time += 1)
      await login(box, (options) => device.get(options, { counter: 0 }));
  });

  test('logs in where the browser does not say whose it is', async () => {
    await using box = await openBox();
    const { device, userId } = await withPasskey(box);
    const done = await login(box, (options) => {
      const { response, ...rest } = device.get(options);
      const { userHandle: _, ...unnamed } = response;
      return { ...rest, response: unnamed };
    });
    assert.equal(done.user.id, userId);
  });

  test('may attest itself, if its signature is right', async () => {
    await using box = await openBox();
    await box.claim();
    const { caller } = await box.login('anna');
    const device = new SoftwareAuthenticator(origin);
    const wrong = () => add(box, caller, device, { selfAttests: 'something else' });
    assert.equal(await codeOf(wrong), 'passkey-refused');
    const { id } = await add(box, caller, device, { selfAttests: 'this' });
    assert.deepEqual(
      (await box.accounts.handlers['auth.passkeys']({}, box.call(caller))).map((passkey) => passkey.id),
      [id],
    );
  });

  test('is in the audit log when it is begun, added, suspected, fails and is removed', async () => {
    await using box = await openBox();
    const { userId, caller, device, id } = await withPasskey(box);
    const { handlers } = box.accounts;
    const said = () =>
      box.entries.splice(0).map(({ by, action, subject, details = {} }) => {
        const { session, agent: _, ...rest } = details;
        return [by.actor, action, subject, rest, session !== undefined];
      });
    const actor = `user:${userId}`;
    assert.deepEqual(said().slice(-2), [
      [actor, 'user.passkey-begun', userId, {}, true],
      [actor, 'user.passkey-added', userId, { passkey: id }, true],
    ]);
    await login(box, (options) => device.get(options, { counter: 9 }));
    assert.deepEqual(said(), [
      [actor, 'login.succeeded', userId, { factor: 'passkey', kind: 'tokens' }, true],
    ]);
    await codeOf(() => login(box, (options) => device.get(options, { counter: 5 })));
    assert.deepEqual(said(), [
      ['anonymous', 'user.passkey-suspect', userId, { passkey: id, counter: 5, before: 9 }, false],
      ['anonymous', 'login.failed', userId, { reason: 'passkey' }, false],
    ]);
    const proof = await handlers['auth.begin-passkey-proof']({}, box.call(caller));
    const credential = device.get(proof.options, { counter: 10 });
    await handlers['auth.step-up']({ passkey: { attempt: proof.attempt, credential } }, box.call(caller));
    assert.deepEqual(said(), [[actor, 'session.proved', userId, { factor: 'passkey' }, true]]);
    const stranger = new SoftwareAuthenticator(origin);
    stranger.create((await handlers['auth.begin-passkey']({}, box.call(caller))).options);
    said();
    await codeOf(() => login(box, (options) => stranger.get(options)));
    assert.deepEqual(said(), [['anonymous', 'login.failed', undefined, { reason: 'unknown-user' }, false]]);
    assert.deepEqual(await handlers['auth.remove-passkey']({ id }, box.call(caller)), { ended: 1 });
    assert.deepEqual(said(), [
      [actor, 'user.passkey-removed', userId, { passkey: id, sessionsEnded: 1 }, true],
    ]);
  });

  test('is added once, for one account, also by two requests at once', async () => {
    await using box = await openBox();
    const { caller, device } = await withPasskey(box);
    await prove(box, caller, device);
    const { handlers } = box.accounts;
    const begin = () => handlers['auth.begin-passkey']({}, box.call(caller));
    const [first, second] = [await begin(), await begin()];
    assert.deepEqual(
      first.options.excludeCredentials.map(({ type }) => type),
      ['public-key'],
    );
    const other = new SoftwareAuthenticator(origin);
    const made = other.create(first.options);
    const addAs = (attempt: string, challenge: string) => {
      const clientData = JSON.parse(Buffer.from(made.response.clientDataJSON, 'base64url').toString());
      const clientDataJSON = Buffer.from(JSON.stringify({ ...clientData, challenge })).toString('base64url');
      const credential = { ...made, response: { ...made.response, clientDataJSON } };
      return codeOf(() => handlers['auth.add-passkey']({ attempt, name: 'x', credential }, box.call(caller)));
    };
    const codes = await Promise.all([
      addAs(first.attempt, first.options.challenge),
      addAs(second.attempt, second.options.challenge),
    ]);
    assert.deepEqual(codes.sort(), ['none', 'passkey-exists']);
  });

  test('is not added if the account got another factor while it was made', async () => {
    await using box = await openBox();
    await box.claim();
    const { caller } = await box.login('anna');
    const { handlers } = box.accounts;
    const device = new SoftwareAuthenticator(origin);
    const { attempt, options } = await handlers['auth.begin-passkey']({}, box.call(caller));
    const { secret } = await handlers['auth.begin-second-factor']({}, box.call(caller));
    const code = codeAt(secret, box.clock.wallMs());
    await handlers['auth.confirm-second-factor']({ code }, box.call(caller));
    const given = { attempt, name: 'x', credential: device.create(options) };
    assert.equal(
      await codeOf(() => handlers['auth.add-passkey'](given, box.call(caller))),
      'present-factor-required',
    );
    assert.deepEqual(await handlers['auth.passkeys']({}, box.call(caller)), []);
  });

  test('is one of at most ten of an account', async () => {
    await using box = await openBox();
    const { caller, device } = await withPasskey(box);
    await prove(box, caller, device);
    const { handlers } = box.accounts;
    for (let count = 1; count < 9; count += 1) await add(box, caller, new SoftwareAuthenticator(origin));
    const [first, second] = [
      await handlers['auth.begin-passkey']({}, box.call(caller)),
      await handlers['auth.begin-passkey']({}, box.call(caller)),
    ];
    const addNow = ({ attempt, options }: typeof first) => {
      const credential = new SoftwareAuthenticator(origin).create(options);
      return codeOf(() => handlers['auth.add-passkey']({ attempt, name: 'x', credential }, box.call(caller)));
    };
    assert.deepEqual([await addNow(first), await addNow(second)], ['none', 'too-many-passkeys']);
    assert.equal(mostPasskeys, 10);
    const begin = () => handlers['auth.begin-passkey']({}, box.call(caller));
    assert.equal(await codeOf(begin), 'too-many-passkeys');
  });

  test('is shown with its name and its times, the oldest first, and counted for its account', async () => {
    await using box = await openBox();
    const { caller, device, id, userId } = await withPasskey(box);
    box.clock.advanceBy(1000);
    await prove(box, caller, device);
    const second = await add(box, caller, new SoftwareAuthenticator(origin));
    const { handlers } = box.accounts;
    const at = (ms: number) => new Date(accountsEpochMs + ms).toISOString();
    assert.deepEqual(await handlers['auth.passkeys']({}, box.call(caller)), [
      { id, name: 'Phone', createdAt: at(0), lastUsedAt: at(1000) },
      { id: second.id, name: 'Phone', createdAt: at(1000) },
    ]);
    const shown = await handlers['users.get']({ id: userId }, box.call(atTheBox));
    assert.equal(shown.passkeys, 2);
  });

  test('that is removed while its signature is checked opens nothing', async () => {
    await using box = await openBox();
    const { caller, device, id } = await withPasskey(box);
    const { handlers } = box.accounts;
    const { attempt, options } = await handlers['auth.begin-passkey-login']({}, box.call());
    const given = { attempt, credential: device.get(options), kind: 'tokens' } as const;
    const login = codeOf(() => handlers['auth.login-with-passkey'](given, box.call()));
    await handlers['auth.remove-passkey']({ id }, box.call(caller));
    assert.equal(await login, 'login-refused');
  });

  test('counts as both factors, and survives a restart', async () => {
    await using box = await openBox();
    const { device, caller } = await withPasskey(box);
    const { handlers } = box.accounts;
    // The password of a stolen session must not add another factor beside the passkey, or in its place.
    const begin = () => handlers['auth.begin-second-factor']({}, box.call(caller));
    assert.equal(await codeOf(begin), 'present-factor-required');
    assert.equal(
      await codeOf(() => add(box, caller, new SoftwareAuthenticator(origin))),
      'present-factor-required',
    );
    await prove(box, caller, device);
    const { secret } = await begin();
    await handlers['auth.step-up']({ password: goodPassword }, box.call(caller));
    const early = { code: codeAt(secret, box.clock.wallMs()) };
    assert.equal(
      await codeOf(() => handlers['auth.confirm-second-factor'](early, box.call(caller))),
      'present-factor-required',
    );
    await prove(box, caller, device);
    await handlers['auth.confirm-second-factor'](
      { code: codeAt(secret, box.clock.wallMs()) },
      box.call(caller),
    );
    assert.equal(await codeOf(() => box.login('anna')), 'second-factor-required');
    await box.restart();
    assert.equal((await login(box, (options) => device.get(options))).kind, 'tokens');
  });

  test('is refused with another origin, host, challenge, account or type, without verification, and with a false signature', async () => {
    await using box = await openBox();
    const { device } = await withPasskey(box);
    const refused: Readonly<Record<string, Deviation>> = {
      'origin of another site': { origin: 'https://box.example.attacker.example:8443' },
      'origin without TLS': { origin: 'http://box.example:8443' },
      'another host': { rpId: 'attacker.example' },
      'another challenge': { challenge: Buffer.alloc(32).toString('base64url') },
      'another account': { userHandle: Buffer.from(`u-${'0'.repeat(26)}`).toString('base64url') },
      'no verification of the user': { isVerified: false },
      'an answer to a registration': { type: 'webauthn.create' },
    };
    const codes: string[] = [];
    const pause = () => box.clock.advanceBy(16 * 60_000);
    for (const [what, deviation] of Object.entries(refused)) {
      codes.push(`${what}: ${await codeOf(() => login(box, (options) => device.get(options, deviation)))}`);
      pause();
    }
    assert.deepEqual(
      codes,
      Object.keys(refused).map((what) => `${what}: login-refused`),
    );
    const tampered = (options: Parameters<Answered>[0]): Assertion => {
      const { response, ...rest } = device.get(options);
      const bytes = Buffer.from(response.signature, 'base64url');
      bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1;
      return { ...rest, response: { ...response, signature: bytes.toString('base64url') } };
    };
    assert.equal(await codeOf(() => login(box, tampered)), 'login-refused');
    pause();
    // The port of another machine that passes 443 on.
    assert.equal(
      await codeOf(() => login(box, (options) => device.get(options, { origin: 'https://box.example' }))),
      'none',
    );
  });

  test('answers each challenge once, within five minutes, for its own session and purpose', async () => {
    await using box = await openBox();
    const { device, caller } = await withPasskey(box);
    const { handlers } = box.accounts;
    const begin = () => handlers['auth.begin-passkey-login']({}, box.call());
    const first = await begin();
    const given = { attempt: first.attempt, credential: device.get(first.options), kind: 'session' } as const;
    const both = [1, 2].map(() => codeOf(() => handlers['auth.login-with-passkey'](given, box.call())));
    assert.deepEqual((await Promise.all(both)).sort(), ['no-such-attempt', 'none']);
    const late = await begin();
    box.clock.advanceBy(attemptMs);
    const tooLate = { ...given, attempt: late.attempt, credential: device.get(late.options) };
    assert.equal(
      await codeOf(() => handlers['auth.login-with-passkey'](tooLate, box.call())),
      'no-such-attempt',
    );

    const other = await box.login('anna');
    const proof = await handlers['auth.begin-passkey-proof']({}, box.call(caller));
    const passkey = { attempt: proof.attempt, credential: device.get(proof.options) };
    assert.equal(
      await codeOf(() => handlers['auth.step-up']({ passkey }, box.call(other.caller))),
      'no-such-attempt',
    );
    const again = await handlers['auth.begin-passkey-proof']({}, box.call(caller));
    const asLogin = {
      attempt: again.attempt,
      credential: device.get(again.options),
      kind: 'session',
    } as const;
    assert.equal(
      await codeOf(() => handlers['auth.login-with-passkey'](asLogin, box.call())),
      'no-such-attempt',
    );
    const open = await begin();
    await box.restart();
    const forgotten = { ...given, attempt: open.attempt, credential: device.get(open.options) };
    assert.equal(
      await codeOf(() => box.accounts.handlers['auth.login-with-passkey'](forgotten, box.call())),
      'no-such-attempt',
    );
  });

  test('of another account proves nothing, and a disabled account stays out', async () => {
    await using box = await openBox();
    const { device, userId } = await withPasskey(box);
    const { handlers } = box.accounts;
    const bertaId = await box.addUser('berta', 'viewer');
    const berta = (await box.login('berta')).caller;
    assert.equal(
      await codeOf(() => handlers['auth.begin-passkey-proof']({}, box.call(berta))),
      'no-such-passkey',
    );
    const own = new SoftwareAuthenticator(origin);
    await add(box, berta, own);
    const { attempt, options } = await handlers['auth.begin-passkey-proof']({}, box.call(berta));
    const foreign = { attempt, credential: device.get({ ...options, allowCredentials: [] }) };
    assert.equal(
      await codeOf(() => handlers['auth.step-up']({ passkey: foreign }, box.call(berta))),
      'login-refused',
    );
    const failed = box.entries.findLast(({ action }) => action === 'login.failed');
    assert.deepEqual([failed?.subject, failed?.details?.['reason']], [bertaId, 'passkey']);
    await handlers['users.change']({ id: bertaId, isDisabled: true }, box.call(atTheBox));
    assert.equal(await codeOf(() => login(box, (given) => own.get(given))), 'login-refused');
    // A lost device: an administrator removes all second factors.
    await handlers['users.remove-second-factor']({ id: userId }, box.call(atTheBox));
    assert.equal(await codeOf(() => login(box, (given) => device.get(given))), 'login-refused');
  });

  test('whose counter does not rise is refused and reported, and only after its signature was found right', async () => {
    await using box = await openBox();
    const { device } = await withPasskey(box);
    const suspect = () => box.actions().filter((action) => action === 'user.passkey-suspect').length;
    await login(box, (options) => device.get(options, { counter: 7 }));
    for (const counter of [7, 3, 0]) {
      assert.equal(
        await codeOf(() => login(box, (options) => device.get(options, { counter }))),
        'login-refused',
      );
      box.clock.advanceBy(16 * 60_000);
    }
    assert.equal(suspect(), 3);
    assert.equal(
      await codeOf(() =>
        login(box, (options) => device.get(options, { counter: 2, rpId: 'attacker.example' })),
      ),
      'login-refused',
    );
    assert.equal(suspect(), 3);
    box.clock.advanceBy(16 * 60_000);
    assert.equal(await codeOf(() => login(box, (options) => device.get(options, { counter: 8 }))), 'none');
  });

  test('that fails slows its account; a passkey that the box does not know is slowed like one', async () => {
    await using box = await openBox();
    const { device, caller } = await withPasskey(box);
    await prove(box, caller, device);
    const stranger = new SoftwareAuthenticator(origin);
    const { attempt, options } = await box.accounts.handlers['auth.begin-passkey']({}, box.call(caller));
    assert.ok(attempt);
    stranger.create(options);
    const codes = async (from: SoftwareAuthenticator, deviation: Deviation) => {
      const seen: string[] = [];
      for (let turn = 0; turn < 4; turn += 1) {
        seen.push(await codeOf(() => login(box, (given) => from.get(given, deviation))));
      }
      box.clock.advanceBy(16 * 60_000);
      return seen;
    };
    const slowed = ['login-refused', 'login-refused', 'login-refused', 'login-slowed'];
    assert.deepEqual(await codes(stranger, {}), slowed);
    assert.deepEqual(await codes(device, { isVerified: false }), slowed);
  });

  test('is not added for another page, without verification, with the certificate of a maker, or by another session', async () => {
    await using box = await openBox();
    const { caller, device: present } = await withPasskey(box);
    await prove(box, caller, present);
    const { handlers } = box.accounts;
    const device = new SoftwareAuthenticator(origin);
    const withMaker = {
      format: 'packed',
      statement: cborMap([[cborText('x5c'), cborList([cborBytes(Buffer.alloc(32))])]]),
    };
    const deviations: readonly Deviation[] = [
      { origin: 'https://attacker.example' },
      { rpId: 'attacker.example' },
      { isVerified: false },
      { type: 'webauthn.get' },
      { challenge: 'AAAA' },
      { attestation: withMaker },
      { attestation: { format: 'tpm', statement: cborMap([]) } },
    ];
    for (const deviation of deviations) {
      assert.equal(
        await codeOf(() => add(box, caller, device, deviation)),
        'passkey-refused',
        JSON.stringify(deviation),
      );
    }
    const { attempt, options } = await handlers['auth.begin-passkey']({}, box.call(caller));
    const made = { attempt, name: 'Key', credential: device.create(options) };
    const other = (await box.login('anna')).caller;
    assert.equal(await codeOf(() => handlers['auth.add-passkey'](made, box.call(other))), 'no-such-attempt');
    const again = await handlers['auth.begin-passkey']({}, box.call(caller));
    const credential = device.create(again.options);
    await handlers['auth.add-passkey']({ attempt: again.attempt, name: 'Key', credential }, box.call(caller));
    assert.equal((await handlers['auth.passkeys']({}, box.call(caller))).length, 2);
    for (let count = 2; count < 10; count += 1) await add(box, caller, new SoftwareAuthenticator(origin));
    assert.equal(await codeOf(() => add(box, caller, device)), 'too-many-passkeys');
  });

  test('is not offered without a host name in the configuration, and not to API keys', async () => {
    await using server = await openAccountsServer();
    const { box, ask } = server;
    await box.claim();
    const begun = await ask({ method: 'POST', path: '/auth/login/attempts' });
    assert.deepEqual([begun.status, begun.body.error?.code], [409, 'passkeys-not-offered']);
    const { accessToken } = await box.login('anna');
    const headers = { authorization: `Bearer ${accessToken}` };
    const adding = await ask({ method: 'POST', path: '/auth/passkeys/attempts', headers });
    assert.equal(adding.body.error?.code, 'passkeys-not-offered');
    await using offering = await openBox();
    const byKey: Caller = { ...atTheBox, actor: 'api-key:k-1' };
    const { handlers } = offering.accounts;
    assert.equal(
      await codeOf(() => handlers['auth.begin-passkey']({}, offering.call(byKey))),
      'not-an-account',
    );
  });
});
