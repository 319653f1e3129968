import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { approvalMs, mostOfUser } from '../../daemon/accounts/second-person.js';
import { apiSchema } from '../../daemon/config/api-schema.js';
import type { OperationDeclaration } from '../../daemon/contract/operation.js';
import { operations } from '../../daemon/contract/operations.js';
import { type SecondPersonClass, secondPersonClasses } from '../../daemon/contract/second-person.js';
import { atTheBox, codeOf } from '../support/accounts-fixture.js';
import { type AccountsServer, openAccountsServer } from '../support/accounts-server.js';

const declared: readonly (readonly [string, OperationDeclaration])[] = Object.entries(operations);

/** A box whose configuration demands a second person for accounts; Anna and Berta are administrators. */
async function openBox(demanded: readonly SecondPersonClass[] = ['users']) {
  const server = await openAccountsServer({ secondPerson: () => demanded });
  const { box, ask } = server;
  await box.claim();
  await box.addUser('berta', 'admin');
  // The second person is older than what they approve.
  box.clock.advanceBy(1000);
  const as = async (userName: string) => {
    const { accessToken } = await box.login(userName);
    const headers = { authorization: `Bearer ${accessToken}` };
    return async (method: string, path: string, body?: unknown) => {
      const answer = await ask({ method, path, headers, body });
      const { data, error } = answer.body;
      return { status: answer.status, code: error?.code, approval: error?.details['approval'], data };
    };
  };
  return { server, box, as, anna: await as('anna'), berta: await as('berta') };
}

async function idOf(box: AccountsServer['box'], search: string): Promise<string> {
  const { items } = await box.accounts.handlers['users.list']({ limit: 10, search }, box.call(atTheBox));
  return items[0]?.id ?? '';
}

const carla = { userName: 'carla', role: 'viewer' };
const approve = (id: unknown) => ['POST', `/approvals/${String(id)}/approve`] as const;
const refuse = (id: unknown) => ['POST', `/approvals/${String(id)}/refuse`] as const;
const actionsOf = ({ box }: { readonly box: AccountsServer['box'] }) =>
  box.entries.filter(({ action }) => action.startsWith('approval.'));

describe('a second person', () => {
  test('approves what another user asks for, once, and both sides are in the audit log', async () => {
    const opened = await openBox();
    await using _ = opened.server;
    const { anna, berta, box } = opened;
    const secret = 'drei andere Worte hier';
    const input = { ...carla, password: secret };
    const first = await anna('POST', '/users', input);
    assert.deepEqual([first.status, first.code], [403, 'approval-required']);
    // The same request asks for the same approval, whatever the order of its fields.
    const again = await anna('POST', '/users', { password: secret, role: 'viewer', userName: 'carla' });
    assert.equal(again.approval, first.approval);
    const listed = await berta('GET', '/approvals');
    const [shown] = listed.data as unknown as readonly Readonly<Record<string, unknown>>[];
    assert.deepEqual(
      [shown?.['operation'], shown?.['input'], shown?.['state']],
      ['users.create', carla, 'waiting'],
    );
    assert.equal((await berta(...approve(first.approval))).data?.['state'], 'approved');
    assert.equal((await anna('POST', '/users', input)).status, 200);
    const next = await anna('POST', '/users', input);
    assert.equal(next.code, 'approval-required');
    assert.notEqual(next.approval, first.approval);
    const entries = actionsOf(opened);
    assert.deepEqual(
      entries.map(({ action }) => action),
      ['approval.asked', 'approval.given', 'approval.used', 'approval.asked'],
    );
    const [asked, given, used] = entries;
    assert.notEqual(given?.by.actor, asked?.by.actor);
    assert.deepEqual([used?.by.actor, used?.details?.['by']], [asked?.by.actor, given?.by.actor]);
    assert.ok(!JSON.stringify([box.entries, listed.data]).includes(secret));
  });

  test('cannot be the same user, a user without the scope or with fewer cameras, or an API key', async () => {
    const opened = await openBox();
    await using _ = opened.server;
    const { anna, berta, box, as, server } = opened;
    const { approval } = await anna('POST', '/users', carla);
    assert.equal((await anna(...approve(approval))).code, 'own-approval');
    await box.addUser('vera', 'viewer');
    await box.addUser('dora', 'admin', ['gate']);
    for (const userName of ['vera', 'dora']) {
      const other = await as(userName);
      assert.deepEqual((await other('GET', '/approvals')).data, []);
      assert.equal((await other(...approve(approval))).code, 'no-such-approval');
    }
    const { handlers } = box.accounts;
    const { secret } = await handlers['api-keys.create'](
      { label: 'key', scopes: ['users:write'], expiresInDays: 1 },
      box.call(atTheBox),
    );
    const headers = { authorization: `Bearer ${secret}` };
    const [method, path] = approve(approval);
    assert.equal((await server.ask({ method, path, headers })).body.error?.code, 'step-up-required');
    const byKey = await server.ask({ ...{ method: 'POST', headers }, path: refuse(approval)[1] });
    assert.equal(byKey.body.error?.code, 'not-an-account');
    box.clock.advanceBy(6 * 60_000);
    assert.equal((await berta(...approve(approval))).code, 'step-up-required');
  });

  test('approves one input for one user: another input, operation or user needs another approval', async () => {
    const opened = await openBox();
    await using _ = opened.server;
    const { anna, berta, as, box } = opened;
    const { approval } = await anna('POST', '/users', carla);
    await berta(...approve(approval));
    assert.equal((await anna('POST', '/users', { ...carla, role: 'admin' })).code, 'approval-required');
    assert.equal(
      (await anna('POST', '/roles', { name: 'carla', description: '', scopes: [] })).code,
      'approval-required',
    );
    await box.addUser('emma', 'admin');
    const emma = await as('emma');
    assert.equal((await emma('POST', '/users', carla)).code, 'approval-required');
    const { items } = await box.accounts.handlers['users.list'](
      { limit: 10, search: 'emma' },
      box.call(atTheBox),
    );
    const path = `/users/${items[0]?.id}`;
    const removing = await anna('DELETE', `${path}/second-factor`);
    await berta(...approve(removing.approval));
    assert.equal((await anna('POST', `${path}/password-resets`)).code, 'approval-required');
    assert.equal((await anna('DELETE', `${path}/second-factor`)).status, 200);
    const both = await Promise.all([anna('POST', '/users', carla), anna('POST', '/users', carla)]);
    assert.deepEqual(both.map(({ status }) => status).sort(), [200, 403]);
  });

  test('can refuse, and the one who asked can take it back; nothing is decided twice', async () => {
    const opened = await openBox();
    await using _ = opened.server;
    const { anna, berta } = opened;
    const { approval } = await anna('POST', '/users', carla);
    assert.equal((await berta(...refuse(approval))).data?.['state'], 'refused');
    assert.equal((await berta(...approve(approval))).code, 'approval-decided');
    const next = await anna('POST', '/users', carla);
    assert.notEqual(next.approval, approval);
    await berta(...approve(next.approval));
    assert.equal((await berta(...approve(next.approval))).code, 'approval-decided');
    await anna(...refuse(next.approval));
    assert.equal((await anna('POST', '/users', carla)).code, 'approval-required');
  });

  test('has 30 minutes, also over a restart, and counts only while they have the right', async () => {
    const opened = await openBox();
    await using _ = opened.server;
    const { anna, berta, box, as } = opened;
    const late = await anna('POST', '/users', { ...carla, userName: 'dora' });
    await berta(...approve(late.approval));
    box.clock.advanceBy(approvalMs);
    const annaLater = await as('anna');
    const after = await annaLater('POST', '/users', { ...carla, userName: 'dora' });
    assert.equal(after.code, 'approval-required');
    const bertaLater = await as('berta');
    assert.equal((await bertaLater(...approve(late.approval))).code, 'no-such-approval');
    await bertaLater(...approve(after.approval));
    const { handlers } = box.accounts;
    const { items } = await handlers['users.list']({ limit: 10, search: 'berta' }, box.call(atTheBox));
    await handlers['users.change']({ id: items[0]?.id ?? '', cameras: ['gate'] }, box.call(atTheBox));
    const limited = await annaLater('POST', '/users', { ...carla, userName: 'dora' });
    assert.equal(limited.code, 'approval-required');
    await box.addUser('greta', 'admin');
    const greta = await as('greta');
    await greta(...approve(limited.approval));
    const found = await handlers['users.list']({ limit: 10, search: 'greta' }, box.call(atTheBox));
    await handlers['users.change']({ id: found.items[0]?.id ?? '', isDisabled: true }, box.call(atTheBox));
    assert.equal(
      (await annaLater('POST', '/users', { ...carla, userName: 'dora' })).code,
      'approval-required',
    );
    const emma = { ...carla, userName: 'emma' };
    const { approval } = await annaLater('POST', '/users', emma);
    await handlers['approvals.approve']({ id: String(approval) }, box.call(atTheBox));
    const { caller } = await box.login('anna');
    await box.restart();
    const undertaking = { operationId: 'users.create', declaration: operations['users.create'], input: emma };
    assert.equal(await codeOf(() => box.accounts.admit(undertaking, caller)), 'none');
    assert.equal(await codeOf(() => box.accounts.admit(undertaking, caller)), 'approval-required');
  });

  test('is asked at most 20 times by one user at once, and not at all where the policy does not say so', async () => {
    const opened = await openBox();
    await using _ = opened.server;
    const { anna, berta, box } = opened;
    for (let count = 0; count < mostOfUser + 2; count += 1) {
      await anna('POST', '/users', { ...carla, userName: `carla${count}` });
    }
    const { data } = await berta('GET', '/approvals?limit=15');
    assert.equal((data as unknown as readonly unknown[]).length, 15);
    const { 'approvals.list': list } = box.accounts.handlers;
    assert.equal((await list({ limit: 1 }, box.call(atTheBox))).total, mostOfUser);
    assert.deepEqual((await list({ limit: 1, cursor: 'q-over' }, box.call(atTheBox))).items, []);
    const newest = await anna('POST', '/users', { ...carla, userName: 'dora' });
    assert.equal((await berta(...approve(newest.approval))).status, 200);
    const free = await openBox([]);
    await using _other = free.server;
    assert.equal((await free.anna('POST', '/users', carla)).status, 200);
  });

  test('is needed for accounts wherever anything needs one: who can make the approver could approve alone', async () => {
    const opened = await openBox(['erase']);
    await using _ = opened.server;
    const { anna, box } = opened;
    const berta = await idOf(box, 'berta');
    const grants = [
      ['POST', '/users', { ...carla, role: 'admin' }],
      ['PATCH', `/users/${berta}`, { role: 'viewer' }],
      ['POST', `/users/${berta}/password-resets`],
      ['DELETE', `/users/${berta}/second-factor`],
      ['POST', '/roles', { name: 'helper', scopes: ['persons:erase'] }],
      ['POST', '/api-keys', { label: 'x', scopes: ['users:read'] }],
    ] as const;
    for (const [method, path, body] of grants) {
      assert.equal((await anna(method, path, body)).code, 'approval-required', path);
    }
  });

  test('is older than the request, with their rights and their password', async () => {
    const taken: Readonly<Record<string, (box: AccountsServer['box'], berta: string) => Promise<unknown>>> = {
      'a new account': async (box) => await box.addUser('dora', 'admin'),
      'other rights': async (box, id) => {
        const change = box.accounts.handlers['users.change'];
        await change({ id, role: 'viewer' }, box.call(atTheBox));
        await change({ id, role: 'admin' }, box.call(atTheBox));
      },
      'another password': async (box, id) => {
        const { handlers } = box.accounts;
        const { initialPassword = '' } = await handlers['users.reset-password']({ id }, box.call(atTheBox));
        const { caller } = await box.login('berta', initialPassword);
        const change = { oldPassword: initialPassword, newPassword: 'ein ganz anderer Satz' };
        await handlers['auth.change-password'](change, box.call(caller));
      },
    };
    for (const [what, take] of Object.entries(taken)) {
      const opened = await openBox();
      await using _ = opened.server;
      const { anna, box, server } = opened;
      const { approval } = await anna('POST', '/users', carla);
      box.clock.advanceBy(1000);
      await take(box, await idOf(box, 'berta'));
      const userName = what === 'a new account' ? 'dora' : 'berta';
      const password = what === 'another password' ? 'ein ganz anderer Satz' : undefined;
      const { accessToken } = await box.login(userName, password);
      const [method, path] = approve(approval);
      const headers = { authorization: `Bearer ${accessToken}` };
      assert.equal((await server.ask({ method, path, headers })).body.error?.code, 'approver-too-new', what);
      assert.equal((await anna('POST', '/users', carla)).code, 'approval-required');
    }
  });

  test('is not needed to end access, and a person on the box needs none and can be one', async () => {
    const opened = await openBox();
    await using _ = opened.server;
    const { anna, box } = opened;
    const { handlers } = box.accounts;
    const { items } = await handlers['users.list']({ limit: 10, search: 'berta' }, box.call(atTheBox));
    assert.equal((await anna('POST', `/users/${items[0]?.id}/session-ends`, {})).status, 200);
    const asked = await anna('POST', '/users', carla);
    const id = String(asked.approval);
    await handlers['approvals.approve']({ id }, box.call(atTheBox));
    assert.equal((await anna('POST', '/users', carla)).status, 200);
    const dora = { ...carla, userName: 'dora' };
    assert.equal(await codeOf(() => handlers['users.create'](dora, box.call(atTheBox))), 'none');
  });
});

describe('a second person for cameras', () => {
  const create = operations['cameras.create'];
  const input = { id: 'yard', name: 'Yard', url: 'rtsp://192.0.2.30/stream' };

  test('approves a new camera, and no API key gets around that', async () => {
    const opened = await openBox(['cameras']);
    await using _ = opened.server;
    const { box } = opened;
    const { admit } = box.accounts;
    const undertaking = { operationId: 'cameras.create', declaration: create, input };
    const userId = await idOf(box, 'anna');
    const anna = { ...atTheBox, actor: `user:${userId}`, userId, provedAtMs: box.clock.wallMs() };
    const key = { ...atTheBox, actor: 'api-key:k1', provedAtMs: -1 };
    const asCode = (caller: typeof atTheBox) => codeOf(async () => admit(undertaking, caller));
    assert.equal(await asCode(anna), 'approval-required');
    assert.equal(await asCode(key), 'not-an-account');
    const { items } = await box.accounts.handlers['approvals.list']({ limit: 10 }, box.call(atTheBox));
    assert.deepEqual([items[0]?.class, items[0]?.input], ['cameras', input]);
    await box.accounts.handlers['approvals.approve']({ id: items[0]?.id ?? '' }, box.call(atTheBox));
    assert.equal(await asCode(anna), 'none');
    assert.equal(await asCode(anna), 'approval-required');
  });

  test('is not asked for a change that leaves what the camera shows and accepts', () => {
    const { withoutProof } = operations['cameras.change'];
    const needs = (changes: object) => !withoutProof.holds({ id: 'yard', ...changes });
    assert.deepEqual([{ name: 'East' }, { direction: 'in', idleFps: 4 }, { isEnabled: false }].map(needs), [
      false,
      false,
      false,
    ]);
    assert.deepEqual(
      [{ url: input.url }, { fingerprint: null }, { requireLiveness: 'not-attack' }].map(needs),
      [true, true, true],
    );
  });
});

describe('the classes of operations for a second person', () => {
  test('are those that the configuration can name', () => {
    const { secondPerson } = apiSchema.parse({ secondPerson: [...secondPersonClasses] });
    assert.deepEqual(secondPerson, secondPersonClasses);
  });

  test('hold everything that asks for a fresh proof, except what these reasons say', () => {
    const exempt: Readonly<Record<string, readonly string[]>> = {
      'about the own account': declared.filter(([, { scope }]) => scope === 'self').map(([id]) => id),
      'for persons on the box': declared
        .filter(([, { isLocalOnly }]) => isLocalOnly === true)
        .map(([id]) => id),
      'gives access back': ['users.unlock'],
      'deletes what is due, or one unknown person': ['retention.run', 'strangers.discard'],
      'opens what is there': ['keys.unlock'],
      'reads a backup, for which one needs what opens it': ['backups.verify'],
      // The screen can show the prompts of one camera, and nothing else.
      'shows prompts': ['screens.add'],
      'changes one photograph': ['persons.photographs.replace', 'persons.photographs.remove'],
      'what a second person approved when it was made, or approves when it is restored': [
        ...['backups.download', 'backups.remove', 'backups.upload'],
      ],
    };
    const free = new Set(Object.values(exempt).flat());
    const missing = declared.filter(
      ([id, { needsStepUp, secondPerson }]) =>
        needsStepUp === true && secondPerson === undefined && !free.has(id),
    );
    assert.deepEqual(
      missing.map(([id]) => id),
      [],
    );
    // API keys may add cameras where the class is not demanded.
    const byKeys = new Set(['cameras.create', 'cameras.change']);
    const without = declared.filter(
      ([id, { needsStepUp, secondPerson }]) => secondPerson && needsStepUp !== true && !byKeys.has(id),
    );
    assert.deepEqual(
      without.map(([id]) => id),
      [],
    );
  });

  test('show no secret field to a second person', () => {
    for (const [id, { secondPerson, input, hiddenFields = [] }] of declared) {
      if (secondPerson === undefined) continue;
      const secret = Object.keys(input?.shape ?? {}).filter(
        (name) => /password|secret|code|token/i.test(name) && name !== 'mustChangePassword',
      );
      assert.deepEqual(secret, hiddenFields, id);
    }
  });
});
