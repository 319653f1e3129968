import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { root } from '../support/built.js';
import { packageReferences } from '../support/package-references.js';
import { temporaryDirectory } from '../support/temporary-directory.js';

const packages = packageReferences();

/** Packages with the real projects and one small file each, which imports from `targets`. Returns what the compiler says. */
async function compile(importer: string, targets: readonly string[]): Promise<string> {
  await using directory = await temporaryDirectory();
  const daemon = join(directory.path, 'daemon');
  symlinkSync(join(root, 'node_modules'), join(directory.path, 'node_modules'));
  for (const name of ['package.json', 'tsconfig.json', 'daemon/tsconfig.package.json']) {
    cpSync(join(root, name), join(directory.path, name));
  }
  for (const name of packages.keys()) {
    mkdirSync(join(daemon, name));
    cpSync(join(root, 'daemon', name, 'tsconfig.json'), join(daemon, name, 'tsconfig.json'));
    const imports = name === importer ? targets : [];
    const lines = imports.map((other) => `export { of as ${other} } from '../${other}/some.js';`);
    writeFileSync(join(daemon, name, 'some.ts'), `${lines.join('\n')}\nexport const of = '${name}';\n`);
  }
  const tsc = join(root, 'node_modules/.bin/tsc');
  const { stdout, status } = spawnSync(tsc, ['-b', `daemon/${importer}`], {
    cwd: directory.path,
    encoding: 'utf8',
  });
  assert.equal(status === 0, stdout === '', stdout);
  return stdout;
}

for (const [name, referred] of packages) {
  test(`an import from another package does not compile, unless ${name} refers to it`, async () => {
    assert.equal(await compile(name, referred), '');
    const others = [...packages.keys()].filter((other) => other !== name && !referred.includes(other));
    const said = await compile(name, others);
    for (const other of others) {
      const refusal = new RegExp(`${name}/some\\.ts.*TS6307.*daemon/${other}/some\\.ts`);
      assert.match(said, refusal, other);
    }
  });
}
