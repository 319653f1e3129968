import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { describeUser, findGroup, findUser, ownerText } from '../../daemon/host/system-user.js';
import { temporaryDirectory } from '../support/temporary-directory.js';

const accounts = [
  'root:x:0:0:root:/root:/bin/bash',
  '',
  ':x:5:5::/:/bin/sh',
  'rollcall:x:998:997::/var/lib/rollcall:/usr/sbin/nologin',
  '1000:x:7:7::/home/odd:/bin/sh',
  'anna:x:1000:1000:Anna:/home/anna:/bin/bash',
];

describe('a user of the machine', () => {
  const found = async (wanted: string | number) => {
    await using directory = await temporaryDirectory();
    const path = join(directory.path, 'passwd');
    await writeFile(path, accounts.join('\n'));
    return await findUser(wanted, path);
  };

  test('is found by the name or the uid', async () => {
    assert.deepEqual(await found('rollcall'), { uid: 998, name: 'rollcall' });
    assert.deepEqual(await found(998), { uid: 998, name: 'rollcall' });
    assert.deepEqual(await found(0), { uid: 0, name: 'root' });
    assert.deepEqual(await found(1000), { uid: 1000, name: 'anna' }, 'a number is no name');
  });

  test('is unknown without an entry, with one without a name, and without a file of accounts', async () => {
    assert.equal(await found('nobody'), undefined);
    assert.equal(await found(5), undefined);
    assert.equal(await found(''), undefined);
    assert.equal(await findUser('root', '/nowhere/passwd'), undefined);
  });

  test('is named by name and uid, and in a command by the name if there is one', () => {
    const [named, nameless] = [{ uid: 998, name: 'rollcall' }, { uid: 998 }];
    assert.deepEqual([named, nameless].map(describeUser), ['"rollcall" (uid 998)', 'with the uid 998']);
    assert.deepEqual([named, nameless].map(ownerText), ['rollcall', '998']);
  });
});

test('a group of the machine is found by its name', async () => {
  await using directory = await temporaryDirectory();
  const path = join(directory.path, 'group');
  await writeFile(path, 'root:x:0:\nvideo:x:44:anna\nbroken:x\nrender:x:105:anna,rollcall\n');
  assert.deepEqual(
    await Promise.all(
      ['root', 'video', 'render', 'broken', '44', 'gone'].map((name) => findGroup(name, path)),
    ),
    [0, 44, 105, undefined, undefined, undefined],
  );
  assert.equal(await findGroup('root', '/nowhere/group'), undefined);
});
