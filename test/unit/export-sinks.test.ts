import assert from 'node:assert/strict';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { Uint8ArrayReader, ZipReader } from '@zip.js/zip.js/lib/zip-core-custom.js';
import { createExportFolder, createExportZip, zipLimits } from '../../daemon/cli/export/export-sink.js';
import { temporaryDirectory } from '../support/temporary-directory.js';

const text = Buffer.from('a'.repeat(1000));

describe('the folder of an export', () => {
  test('is readable by its owner only, and so is what lies in it', async () => {
    await using directory = await temporaryDirectory();
    const path = join(directory.path, 'export');
    {
      await using sink = await createExportFolder(path);
      await sink.add('persons/ada/profile.json', text);
      await sink.finish();
    }
    const modeOf = async (name: string) => (await stat(join(path, name))).mode & 0o777;
    assert.deepEqual(
      [await modeOf('.'), await modeOf('persons/ada'), await modeOf('persons/ada/profile.json')],
      [0o700, 0o700, 0o600],
    );
    assert.deepEqual(await readFile(join(path, 'persons/ada/profile.json')), text);
    await assert.rejects(createExportFolder(path), { code: 'output-exists' });
  });
});

describe('the archive of an export', () => {
  test('is readable by its owner only, and stores JPEG files as they are', async () => {
    await using directory = await temporaryDirectory();
    const path = join(directory.path, 'export.zip');
    {
      await using sink = await createExportZip(path);
      for (const name of ['profile.json', 'one.jpg', 'two.jpeg']) await sink.add(name, text);
      await sink.finish();
    }
    assert.equal((await stat(path)).mode & 0o777, 0o600);
    const entries = await new ZipReader(new Uint8ArrayReader(await readFile(path))).getEntries();
    assert.deepEqual(
      entries.map(({ filename, uncompressedSize, compressedSize }) => [
        filename,
        uncompressedSize,
        compressedSize < uncompressedSize,
      ]),
      [
        ['profile.json', 1000, true],
        ['one.jpg', 1000, false],
        ['two.jpeg', 1000, false],
      ],
    );
  });

  test('takes as many files and bytes as every program reads', async () => {
    assert.deepEqual(zipLimits, { files: 65_534, bytes: 4_227_858_431 });
    await using directory = await temporaryDirectory();
    const most = { files: 2, bytes: 10_000 };
    await using files = await createExportZip(join(directory.path, 'files.zip'), most);
    for (const name of ['one', 'two']) await files.add(name, text);
    await assert.rejects(files.add('three', text), { code: 'export-too-large' });
    await using bytes = await createExportZip(join(directory.path, 'bytes.zip'), most);
    await assert.rejects(bytes.add('large.jpg', new Uint8Array(10_001)), { code: 'export-too-large' });
    await bytes.add('half.jpg', new Uint8Array(5_000));
    await assert.rejects(bytes.add('more.jpg', new Uint8Array(5_000)), { code: 'export-too-large' });
  });
});

test('an export that is not finished leaves nothing', async () => {
  await using directory = await temporaryDirectory();
  for (const [name, create] of [
    ['export', createExportFolder],
    ['export.zip', createExportZip],
  ] as const) {
    const path = join(directory.path, name);
    const fail = async (): Promise<void> => {
      await using sink = await create(path);
      await sink.add('one', text);
      throw new Error('the box is away');
    };
    await assert.rejects(fail, /the box is away/);
  }
  assert.deepEqual(await readdir(directory.path), []);
});
