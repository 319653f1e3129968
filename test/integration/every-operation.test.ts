import assert from 'node:assert/strict';
import { generateKeyPairSync, sign } from 'node:crypto';
import { describe, test } from 'node:test';
import type { Caller } from '../../daemon/contract/caller.js';
import type { OperationDeclaration } from '../../daemon/contract/operation.js';
import { operations } from '../../daemon/contract/operations.js';
import { allScopes } from '../../daemon/contract/scopes.js';
import { apiSchema } from '../../daemon/contract/settings/api-schema.js';
import { accessTokenMs } from '../../daemon/core/accounts/access-tokens.js';
import { anonymousCaller, type Credentials } from '../../daemon/core/accounts/authenticate.js';
import { bodyLimit } from '../../daemon/core/api/body.js';
import { type AccountsFixture, openAccountsFixture } from '../support/accounts-fixture.js';
import { type OperationsServer, type Said, startOperationsServer } from '../support/operations-server.js';

const all: readonly (readonly [id: string, declaration: OperationDeclaration])[] = Object.entries(operations);
const remote = all.filter(([, { isLocalOnly }]) => isLocalOnly !== true);
const guarded = remote.filter(([, { scope }]) => scope !== 'public');

/** The path with something in the place of each field. */
const concrete = (path: string): string => path.replaceAll(/\{\w+\}/g, 'x1');

/** Every operation of the box with handlers that note that they were reached. */
async function startAll(
  authenticate: (given: Credentials) => Promise<Caller | undefined>,
): Promise<OperationsServer & { readonly reached: string[] }> {
  const reached: string[] = [];
  const handlers = Object.fromEntries(
    all.map(([id]) => [
      id,
      () => {
        reached.push(id);
        throw new Error('no request of this test may come so far');
      },
    ]),
  );
  const server = await startOperationsServer({
    ...{ operations, handlers },
    authenticate: ({ incoming: { headers, method } }) =>
      authenticate({
        authorization: headers.authorization,
        cookie: headers.cookie,
        address: '192.0.2.7',
        isChange: method !== 'GET',
        isOwnOrigin: true,
      }),
  });
  return { ...server, reached };
}

/** Asks every operation and says which ones answer something else. */
async function othersThan(
  expected: string,
  asked: typeof all,
  ask: (declaration: OperationDeclaration) => Promise<Said>,
): Promise<readonly string[]> {
  const others: string[] = [];
  for (const [id, declaration] of asked) {
    const { status, code } = await ask(declaration);
    if (`${status} ${code}` !== expected) others.push(`${id}: ${status} ${code}`);
  }
  return others;
}

describe('every operation of the box', () => {
  const everything: Caller = {
    ...anonymousCaller({ address: '192.0.2.7' }),
    ...{ actor: 'user:u1', userId: 'u1', scopes: new Set(allScopes), provedAtMs: 'always', isLimited: false },
  };

  describe('refuses callers', () => {
    /** Asks with a bearer token, or another value of the header. */
    async function refusals(
      expected: string,
      headerOf: (accounts: AccountsFixture) => Promise<string | undefined>,
      asked: typeof all = guarded,
    ): Promise<void> {
      await using accounts = await openAccountsFixture();
      const header = await headerOf(accounts);
      await using server = await startAll((given) => accounts.caller(given));
      const others = await othersThan(expected, asked, ({ method, path }) =>
        server.ask(method, concrete(path), header === undefined ? {} : { as: header }),
      );
      assert.deepEqual(others, []);
      assert.deepEqual(server.reached, []);
    }
    const adminToken = async (accounts: AccountsFixture): Promise<string> => {
      await accounts.claim();
      return (await accounts.login('anna')).accessToken;
    };

    test('without a token', () => refusals('401 unauthenticated', async () => undefined));

    test('with something that is no token', () =>
      refusals('401 unauthenticated', async () => 'Bearer nonsense'));

    test('with an expired token', () =>
      refusals('401 unauthenticated', async (accounts) => {
        const token = await adminToken(accounts);
        accounts.clock.advanceTo(accounts.clock.monotonicMs() + accessTokenMs + 1000);
        return `Bearer ${token}`;
      }));

    test('with a forged token', () =>
      refusals('401 unauthenticated', async (accounts) => {
        // The same text under another key.
        const [head = '', claims = ''] = (await adminToken(accounts)).split('.');
        const { privateKey } = generateKeyPairSync('ed25519');
        const signature = sign(null, Buffer.from(`${head}.${claims}`), privateKey).toString('base64url');
        return `Bearer ${head}.${claims}.${signature}`;
      }));

    test('with a token without a signature', () =>
      refusals('401 unauthenticated', async (accounts) => {
        const [, claims = ''] = (await adminToken(accounts)).split('.');
        const head = Buffer.from('{"alg":"none","typ":"at+jwt"}').toString('base64url');
        return `Bearer ${head}.${claims}.`;
      }));

    test('with a token of another box', () =>
      refusals('401 unauthenticated', async () => {
        await using other = await openAccountsFixture({ ids: { siteId: 'werk-nord', boxId: 'box-2' } });
        return `Bearer ${await adminToken(other)}`;
      }));

    test('after the end of their session', () =>
      refusals('401 unauthenticated', async (accounts) => {
        await accounts.claim();
        const { accessToken, caller } = await accounts.login('anna');
        await accounts.accounts.handlers['auth.logout']({}, accounts.call(caller));
        return `Bearer ${accessToken}`;
      }));

    for (const role of ['operator', 'technician', 'viewer', 'auditor'] as const) {
      test(`whose role ${role} does not have its scope`, async () => {
        await using accounts = await openAccountsFixture();
        await accounts.addUser('ben', role);
        const { accessToken, caller } = await accounts.login('ben');
        await using server = await startAll((given) => accounts.caller(given));
        const foreign = guarded.filter(
          ([, { scope }]) => scope !== 'self' && scope !== 'public' && !caller.scopes.has(scope),
        );
        assert.ok(foreign.length > 10, `${foreign.length} operations`);
        const others = await othersThan('403 forbidden', foreign, ({ method, path }) =>
          server.ask(method, concrete(path), { as: `Bearer ${accessToken}` }),
        );
        assert.deepEqual(others, []);
        assert.deepEqual(server.reached, []);
      });
    }

    test('whose proof of who they are is too old, where it needs one', async () => {
      await using server = await startAll(async () => ({ ...everything, provedAtMs: 0 }));
      const needing = guarded.filter(
        ([, { needsStepUp, withoutProof }]) => needsStepUp === true && withoutProof === undefined,
      );
      assert.ok(needing.length > 5, `${needing.length} operations`);
      const others = await othersThan('403 step-up-required', needing, ({ method, path }) =>
        server.ask(method, concrete(path)),
      );
      assert.deepEqual(others, []);
    });

    test('whose proof is too old, unless the input only ends access or can be taken back', async () => {
      await using server = await startAll(async () => ({ ...everything, provedAtMs: 0 }));
      const partly = guarded.filter(
        ([, { needsStepUp, withoutProof }]) => needsStepUp === true && withoutProof !== undefined,
      );
      assert.deepEqual(partly.map(([id]) => id).sort(), [
        'persons.erase-many',
        'strangers.discard',
        'users.change',
      ]);
      const stranger = '/strangers/x1';
      const id = 'a'.repeat(26);
      assert.equal((await server.ask('DELETE', `${stranger}?isFinal=true`)).code, 'step-up-required');
      const json = (body: object) => ({
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      });
      for (const more of [{ role: 'viewer' }, { cameras: null }, { displayName: 'Anna' }]) {
        const body = { isDisabled: true, ...more };
        assert.equal((await server.ask('PATCH', `/users/u-${id}`, json(body))).code, 'step-up-required');
      }
      assert.equal(
        (await server.ask('PATCH', `/users/u-${id}`, json({ isDisabled: false }))).code,
        'step-up-required',
      );
      const many = { ids: [`p-${id}`] };
      assert.equal((await server.ask('POST', '/persons/erasures', json(many))).code, 'step-up-required');
      assert.deepEqual(server.reached, []);
      await server.ask('POST', '/persons/erasures', json({ ...many, isPreview: true }));
      await server.ask('DELETE', stranger);
      await server.ask('PATCH', `/users/u-${id}`, json({ isDisabled: true }));
      await server.ask('POST', `/users/u-${id}/session-ends`, json({}));
      await server.ask('DELETE', `/api-keys/k-${id}`);
      assert.deepEqual(server.reached, [
        'persons.erase-many',
        'strangers.discard',
        'users.change',
        'users.end-sessions',
        'api-keys.revoke',
      ]);
    });

    test('from the network, if it is only for this machine', async () => {
      await using server = await startAll(async () => everything);
      const local = all.filter(([, { isLocalOnly }]) => isLocalOnly === true);
      // Another operation may have the same form of path, with other fields or another method.
      for (const [id, { method, path }] of local) {
        const { status } = await server.ask(method, concrete(path));
        assert.ok([400, 404, 405, 415].includes(status), `${id}: ${status}`);
      }
      assert.deepEqual(
        server.reached.filter((id) => local.some(([each]) => each === id)),
        [],
      );
    });
  });

  describe('refuses input', () => {
    const json = { 'content-type': 'application/json' };
    const isForm = ({ files, secrets }: OperationDeclaration): boolean =>
      Object.values(files ?? {}).some(({ minimum }) => minimum > 0) ||
      Object.values(secrets ?? {}).some(({ isRequired }) => isRequired);
    const takesParts = ({ files, secrets }: OperationDeclaration): boolean =>
      files !== undefined || secrets !== undefined;
    const withBody = remote.filter(([, declaration]) => bodyLimit(declaration) > 0);
    const withForm = withBody.filter(([, declaration]) => isForm(declaration));
    const withDocument = withBody.filter(([, declaration]) => !isForm(declaration));
    const withoutBody = remote.filter(([, declaration]) => bodyLimit(declaration) === 0);

    async function refused(
      expected: string,
      asked: typeof all,
      request: (declaration: OperationDeclaration) => {
        readonly path?: string;
        readonly headers?: Readonly<Record<string, string>>;
        readonly body?: string;
      },
    ): Promise<void> {
      await using server = await startAll(async () => everything);
      const others = await othersThan(expected, asked, (declaration) => {
        const { path = '', ...options } = request(declaration);
        return server.ask(declaration.method, concrete(declaration.path) + path, options);
      });
      assert.deepEqual(others, []);
      assert.deepEqual(server.reached, []);
    }

    test('in the query that it does not know', () =>
      refused('400 bad-request', remote, () => ({ path: '?no-such-field=1' })));

    test('in a path that does not fit', () =>
      refused(
        '400 bad-request',
        remote.filter(([, { path }]) => path.endsWith('}')),
        () => ({ path: 'x'.repeat(3000) }),
      ));

    test('in a document that is not JSON', () =>
      refused('400 bad-request', withDocument, () => ({ headers: json, body: '{"a":' })));

    test('with a field that it does not know', () =>
      refused('400 bad-request', withDocument, () => ({ headers: json, body: '{"no-such-field":1}' })));

    test('that nests too deeply', () =>
      refused('400 bad-request', withDocument, () => ({ headers: json, body: '['.repeat(1000) })));

    test('of another content type', async () => {
      await refused(
        '415 unsupported-media-type',
        withDocument.filter(([, declaration]) => !takesParts(declaration)),
        () => ({ headers: { 'content-type': 'text/plain' }, body: 'hello' }),
      );
      await refused('415 unsupported-media-type', withForm, () => ({ headers: json, body: '{}' }));
    });

    test('with a part that it does not know', () =>
      refused('400 bad-request', withForm, () => ({
        headers: { 'content-type': 'multipart/form-data; boundary=b' },
        body: '--b\r\nContent-Disposition: form-data; name="nothing"\r\n\r\nx\r\n--b--\r\n',
      })));

    test('beyond its limit, by the declared length alone', () =>
      refused('413 request-too-large', withBody, (declaration) => ({
        headers: {
          'content-type': takesParts(declaration) ? 'multipart/form-data; boundary=b' : 'application/json',
          'content-length': String((declaration.documentBytes ?? 0) + bodyLimit(declaration) + 1),
        },
      })));

    test('in a body that it does not take', () =>
      refused('400 bad-request', withoutBody, () => ({
        headers: { ...json, 'content-length': '7' },
        body: '{"a":1}',
      })));

    test('of which none is larger than the smallest memory that bodies may have', () => {
      const smallestMiB = 128;
      assert.throws(() => apiSchema.parse({ bodiesMiB: smallestMiB - 1 }));
      for (const [id, declaration] of all) {
        const limitMiB = bodyLimit(declaration) / 1024 / 1024;
        assert.ok(
          limitMiB <= apiSchema.parse({ bodiesMiB: smallestMiB }).bodiesMiB,
          `${id} takes ${limitMiB} MiB`,
        );
      }
    });
  });
});
