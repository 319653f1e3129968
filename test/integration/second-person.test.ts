import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Caller } from '../../daemon/contract/caller.js';
import type { OperationDeclaration } from '../../daemon/contract/operation.js';
import { operations } from '../../daemon/contract/operations.js';
import { apiSchema } from '../../daemon/contract/settings/api-schema.js';
import { approvalMs, mostOfUser } from '../../daemon/core/accounts/second-person.js';
import { isRollcallError } from '../../daemon/kernel/errors.js';
import { type SecondPersonClass, secondPersonClasses } from '../../daemon/kernel/second-person-classes.js';
import {
  type AccountsFixture,
  atTheBox,
  codeOf,
  goodPassword,
  openAccountsFixture,
} from '../support/accounts-fixture.js';
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

  test('proves who they are after the request: whoever only holds both sessions approves nothing', async () => {
    const opened = await openBox();
    await using _ = opened.server;
    const { anna, berta, box } = opened;
    box.clock.advanceBy(1000);
    const { approval } = await anna('POST', '/users', carla);
    assert.equal((await berta(...approve(approval))).code, 'step-up-required');
    assert.equal((await berta('POST', '/auth/step-up', { password: goodPassword })).status, 200);
    assert.equal((await berta(...approve(approval))).status, 200);
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

describe('a request for approval', () => {
  const declaration = {
    ...{ scope: 'users:write', secondPerson: 'users', hiddenFields: ['password'] },
    ...{ files: { photo: {} }, secrets: { key: {} } },
  } as unknown as Parameters<AccountsFixture['accounts']['admit']>[0]['declaration'];

  /** Anna asks, Berta may approve; both are administrators. */
  async function openAsking() {
    const box = await openAccountsFixture({ secondPerson: () => ['users'] });
    await box.claim();
    const bertaId = await box.addUser('berta', 'admin');
    box.clock.advanceBy(1000);
    const [anna, berta] = [(await box.login('anna')).caller, (await box.login('berta')).caller];
    const { handlers } = box.accounts;
    /** Asks for an operation; the id of the request, or undefined where it may begin. */
    const ask = (input: object, operationId = 'users.create', caller: Caller = anna): string | undefined => {
      try {
        box.accounts.admit({ operationId, declaration, input }, caller);
        return undefined;
      } catch (error) {
        assert.ok(isRollcallError(error, 'approval-required'));
        return String(error.details['approval']);
      }
    };
    const decide = (what: 'approve' | 'refuse', id: string | undefined, by: Caller = berta) =>
      codeOf(() => handlers[`approvals.${what}`]({ id: id ?? '' }, box.call(by)));
    const list = (limit: number, cursor?: string, by: Caller = berta) =>
      handlers['approvals.list']({ limit, cursor }, box.call(by));
    const { clock } = box;
    return {
      box,
      anna,
      berta,
      bertaId,
      handlers,
      ask,
      decide,
      list,
      clock,
      [Symbol.asyncDispose]: () => box[Symbol.asyncDispose](),
    };
  }

  test('waits for half an hour, and says so', async () => {
    await using opened = await openAsking();
    const { box, anna, ask, decide, clock, list } = opened;
    const askedAt = new Date(clock.wallMs()).toISOString();
    const expiresAt = new Date(clock.wallMs() + 30 * 60_000).toISOString();
    const undertaking = { operationId: 'users.create', declaration, input: { a: 1 } };
    assert.throws(
      () => box.accounts.admit(undertaking, anna),
      (error) => isRollcallError(error, 'approval-required') && error.details['expiresAt'] === expiresAt,
    );
    const id = ask({ a: 1 });
    const { items } = await list(1);
    assert.deepEqual(items, [
      {
        ...{ id, operation: 'users.create', class: 'users', state: 'waiting', input: { a: 1 } },
        ...{ askedBy: { id: anna.userId, userName: 'anna' }, askedAt, expiresAt },
      },
    ]);
    clock.advanceBy(30 * 60_000 - 1);
    assert.equal(await decide('approve', id), 'none');
    clock.advanceBy(1);
    assert.equal(await decide('refuse', id), 'no-such-approval');
    assert.notEqual(ask({ a: 1 }), id);
  });

  test('is for one operation with one input: order and absent fields do not count, all else does', async () => {
    await using opened = await openAsking();
    const { ask } = opened;
    const photo = Buffer.from('a picture');
    const input = { name: 'x', list: [1, 'b'], nested: { a: null, b: true }, photo };
    const id = ask(input);
    const same = {
      photo: Uint8Array.from(photo),
      nested: { b: true, a: null },
      list: [1, 'b'],
      name: 'x',
      more: undefined,
    };
    assert.equal(ask(same), id);
    const others = [
      { ...input, name: 'y' },
      { ...input, list: ['b', 1] },
      { ...input, list: [1, 'b', null] },
      { ...input, nested: { a: 'null', b: true } },
      { ...input, nested: { a: null, b: 'true' } },
      { ...input, nested: [null, true] },
      { ...input, photo: Buffer.from('another picture') },
      { ...input, more: 1 },
    ];
    const ids = others.map((other) => ask(other));
    assert.equal(new Set([id, ...ids, ask(input, 'users.change')]).size, others.length + 2);
  });

  test('shows no secret, no hidden field and no file', async () => {
    await using opened = await openAsking();
    const { ask, list } = opened;
    ask({ userName: 'carla', password: 'secret', photo: Buffer.of(1), key: 'secret' });
    const { items } = await list(1);
    assert.deepEqual(items[0]?.input, { userName: 'carla' });
  });

  test('is one of at most 20 of a user: a further one removes the oldest', async () => {
    await using opened = await openAsking();
    const { ask, list, clock } = opened;
    const ids: (string | undefined)[] = [];
    for (let count = 0; count < 21; count += 1) {
      ids.push(ask({ count }));
      clock.advanceBy(1);
    }
    const { items, total } = await list(100);
    assert.deepEqual([items.map(({ id }) => id), total], [ids.slice(1).reverse(), 20]);
  });

  test('is listed in pages, the newest first', async () => {
    await using opened = await openAsking();
    const { ask, list, clock, anna } = opened;
    const ids: (string | undefined)[] = [];
    for (let count = 0; count < 4; count += 1) {
      ids.unshift(ask({ count }));
      clock.advanceBy(1);
    }
    const first = await list(2);
    assert.deepEqual(
      [first.items.map(({ id }) => id), first.nextCursor, first.total],
      [ids.slice(0, 2), ids[1], 4],
    );
    const second = await list(2, first.nextCursor);
    assert.deepEqual([second.items.map(({ id }) => id), second.nextCursor], [ids.slice(2), undefined]);
    assert.equal((await list(4)).nextCursor, undefined);
    assert.equal((await list(100, undefined, anna)).total, 4, 'the own requests');
  });

  test('is decided once: what was refused or used up is over', async () => {
    await using opened = await openAsking();
    const { ask, decide, handlers, box, berta, anna } = opened;
    const refused = ask({ a: 1 });
    assert.equal(await decide('refuse', refused), 'none');
    assert.equal(await decide('refuse', refused), 'approval-decided');
    await assert.rejects(async () => handlers['approvals.refuse']({ id: refused ?? '' }, box.call(berta)), {
      details: { state: 'refused' },
    });
    assert.equal(await decide('approve', refused), 'approval-decided');
    const used = ask({ a: 1 });
    const shown = await handlers['approvals.approve']({ id: used ?? '' }, box.call(berta));
    assert.deepEqual([shown.state, shown.decidedBy], ['approved', berta.actor]);
    assert.equal(ask({ a: 1 }), undefined);
    assert.equal(await decide('refuse', used, anna), 'approval-decided');
    assert.equal(await decide('approve', used), 'approval-decided');
  });

  test('is for persons: an API key neither sees nor decides it', async () => {
    await using opened = await openAsking();
    const { ask, decide, list, berta } = opened;
    const id = ask({ a: 1 });
    const { userId: _, sessionId: __, ...rest } = berta;
    const key: Caller = { ...rest, actor: 'api-key:k-1', provedAtMs: 0 };
    assert.equal(await codeOf(() => list(10, undefined, key)), 'not-an-account');
    assert.deepEqual(
      [await decide('approve', id, key), await decide('refuse', id, key)],
      ['not-an-account', 'not-an-account'],
    );
  });

  test('opens nothing once the one who approved it is gone, disabled, weaker, or got other rights or another password', async () => {
    const changes: Readonly<
      Record<string, (opened: Awaited<ReturnType<typeof openAsking>>) => Promise<unknown>>
    > = {
      gone: async ({ box, handlers, bertaId: id }) => handlers['users.remove']({ id }, box.call(atTheBox)),
      disabled: async ({ box, handlers, bertaId: id }) =>
        handlers['users.change']({ id, isDisabled: true }, box.call(atTheBox)),
      weaker: async ({ box, handlers, bertaId: id }) =>
        handlers['users.change']({ id, role: 'viewer' }, box.call(atTheBox)),
      'limited to a camera': async ({ box, handlers, bertaId: id }) =>
        handlers['users.change']({ id, cameras: ['gate'] }, box.call(atTheBox)),
      'weaker for a while': async ({ box, handlers, bertaId: id }) => {
        await handlers['users.change']({ id, role: 'viewer' }, box.call(atTheBox));
        await handlers['users.change']({ id, role: 'admin' }, box.call(atTheBox));
      },
      'with a new password': async ({ box, handlers, bertaId: id }) =>
        handlers['users.reset-password']({ id }, box.call(atTheBox)),
    };
    for (const [what, change] of Object.entries(changes)) {
      await using opened = await openAsking();
      const { ask, decide, box, clock } = opened;
      const id = ask({ a: 1 });
      clock.advanceBy(1);
      assert.equal(await decide('approve', id), 'none', what);
      await change(opened);
      const next = ask({ a: 1 });
      assert.ok(next !== undefined && next !== id, what);
      assert.equal(await decide('approve', next, atTheBox), 'none', what);
      assert.equal(ask({ a: 1 }), undefined, 'a person at the box is enough');
      assert.ok(box.actions().includes('approval.used'));
    }
  });

  test('is over with the account that asked', async () => {
    await using opened = await openAsking();
    const { ask, box, berta, handlers, list } = opened;
    ask({ a: 1 }, 'users.create', berta);
    assert.equal((await list(10, undefined, atTheBox)).total, 1);
    await handlers['users.remove']({ id: berta.userId ?? '' }, box.call(atTheBox));
    assert.equal((await list(10, undefined, atTheBox)).total, 0);
  });

  test('is not needed for what is public or about the own account, nor where nothing is demanded', async () => {
    await using opened = await openAsking();
    const { box, anna } = opened;
    for (const scope of ['public', 'self'] as const) {
      const undertaking = { operationId: 'x', declaration: { ...declaration, scope }, input: {} };
      assert.doesNotThrow(() => box.accounts.admit(undertaking, anna));
    }
    const other = { ...declaration, secondPerson: 'erase' } as const;
    assert.doesNotThrow(() => box.accounts.admit({ operationId: 'x', declaration: other, input: {} }, anna));
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
    assert.deepEqual(
      [{ name: 'East' }, { direction: 'in', idleFps: 4 }, { isEnabled: false }, { zones: [] }].map(needs),
      [false, false, false, false],
    );
    assert.deepEqual(
      [
        ...[{ url: input.url }, { fingerprint: null }, { requireLiveness: 'not-attack' }],
        ...[{ masks: [] }, { masks: null, name: 'East' }],
      ].map(needs),
      [true, true, true, true, true],
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
      'shows alerts on a device of the user': ['alerts.add-device'],
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
    // These say what becomes of a secret, and hold none.
    const marks = new Set(['mustChangePassword', 'forgetSecret']);
    for (const [id, { secondPerson, input, hiddenFields = [] }] of declared) {
      if (secondPerson === undefined) continue;
      const secret = Object.keys(input?.shape ?? {}).filter(
        (name) => /password|secret|code|token/i.test(name) && !marks.has(name),
      );
      assert.deepEqual(secret, hiddenFields, id);
    }
  });
});
