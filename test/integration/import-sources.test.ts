import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdir, symlink, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { Zip, ZipDeflate, type Zippable, zipSync } from 'fflate';
import { checkArchivePath } from '../../daemon/cli/archive-path.js';
import { openImportFolder, readPhotograph } from '../../daemon/cli/import/import-folder.js';
import { openImportZip } from '../../daemon/cli/import/import-zip.js';
import { isRollcallError, messageOf } from '../../daemon/kernel/errors.js';
import { paintFace } from '../support/painted-faces.js';
import { temporaryDirectory } from '../support/temporary-directory.js';

const table = Buffer.from('name,photographs\nAda,ada.jpg\n');
const picture = paintFace('ada');

const isBadZip =
  (message: RegExp) =>
  (error: unknown): boolean => {
    assert.ok(isRollcallError(error, 'bad-zip'), messageOf(error));
    assert.match(error.message, message);
    return true;
  };

async function withZip<T>(bytes: Uint8Array, work: (path: string) => Promise<T>): Promise<T> {
  await using directory = await temporaryDirectory();
  const path = join(directory.path, 'persons.zip');
  await writeFile(path, bytes);
  return await work(path);
}

/** Reads everything that an import of the archive would read. */
async function readAll(path: string): Promise<readonly Buffer[]> {
  await using source = await openImportZip(path);
  const found = await source.find('photographs');
  return [await source.readTable(), ...(await Promise.all(found.map((name) => source.read(name))))];
}

/** The archive with `change` made to the `index`-th header of its central directory. */
function patched(zip: Uint8Array, index: number, change: (header: Buffer) => void): Buffer {
  const bytes = Buffer.from(zip);
  const signature = Buffer.from('PK\x01\x02', 'latin1');
  let at = bytes.indexOf(signature);
  for (let passed = 0; passed < index; passed += 1) at = bytes.indexOf(signature, at + 4);
  change(bytes.subarray(at));
  return bytes;
}

/** The archive with a number of the second file changed in the directory and in the header before the file. */
function lying(zip: Uint8Array, value: number, places: { readonly entry: number; readonly header: number }) {
  const bytes = patched(zip, 1, (header) => header.writeUInt32LE(value, places.entry));
  const header = bytes.indexOf(Buffer.from('PK\x03\x04', 'latin1'), 4);
  bytes.writeUInt32LE(value, header + places.header);
  return bytes;
}

/** The archive with a Zip64 locator that points to `position`. */
function withZip64Locator(zip: Uint8Array, position: bigint): Buffer {
  const end = zip.length - 22;
  const locator = Buffer.alloc(20);
  locator.writeUInt32LE(0x07064b50, 0);
  locator.writeBigUInt64LE(position, 8);
  return Buffer.concat([zip.subarray(0, end), locator, zip.subarray(end)]);
}

describe('a zip archive', () => {
  test('gives its table and photographs, stored or deflated, at its top or in one folder', async () => {
    for (const folder of ['', 'export 2026/']) {
      for (const level of [0, 9] as const) {
        const zip = zipSync(
          {
            [`${folder}persons.csv`]: table,
            [`${folder}photographs/1/b.jpg`]: picture,
            [`${folder}photographs/1/a.JPEG`]: paintFace('ada', 2),
            [`${folder}photographs/1/.hidden.jpg`]: picture,
            [`${folder}photographs/1/notes.txt`]: Buffer.from('x'),
            [`${folder}photographs/1/deeper/c.jpg`]: picture,
          },
          { level },
        );
        await withZip(zip, async (path) => {
          await using source = await openImportZip(path);
          assert.deepEqual(await source.readTable(), table);
          const found = await source.find('photographs/1');
          assert.deepEqual(found, [`${folder}photographs/1/a.JPEG`, `${folder}photographs/1/b.jpg`]);
          assert.deepEqual(await source.read(found[1] ?? ''), picture);
          assert.deepEqual(await source.find('photographs/1/b.jpg'), [`${folder}photographs/1/b.jpg`]);
          assert.deepEqual(await source.find('photographs/2'), []);
        });
      }
    }
  });

  test('is read if a common zip program made it', async (t) => {
    await using directory = await temporaryDirectory();
    await writeFile(join(directory.path, 'persons.csv'), table);
    await mkdir(join(directory.path, 'photographs'));
    await writeFile(join(directory.path, 'photographs', 'ada.jpg'), picture);
    const script = 'import shutil, sys; shutil.make_archive(sys.argv[1], "zip", sys.argv[2])';
    await using elsewhere = await temporaryDirectory();
    const path = join(elsewhere.path, 'made');
    try {
      execFileSync('python3', ['-c', script, path, directory.path], { stdio: 'ignore' });
    } catch (error) {
      t.skip(`python3 cannot make an archive: ${messageOf(error)}`);
      return;
    }
    assert.deepEqual(await readAll(`${path}.zip`), [table, picture]);
  });

  test('is refused by its size alone if it is larger than 4 GiB', async () => {
    await using directory = await temporaryDirectory();
    const path = join(directory.path, 'persons.zip');
    // Sparse: it takes no room.
    await writeFile(path, '');
    for (const [bytes, message] of [
      [4 * 2 ** 30 + 1, /larger than 4 GiB/],
      [4 * 2 ** 30, /End of central directory not found/],
    ] as const) {
      await truncate(path, bytes);
      await assert.rejects(openImportZip(path), isBadZip(message));
    }
  });

  test('is read if it was written as a stream, with the sizes behind the files', async () => {
    const pieces: Uint8Array[] = [];
    const zip = new Zip((error, piece) => {
      assert.equal(error, null);
      pieces.push(piece);
    });
    for (const [path, content] of [
      ['persons.csv', table],
      ['photographs/ada.jpg', picture],
    ] as const) {
      const file = new ZipDeflate(path);
      zip.add(file);
      file.push(content, true);
    }
    zip.end();
    await withZip(Buffer.concat(pieces), async (path) =>
      assert.deepEqual(await readAll(path), [table, picture]),
    );
  });

  for (const [what, entries, message] of [
    ['no table', { 'ada.jpg': picture }, /contains no persons\.csv/],
    ['two tables', { 'persons.csv': table, 'a/persons.csv': table }, /more than one persons\.csv/],
    ['a path that climbs', { 'persons.csv': table, '../ada.jpg': picture }, /leads out of its folder/],
    ['a path that climbs within', { 'persons.csv': table, 'a/../../b.jpg': picture }, /leads out/],
    ['an absolute path', { 'persons.csv': table, '/etc/passwd': picture }, /is not relative/],
    ['a path of Windows', { 'persons.csv': table, 'a\\..\\b.jpg': picture }, /use '\/' instead/],
    ['a drive letter', { 'persons.csv': table, 'C:ada.jpg': picture }, /is not relative/],
    [
      'one file by two names',
      { 'persons.csv': table, 'a.jpg': picture, './a.jpg': picture },
      /"a\.jpg" twice/,
    ],
    [
      'a file that unpacks to too much',
      { 'persons.csv': table, 'a.jpg': Buffer.alloc(32 * 2 ** 20 + 1) },
      /larger than 32 MiB/,
    ],
    [
      'a file that is marked as a folder',
      { 'persons.csv': table, 'a.jpg': [picture, { os: 0, attrs: 0x10 }] },
      /"a\.jpg" is marked as a folder/,
    ],
    ['nothing but a folder of this name', { 'persons.csv/': new Uint8Array() }, /contains no persons\.csv/],
  ] as const) {
    test(`is refused with ${what}`, async () => {
      await withZip(zipSync(entries as Zippable), (path) =>
        assert.rejects(openImportZip(path), isBadZip(message)),
      );
    });
  }

  const good = zipSync({ 'persons.csv': table, 'photographs/a.jpg': Buffer.alloc(100_000, 'x') });
  for (const [what, bytes, message] of [
    [
      'lies that it is small',
      lying(good, 10, { entry: 24, header: 22 }),
      /damaged: Invalid uncompressed size/,
    ],
    ['lies that it is larger', lying(good, 200_000, { entry: 24, header: 22 }), /damaged: Invalid/],
    ['has a wrong checksum', lying(good, 7, { entry: 16, header: 14 }), /damaged: Invalid CRC32/],
    [
      'tells two sizes of a file',
      patched(good, 1, (header) => header.writeUInt32LE(10, 24)),
      /damaged: programs could read it in different ways/,
    ],
    ['is encrypted', patched(good, 1, (header) => header.writeUInt16LE(1, 8)), /encrypted/],
    ['uses another compression', patched(good, 1, (header) => header.writeUInt16LE(14, 10)), /method 14/],
    [
      'points beyond its end',
      patched(good, 1, (header) => header.writeUInt32LE(2 ** 31, 42)),
      /Local file header not found/,
    ],
    [
      'points into the middle',
      patched(good, 1, (header) => header.writeUInt32LE(5, 42)),
      /Local file header not found/,
    ],
    [
      'announces 8 GiB',
      patched(good, 1, (header) => header.writeUInt32LE(0xfffffff0, 24)),
      /larger than 32 MiB/,
    ],
    ['has more behind its end', Buffer.concat([good, picture]), /in different ways: appended data/],
    ['is cut short', good.subarray(0, good.length - 40), /End of central directory not found/],
    ['is a picture', Buffer.concat([picture, Buffer.alloc(100)]), /End of central directory not found/],
    ['is empty', Buffer.alloc(0), /format is not recognized/],
    [
      'points far outside with Zip64',
      withZip64Locator(good, 0xffff_ffff_ffff_ffffn),
      /programs could read it in different ways/,
    ],
  ] as const) {
    test(`is refused when it ${what}`, async () => {
      await withZip(bytes, (path) => assert.rejects(readAll(path), isBadZip(message)));
    });
  }

  test('may have files of 32 MiB', async () => {
    const largest = patched(good, 1, (header) => header.writeUInt32LE(32 * 2 ** 20, 24));
    await withZip(largest, async (path) => await (await openImportZip(path))[Symbol.asyncDispose]());
  });

  test('of small files that are too large together is refused before any is inflated', async () => {
    const entries = Object.fromEntries(
      Array.from({ length: 300 }, (_, index) => [`photographs/${index}.jpg`, Buffer.alloc(2 ** 10)]),
    );
    let zip: Buffer = Buffer.from(zipSync({ 'persons.csv': table, ...entries }));
    for (let index = 1; index <= 300; index += 1) {
      zip = patched(zip, index, (header) => header.writeUInt32LE(31 * 2 ** 20, 24));
    }
    await withZip(zip, (path) =>
      assert.rejects(openImportZip(path), isBadZip(/unpacks to more than 8192 MiB/)),
    );
  });

  test('with any byte changed gives the same content or is refused', async () => {
    const small = zipSync({ 'persons.csv': table, 'photographs/a.jpg': picture });
    const before = await withZip(small, readAll);
    const change = fc.record({ at: fc.nat({ max: small.length - 1 }), to: fc.nat({ max: 255 }) });
    await fc.assert(
      fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 3 }), async (changes) => {
        const bytes = Buffer.from(small);
        for (const { at, to } of changes) bytes[at] = to;
        try {
          const after = await withZip(bytes, readAll);
          for (const content of after) assert.ok(before.some((known) => known.equals(content)));
        } catch (error) {
          assert.ok(isRollcallError(error, 'bad-zip'), messageOf(error));
        }
      }),
      { numRuns: 300 },
    );
  });
});

describe('a folder of photographs', () => {
  test('gives files and folders by their paths', async () => {
    await using directory = await temporaryDirectory();
    const root = directory.path;
    await mkdir(join(root, '17'));
    for (const name of ['b.jpg', 'a.png', '.x.jpg', 'readme.txt'])
      await writeFile(join(root, '17', name), picture);
    await using source = await openImportFolder(join(root, 'persons.csv'), root);
    assert.deepEqual(await source.find('17'), ['17/a.png', '17/b.jpg']);
    assert.deepEqual(await source.find('17/readme.txt'), ['17/readme.txt']);
    assert.deepEqual(await source.find('18'), []);
    assert.deepEqual(await source.read('17/b.jpg'), picture);
  });

  test('does not follow links to places outside of it', async () => {
    await using outside = await temporaryDirectory();
    await writeFile(join(outside.path, 'secret.jpg'), picture);
    await using directory = await temporaryDirectory();
    const root = directory.path;
    await symlink(join(outside.path, 'secret.jpg'), join(root, 'link.jpg'));
    await symlink(outside.path, join(root, '17'));
    await mkdir(join(root, '18'));
    await symlink(join(outside.path, 'secret.jpg'), join(root, '18', 'link.jpg'));
    await symlink('/etc/passwd', join(root, 'passwd'));
    await using source = await openImportFolder(join(root, 'persons.csv'), root);
    for (const path of ['link.jpg', '17', '17/secret.jpg', '18', 'passwd']) {
      assert.deepEqual(await source.find(path), [], path);
    }
  });

  const asRoot = process.getuid?.() === 0 ? 'root may read everything' : false;
  test('names a file that this user may not read', { skip: asRoot }, async () => {
    await using directory = await temporaryDirectory();
    await writeFile(join(directory.path, 'mine.jpg'), picture, { mode: 0o000 });
    await assert.rejects(
      readPhotograph(join(directory.path, 'mine.jpg')),
      /cannot read \S+mine\.jpg: you may not read the file/,
    );
  });

  test('refuses a pipe without waiting for it, and files that are too large or missing', async () => {
    await using directory = await temporaryDirectory();
    const root = directory.path;
    execFileSync('mkfifo', [join(root, 'pipe.jpg'), join(root, 'pipe.csv')]);
    await writeFile(join(root, 'huge.jpg'), '');
    await truncate(join(root, 'huge.jpg'), 32 * 2 ** 20 + 1);
    await using source = await openImportFolder(join(root, 'pipe.csv'), root);
    assert.deepEqual(await source.find('pipe.jpg'), []);
    await assert.rejects(source.read('pipe.jpg'), (error: unknown) =>
      isRollcallError(error, 'unreadable-image'),
    );
    await assert.rejects(source.read('huge.jpg'), (error: unknown) => {
      assert.ok(isRollcallError(error, 'image-too-large'));
      assert.match(error.message, /huge\.jpg is larger than 32 MiB$/);
      return true;
    });
    await writeFile(join(root, 'empty.jpg'), '');
    await mkdir(join(root, 'folder'));
    for (const [name, code, message] of [
      ['empty.jpg', 'image-empty', /empty\.jpg is empty \(0 bytes\)$/],
      ['folder', 'unreadable-image', /cannot read \S+folder: it is a folder$/],
      ['no.jpg', 'unreadable-image', /cannot read \S+no\.jpg: the file does not exist$/],
    ] as const) {
      await assert.rejects(source.read(name), (error: unknown) => {
        assert.ok(isRollcallError(error, code));
        assert.match(error.message, message);
        return error.remedy !== undefined;
      });
    }
    await assert.rejects(source.readTable(), (error: unknown) => isRollcallError(error, 'unreadable-import'));
    await assert.rejects(openImportFolder('x', join(root, 'no')), (error: unknown) =>
      isRollcallError(error, 'unreadable-import'),
    );
  });
});

test('a path in a table cannot lead out of its folder', () => {
  const text = fc.string({
    unit: fc.constantFrom('.', '..', '/', '\\', 'a', ':', '\0', ' ', '~'),
    maxLength: 12,
  });
  fc.assert(
    fc.property(text, (given) => {
      const checked = checkArchivePath(given);
      if ('problem' in checked) return;
      assert.ok(join('/root/folder', checked.path).startsWith('/root/folder/'), given);
    }),
    { numRuns: 1000 },
  );
});
