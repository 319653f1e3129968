import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { request } from 'node:https';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { test } from 'node:test';
import type { KeptBackup } from '../../daemon/contract/backups.js';
import { newRecoveryKey } from '../../daemon/core/backups/recovery-key.js';
import { writeRecoveryKey } from '../../daemon/core/backups/recovery-key-text.js';
import { makeBox, type TestBox, withoutBuild } from '../support/box.js';
import { startBoxGate } from '../support/box-gate.js';
import { freePort } from '../support/listening.js';
import { until } from '../support/until.js';

interface Answer {
  readonly status: number;
  readonly bytes: Buffer;
  readonly data: unknown;
  readonly code: string | undefined;
}

/** Asks the gate of a box with an API key. */
const askerOf =
  (port: number, key: string) =>
  async (method: string, path: string, body?: object): Promise<Answer> => {
    const asking = request({
      ...{ host: 'localhost', port, method, path: `/api/v1${path}`, rejectUnauthorized: false },
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    });
    const answered = once(asking, 'response');
    asking.end(body === undefined ? undefined : JSON.stringify(body));
    const [response] = await answered;
    const bytes = await buffer(response);
    const isJson = String(response.headers['content-type']).includes('json');
    const said = isJson
      ? (JSON.parse(bytes.toString()) as { data?: unknown; error?: { code: string } })
      : undefined;
    return { status: response.statusCode, bytes, data: said?.data, code: said?.error?.code };
  };

const publicLine = (publicKey: Uint8Array): string =>
  Buffer.from(writeRecoveryKey('public', publicKey)).toString('latin1').trim();

const installKey = (box: TestBox, publicKey: Uint8Array) =>
  box.client.call('backups.set-recovery-key', { publicKey: publicLine(publicKey) });

test('an API key makes a backup and fetches it, and nothing else', {
  skip: withoutBuild,
}, async (t) => {
  const port = await freePort();
  await using box = await makeBox({ config: { gate: { port }, api: { secondPerson: ['export'] } } });
  await box.start();
  await using _gate = startBoxGate(box);
  const { secret } = await box.client.call('api-keys.create', { label: 'nightly', scopes: ['backups:make'] });
  const ask = askerOf(port, secret);
  await until('the gate', () =>
    ask('GET', '/auth/me').then(
      () => true,
      () => false,
    ),
  );
  const recoveryKey = newRecoveryKey();
  await installKey(box, recoveryKey.publicKey);
  const kept = join(box.directory, 'fetched.rcb');
  let made: KeptBackup | undefined;

  await t.test('with an entry in the audit log for each, encrypted to the recovery key', async () => {
    const answer = await ask('POST', '/unattended-backups');
    assert.equal(answer.status, 200, answer.bytes.toString());
    made = answer.data as KeptBackup;
    const { status, bytes } = await ask('GET', `/unattended-backups/${made.id}`);
    assert.equal(status, 200);
    assert.equal(createHash('sha256').update(bytes).digest('hex'), made.sha256);
    const rest = await ask('GET', `/unattended-backups/${made.id}?offset=100`);
    assert.deepEqual(rest.bytes, bytes.subarray(100));
    await writeFile(kept, bytes);
    const keyFile = join(box.directory, 'recovery.key');
    await writeFile(keyFile, writeRecoveryKey('secret', recoveryKey.secretKey), { mode: 0o600 });
    const verified = await box.command('backup', 'verify', kept, '--recovery-key', keyFile);
    assert.equal(verified.exitCode, 0, verified.stderr);
    const { items } = await box.client.call('audit.list', { action: 'backup', limit: 10 });
    assert.deepEqual(
      items.map(({ action, actor }) => [action, actor.startsWith('api-key:')]),
      [
        ['backup.downloaded', true],
        ['backup.downloaded', true],
        ['backup.created', true],
        ['backup.recovery-key-changed', false],
      ],
    );
  });

  await t.test('but restores, removes and uploads none, and changes no key', async () => {
    const id = made?.id ?? '';
    for (const [method, path, body] of [
      ['POST', '/backups', {}],
      ['GET', `/backups/${id}`],
      ['DELETE', `/backups/${id}`],
      ['POST', `/backups/${id}/verify`, {}],
      ['POST', `/backups/${id}/restore`, {}],
      ['PUT', '/backups/recovery-key', { publicKey: publicLine(newRecoveryKey().publicKey) }],
    ] as const) {
      const { status, code } = await ask(method, path, body);
      assert.deepEqual([status, code], [403, 'forbidden'], `${method} ${path}`);
    }
  });

  await t.test('and gets none that a passphrase opens, too', async () => {
    const passphrase = Buffer.from('six random words on a sheet');
    const { id } = await box.client.call('backups.create', { passphrase });
    const { status, code } = await ask('GET', `/unattended-backups/${id}`);
    assert.deepEqual([status, code], [404, 'no-such-backup']);
  });

  await t.test('and makes none for a recovery key that somebody put into the data directory', async () => {
    const path = join(box.directory, 'data/keys/recovery-key-public');
    await writeFile(path, writeRecoveryKey('public', newRecoveryKey().publicKey), { mode: 0o600 });
    const refused = await ask('POST', '/unattended-backups');
    assert.equal(refused.code, 'recovery-key-foreign');
    await installKey(box, recoveryKey.publicKey);
    assert.equal((await ask('POST', '/unattended-backups')).status, 200);
  });
});
