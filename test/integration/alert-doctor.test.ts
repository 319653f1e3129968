import assert from 'node:assert/strict';
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { parseConfig } from '../../daemon/contract/settings/load.js';
import { guessHostView, secretFindings } from '../../daemon/core/doctor/doctor-host.js';
import { currentUser } from '../../daemon/host/system-user.js';
import { temporaryDirectory } from '../support/temporary-directory.js';

test('doctor reports secrets of alert channels that are missing, open to others or in the wrong form', async () => {
  await using directory = await temporaryDirectory();
  const secretsDirectory = join(directory.path, 'secrets');
  await mkdir(secretsDirectory, { mode: 0o700 });
  const loaded = parseConfig(`
site: { id: office, timeZone: UTC }
alerts:
  webhooks:
    - { id: ops, url: "https://ops.example/", secret: ops-secret }
  emails:
    - { id: guards, host: mail.example, credential: mail-account, from: b@example.org, to: [g@example.org] }
    - { id: local, host: 127.0.0.1, tls: none, from: b@example.org, to: [g@example.org] }`);
  assert.ok(loaded.ok);
  const found = async () => {
    const config = { ...loaded.config, secretsDir: secretsDirectory };
    const view = await guessHostView(config, currentUser(), undefined);
    return (await secretFindings(config, view)).map(({ check, outcome }) => `${check}: ${outcome}`);
  };
  const write = (name: string, text: string) =>
    writeFile(join(secretsDirectory, name), text, { mode: 0o600 });
  assert.deepEqual(await found(), ['secret of webhook ops: failed', 'secret of e-mail guards: failed']);
  await write('ops-secret', 'a long secret that is hard to guess');
  await write('mail-account', 'no colon');
  assert.deepEqual(await found(), ['secret of webhook ops: ok', 'secret of e-mail guards: failed']);
  await write('mail-account', 'box:password');
  await chmod(join(secretsDirectory, 'ops-secret'), 0o644);
  assert.deepEqual(await found(), ['secret of webhook ops: failed', 'secret of e-mail guards: ok']);
});
