import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, test } from 'node:test';
import { readUnit } from '../../daemon/host/unit-file.js';
import { temporaryDirectory } from '../support/temporary-directory.js';

const name = 'rollcalld.service';

/** Reads the unit from `etc`, `run`, and `usr`, in systemd's order of precedence, where these files are. */
async function read(files: Readonly<Record<string, readonly string[]>>) {
  await using directory = await temporaryDirectory();
  for (const [path, lines] of Object.entries(files)) {
    await mkdir(dirname(join(directory.path, path)), { recursive: true });
    await writeFile(join(directory.path, path), lines.join('\n'));
  }
  const places = ['etc', 'run', 'usr'].map((place) => join(directory.path, place));
  const unit = await readUnit(name, places);
  return unit && { ...unit, credentials: Object.fromEntries(unit.credentials) };
}

describe('the unit of a service', () => {
  test('has its user and credentials, whose paths may contain colons', async () => {
    const unit = await read({
      [`usr/${name}`]: [
        '[Service]',
        'ExecStart=/usr/bin/rollcalld User=nobody',
        '# User=commented',
        ' User = rollcall ',
        'LoadCredential=mqtt:/etc/rollcall/mqtt',
        'LoadCredentialEncrypted=key:/etc/credstore/a:b',
        'LoadCredential=inherited',
      ],
    });
    assert.deepEqual(unit, {
      user: 'rollcall',
      credentials: { mqtt: '/etc/rollcall/mqtt', key: '/etc/credstore/a:b', inherited: '' },
    });
  });

  test('is that of the first directory, and no other with its name counts', async () => {
    const unit = await read({
      [`run/${name}`]: ['User=runtime'],
      [`usr/${name}`]: ['User=vendor', 'LoadCredential=key:/a'],
    });
    assert.deepEqual(unit, { user: 'runtime', credentials: {} });
  });

  test('is changed by drop-ins in the order of their names, of which the first directory has the word', async () => {
    const unit = await read({
      [`usr/${name}`]: ['User=vendor', 'LoadCredential=key:/vendor'],
      [`etc/${name}.d/20-user.conf`]: ['User=second'],
      [`usr/${name}.d/30-user.conf`]: ['User=third'],
      [`usr/${name}.d/10-key.conf`]: ['LoadCredential=key:/usr'],
      [`etc/${name}.d/10-key.conf`]: ['LoadCredential=key:/etc'],
      [`etc/${name}.d/40-user.conf.bak`]: ['User=backup'],
    });
    assert.deepEqual(unit, { user: 'third', credentials: { key: '/etc' } });
  });

  test('forgets what came before an empty value', async () => {
    const unit = await read({
      [`usr/${name}`]: ['User=rollcall', 'LoadCredential=key:/a', 'LoadCredentialEncrypted=mqtt:/b'],
      [`etc/${name}.d/override.conf`]: ['User=', 'LoadCredential=', 'LoadCredential=other:/c'],
    });
    assert.deepEqual(unit, { credentials: { other: '/c' } });
  });

  test('is unknown where it is not installed, also if there are drop-ins for it', async () => {
    assert.equal(await read({}), undefined);
    assert.equal(await read({ [`etc/${name}.d/user.conf`]: ['User=rollcall'] }), undefined);
  });
});
