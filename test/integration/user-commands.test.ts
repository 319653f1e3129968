import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { stringify } from 'yaml';
import { startControlServer } from '../../daemon/core/api/server.js';
import { silentLogger } from '../../daemon/kernel/logger.js';
import { type AccountsFixture, codeOf, goodPassword, withAccounts } from '../support/accounts-fixture.js';
import { accountOperations } from '../support/accounts-server.js';
import { rollcall } from '../support/box.js';

/** Runs `rollcall user`, or `rollcall role`, as a process of its own, against accounts on a socket. */
async function withCommands(
  work: (
    run: (...args: readonly string[]) => ReturnType<typeof rollcall>,
    box: AccountsFixture,
  ) => Promise<void>,
  command = 'user',
): Promise<void> {
  const secondPerson = () => ['users'] as const;
  await withAccounts(
    async (box) => {
      const socketPath = join(box.dataDir, 'control.sock');
      const configPath = join(box.dataDir, 'rollcall.yaml');
      const config = { site: { id: 'here', timeZone: 'UTC' }, box: { id: 'box' }, control: { socketPath } };
      await writeFile(configPath, stringify(config));
      await using _server = await startControlServer({
        ...{
          socketPath,
          operations: accountOperations,
          handlers: box.accounts.handlers,
          logger: silentLogger,
        },
      });
      await work((...args) => rollcall([command, ...args, '--config', configPath]), box);
    },
    { secondPerson },
  );
}

describe('rollcall user', () => {
  test('claim shows a secret that creates the first administrator; afterwards it needs --reset', () =>
    withCommands(async (run, box) => {
      assert.match((await run('list')).stdout, /There are no accounts\. Run 'rollcall user claim'/);
      const { stdout } = await run('claim');
      const [secret = '', note = ''] = stdout.split('\n');
      assert.match(secret, /^rcc_[\w-]{43}$/);
      assert.match(note, /until 2026-03-01 09:00/);
      const body = { secret, userName: 'anna', displayName: '', password: goodPassword };
      await box.accounts.handlers['auth.claim'](body, box.call());
      const refused = await run('claim');
      assert.equal(refused.exitCode, 2);
      assert.match(refused.stderr, /this box has an administrator[\s\S]*rollcall user claim --reset/);
      assert.match((await run('claim', '--reset')).stdout, /^rcc_/);
    }));

  test('add, list, disable, enable, reset-password and remove do what they say', () =>
    withCommands(async (run, box) => {
      await box.claim();
      const added = await run('add', 'Berta', '--role', 'operator', '--camera', 'gate', '--name', 'Frau B');
      const [, password = ''] = /^password: (\S+)$/m.exec(added.stdout) ?? [];
      assert.match(added.stdout, /^berta \(operator\)$/m);
      await box.login('berta', password);
      const list = async () =>
        (await run('list')).stdout.split('\n').find((line) => line.startsWith('berta')) ?? '';
      assert.match(await list(), /^berta +operator +must change the password +no +1 camera +2026-03-01/);
      assert.match((await run('disable', 'berta')).stdout, /berta is disabled/);
      assert.equal(await codeOf(() => box.login('berta', password)), 'login-refused');
      await run('enable', 'berta');
      const reset = await run('reset-password', 'berta', '--json');
      const { initialPassword }: { readonly initialPassword: string } = JSON.parse(reset.stdout);
      assert.equal(await codeOf(() => box.login('berta', password)), 'login-refused');
      await box.login('berta', initialPassword);
      assert.match((await run('remove', 'berta', '--yes')).stdout, /berta is removed/);
      const gone = await run('remove', 'berta', '--yes');
      assert.equal(gone.exitCode, 2);
      assert.match(gone.stderr, /there is no account "berta"/);
    }));

  test('unlock ends a lock', () =>
    withCommands(async (run, box) => {
      await box.claim();
      for (let failure = 0; failure < 10; failure += 1) {
        await codeOf(() => box.login('anna', 'wrong'));
        box.clock.advanceBy(61_000);
      }
      assert.match((await run('list')).stdout, /^anna +admin +locked/m);
      assert.match((await run('unlock', 'anna')).stdout, /anna can log in again/);
      await box.login('anna');
    }));

  test('remove asks first', () =>
    withCommands(async (run, box) => {
      await box.claim();
      const refused = await run('remove', 'anna');
      assert.match(refused.stderr, /The account anna, its sessions and its API keys are removed/);
      await box.login('anna');
    }));

  test('key add shows a secret once that works until the key is revoked', () =>
    withCommands(async (run, box) => {
      const scopes = ['--scope', 'events:read', 'attendance:read'];
      const added = await run('key', 'add', 'payroll', ...scopes, '--days', '30', '--camera', 'gate');
      const [, secret = ''] = /^secret: (rck_\S+)$/m.exec(added.stdout) ?? [];
      const [, id = ''] = /^(k-\S+) \(payroll\), valid until 2026-03-31/m.exec(added.stdout) ?? [];
      const caller = () => box.caller({ authorization: `Bearer ${secret}` });
      assert.deepEqual([...((await caller())?.scopes ?? [])].sort(), ['attendance:read', 'events:read']);
      const listed = (await run('key', 'list')).stdout;
      assert.match(listed, new RegExp(`^${id} +payroll +events:read attendance:read +1 camera +uid:`, 'm'));
      assert.ok(!listed.includes(secret));
      assert.equal((await run('key', 'revoke', id)).exitCode, 2, 'it asks first');
      assert.match((await run('key', 'revoke', id, '--yes')).stdout, /is revoked/);
      assert.equal(await codeOf(caller), 'unauthenticated');
      const wrong = await run('key', 'add', 'x', '--scope', 'everything');
      assert.deepEqual([wrong.exitCode, /Allowed choices are/.test(wrong.stderr)], [2, true]);
      assert.equal((await run('key', 'add', 'x', ...scopes, '--days', '731')).exitCode, 2);
    }));
});

describe('rollcall role', () => {
  test('add, list, show, change and remove do what they say', () =>
    withCommands(async (run, box) => {
      await box.claim();
      const words = ['--scope', 'persons:read', 'persons:write', '--description', 'front desk'];
      const added = await run('add', 'reception', ...words);
      assert.match(added.stdout, /^role +reception, of this box\ndescription +front desk\naccounts +0$/m);
      assert.match(added.stdout, /^persons:write +enrol, change, remove and restore persons$/m);
      const listed = (await run('list')).stdout;
      assert.match(listed, /^admin +built in +\d+ +1/m);
      assert.match(listed, /^reception +of this box +2 +0 +front desk$/m);
      assert.equal((await run('change', 'reception')).exitCode, 2);
      const changed = await run('change', 'reception', '--scope', 'persons:read');
      assert.doesNotMatch(changed.stdout, /persons:write/);
      assert.match((await run('show', 'reception')).stdout, /^description +front desk$/m);
      assert.equal((await run('remove', 'reception')).exitCode, 2, 'it asks first');
      assert.match((await run('remove', 'reception', '--yes')).stdout, /reception is removed/);
    }, 'role'));
});

test('rollcall approval shows what users ask for, and lets root approve or refuse it', () =>
  withCommands(async (run, box) => {
    assert.match((await run('list')).stdout, /No request waits/);
    await box.claim();
    const { caller } = await box.login('anna');
    const ask = (userName: string) => {
      const declaration = accountOperations['users.create'];
      const input = { userName, role: 'viewer' };
      return codeOf(() => box.accounts.admit({ operationId: 'users.create', declaration, input }, caller));
    };
    await ask('berta');
    await ask('carla');
    const { stdout } = await run('list');
    const idOf = (name: string) =>
      new RegExp(`^(q-\\w+) +users\\.create +.*${name}`, 'm').exec(stdout)?.[1] ?? '';
    assert.match((await run('approve', idOf('berta'))).stdout, /users\.create, asked by anna, is approved/);
    assert.match((await run('refuse', idOf('carla'))).stdout, /is refused/);
    assert.deepEqual([await ask('berta'), await ask('carla')], ['none', 'approval-required']);
    const again = await run('approve', idOf('berta'));
    assert.deepEqual([again.exitCode, /decided already/.test(again.stderr)], [2, true]);
  }, 'approval'));
