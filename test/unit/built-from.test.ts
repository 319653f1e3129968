import assert from 'node:assert/strict';
import { mkdir, rm, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { root } from '../support/built.js';
import { temporaryDirectory } from '../support/temporary-directory.js';

interface Build {
  isKept(): boolean;
  forget(): void;
  note(): void;
}

/** A checkout with two sources and what was built of them. */
async function builtCheckout(folder: string) {
  const { BuiltFrom } = (await import(pathToFileURL(join(root, 'scripts/built-from.mjs')).href)) as {
    readonly BuiltFrom: new (place: object) => Build;
  };
  await mkdir(join(folder, 'sources/deep'), { recursive: true });
  await mkdir(join(folder, 'made/deep'), { recursive: true });
  const write = (path: string, text: string): Promise<void> => writeFile(join(folder, path), text);
  const open = (also = 'v20.19.0'): Build =>
    new BuiltFrom({
      ...{ root: folder, inputs: ['sources', 'list.json'], also: [also] },
      ...{ output: 'made', except: 'made/version.json', record: 'built-from' },
    });
  for (const path of ['sources/deep/a.ts', 'list.json', 'made/deep/a.js', 'made/b.css', 'made/version.json'])
    await write(path, path);
  open().note();
  return { write, open };
}

test('build is kept while its sources, its environment, and what it made are the same', async () => {
  await using folder = await temporaryDirectory();
  const { write, open } = await builtCheckout(folder.path);
  assert.equal(open().isKept(), true);
  await utimes(join(folder.path, 'sources/deep/a.ts'), 1, 1);
  assert.equal(open().isKept(), true, 'times do not count');
  await write('made/version.json', 'another commit');
  assert.equal(open().isKept(), true, 'the version is written anew in any case');
});

const changes: Readonly<Record<string, (folder: string) => Promise<void>>> = {
  'a source was changed': (folder) => writeFile(join(folder, 'sources/deep/a.ts'), 'x'),
  'a source was added': (folder) => writeFile(join(folder, 'sources/c.ts'), ''),
  'the list of packages was changed': (folder) => writeFile(join(folder, 'list.json'), 'x'),
  'a built file was changed': (folder) => writeFile(join(folder, 'made/b.css'), 'x'),
  'a built file is gone': (folder) => rm(join(folder, 'made/deep/a.js')),
  'all that was built is gone': (folder) => rm(join(folder, 'made'), { recursive: true }),
  'the note is gone': (folder) => rm(join(folder, 'built-from')),
};
for (const [when, change] of Object.entries(changes)) {
  test(`build is made again when ${when}`, async () => {
    await using folder = await temporaryDirectory();
    const { open } = await builtCheckout(folder.path);
    await change(folder.path);
    assert.equal(open().isKept(), false);
  });
}

test('build is made again under another version of Node.js, and after an interruption', async () => {
  await using folder = await temporaryDirectory();
  const { open } = await builtCheckout(folder.path);
  assert.equal(open('v22.12.0').isKept(), false);
  open().forget();
  assert.equal(open().isKept(), false);
});

test('build does not count as one of sources that were changed while it ran', async () => {
  await using folder = await temporaryDirectory();
  const { write, open } = await builtCheckout(folder.path);
  const running = open();
  await write('sources/deep/a.ts', 'changed');
  running.note();
  assert.equal(open().isKept(), false);
});
