import assert from 'node:assert/strict';
import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { createPrivateFile } from '../../daemon/host/private-file.js';
import { temporaryDirectory } from '../support/temporary-directory.js';

describe('a private file', () => {
  test('is kept as it was written, and only its owner may read it', async () => {
    await using directory = await temporaryDirectory();
    const [whole, inParts] = [join(directory.path, 'whole'), join(directory.path, 'in-parts')];
    {
      await using file = await createPrivateFile(whole);
      await file.keep(Buffer.from('all of it'));
    }
    {
      await using file = await createPrivateFile(inParts);
      for (const part of ['all', ' of']) await file.write(Buffer.from(part));
      await file.write(Buffer.from(' it'));
      await file.keep();
    }
    for (const path of [whole, inParts]) {
      assert.equal(await readFile(path, 'utf8'), 'all of it');
      assert.equal((await stat(path)).mode & 0o777, 0o600);
    }
  });

  test('is deleted where the work that should fill it fails', async () => {
    await using directory = await temporaryDirectory();
    const fill = async () => {
      await using file = await createPrivateFile(join(directory.path, 'half'));
      await file.write(Buffer.from('half'));
      throw new Error('no camera');
    };
    await assert.rejects(fill, /no camera/);
    assert.deepEqual(await readdir(directory.path), []);
  });

  test('replaces no other file, and names one that cannot be written', async () => {
    await using directory = await temporaryDirectory();
    const path = join(directory.path, 'there');
    await writeFile(path, 'before');
    await assert.rejects(createPrivateFile(path), { kind: 'input', code: 'output-exists' });
    assert.equal(await readFile(path, 'utf8'), 'before');
    const nowhere = join(directory.path, 'no', 'folder');
    await assert.rejects(createPrivateFile(nowhere), (error: Error & { code?: string }) => {
      assert.equal(error.code, 'output-unwritable');
      assert.ok(error.message.includes(nowhere));
      return true;
    });
  });
});
