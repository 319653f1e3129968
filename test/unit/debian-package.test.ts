import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, lutimesSync, readFileSync } from 'node:fs';
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, test } from 'node:test';
import { root } from '../support/built.js';
import { temporaryDirectory } from '../support/temporary-directory.js';

const packaging = join(root, 'scripts/packaging');
const skip = !existsSync('/usr/bin/dpkg-deb') && 'this machine has no dpkg-deb';

/** As some packages have them: Debian asks for the place of its copy instead. */
const apacheTerms =
  '    Apache License\n\n  Version 2.0, January 2004\n1. Definitions.\nEND OF TERMS AND CONDITIONS';

/** A few of the files of a package, with two that differ in everything that must not matter. */
async function makeTree(folder: string, mode: number, modifiedAt: Date): Promise<string> {
  const tree = join(folder, 'tree');
  const files: Readonly<Record<string, string>> = {
    'opt/rollcall/releases/package/node/bin/node': '#!/bin/sh\n',
    'opt/rollcall/releases/package/node/LICENSE': `the licence of Node.js\n${apacheTerms}\na part\n${apacheTerms}`,
    'opt/rollcall/releases/package/models/manifest.json': JSON.stringify({
      packs: [
        {
          ...{ id: 'seen', file: 'seen.onnx', sha256: 'ab'.repeat(32), source: { version: '1.2.3' } },
          licence: { name: 'MIT', origin: 'a publisher' },
        },
        { id: 'absent', file: 'absent.onnx', source: {}, licence: { name: 'MIT', origin: 'a publisher' } },
      ],
    }),
    'opt/rollcall/releases/package/models/build/seen.onnx': 'x',
    'opt/rollcall/releases/package/node_modules/@a/b/package.json':
      '{"name":"@a/b","version":"2.0.0","license":"ISC"}',
    'opt/rollcall/releases/package/node_modules/@a/b/LICENSE': 'the licence of b',
    'usr/bin/rollcall': '#!/bin/sh\n',
    'usr/share/doc/rollcall/.keep': '',
  };
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(tree, name)), { recursive: true });
    await writeFile(join(tree, name), text, { mode: name.includes('/bin/') ? mode | 0o100 : mode });
    lutimesSync(join(tree, name), modifiedAt, modifiedAt);
  }
  await symlink('../../../models-imported', join(tree, 'opt/rollcall/releases/package/models/imported'));
  return tree;
}

const version = '0.1.0+7.gabcdef012345';

/** The path of the package. `umask`: that of the builder. */
function pack(tree: string, folder: string, umask: string): string {
  const { status, stderr } = spawnSync(
    'bash',
    [
      '-c',
      `umask ${umask}; exec "$@"`,
      'pack',
      join(packaging, 'pack'),
      tree,
      version,
      'amd64',
      '1700000000',
      folder,
    ],
    { encoding: 'utf8' },
  );
  assert.equal(status, 0, stderr);
  return join(folder, `rollcall_${version}_amd64.deb`);
}

const sumOf = (file: string): string => createHash('sha256').update(readFileSync(file)).digest('hex');
const asked = (...args: readonly string[]): string => execFileSync('dpkg-deb', args, { encoding: 'utf8' });

describe('the Debian package', { skip }, () => {
  test('has the same bytes for the same files, whatever their place, times, modes, and the umask', async () => {
    await using one = await temporaryDirectory();
    await using other = await temporaryDirectory();
    const first = pack(await makeTree(one.path, 0o644, new Date('2001-01-01')), one.path, '022');
    const deeper = join(other.path, 'below');
    const second = pack(await makeTree(deeper, 0o600, new Date('2030-01-01')), deeper, '077');
    assert.equal(sumOf(second), sumOf(first));
  });

  test('belongs to root, and may be read by everyone and changed by nobody else', async () => {
    await using directory = await temporaryDirectory();
    const file = pack(await makeTree(directory.path, 0o666, new Date()), directory.path, '000');
    const lines = asked('--contents', file).trim().split('\n');
    assert.deepEqual(
      lines.filter((line) => !/^(?:drwxr-xr-x|-rwxr-xr-x|-rw-r--r--|lrwxrwxrwx) root\/root /.test(line)),
      [],
    );
    assert.match(lines.join('\n'), /-rwxr-xr-x .* \.\/usr\/bin\/rollcall$/m);
    assert.equal(
      asked('--field', file, 'Package', 'Version', 'Architecture', 'Depends')
        .split('\n')
        .slice(0, 3)
        .join(' '),
      `Package: rollcall Version: ${version} Architecture: amd64`,
    );
  });

  test('erases on a purge what the installer erases, and nothing on a removal', async () => {
    await using directory = await temporaryDirectory();
    const file = pack(await makeTree(directory.path, 0o644, new Date()), directory.path, '022');
    const postrm = asked('--info', file, 'postrm');
    // Shows what would be erased. Without a path, the script finds no program that could erase anything.
    const shown =
      'rm() { echo "rm $*"; }; find() { echo "find $*"; }; deb-systemd-helper() { :; }; systemctl() { :; }';
    const erased = (verb: string): string =>
      execFileSync('/bin/bash', ['-c', `${shown}\nset -- ${verb}\n${postrm}`], {
        encoding: 'utf8',
        env: { PATH: directory.path },
      });
    assert.match(
      erased('purge'),
      /^find \/etc\/rollcall\/credentials[^\n]*\nrm -rf \/etc\/rollcall \/var\/lib\/rollcall [^\n]*\n[^\n]*\/log\/journal\/[^\n]*\nrm -rf \/opt\/rollcall$/m,
    );
    for (const verb of ['remove', 'upgrade', 'abort-install', 'failed-upgrade', 'disappear'])
      assert.doesNotMatch(erased(verb), /\/etc\/rollcall|\/var\/lib|models|log\/journal/, verb);
  });

  test('lists what it contains, with every licence', async () => {
    await using directory = await temporaryDirectory();
    const tree = await makeTree(directory.path, 0o644, new Date());
    const lock = join(directory.path, 'package-lock.json');
    const integrity = `sha512-${Buffer.alloc(64, 1).toString('base64')}`;
    await writeFile(
      lock,
      JSON.stringify({ packages: { '': {}, 'node_modules/@a/b': { integrity }, 'node_modules/dev': {} } }),
    );
    execFileSync(process.execPath, [join(packaging, 'components.mjs'), tree, lock, version, '24.0.0'], {
      stdio: 'ignore',
    });
    const documents = join(tree, 'usr/share/doc/rollcall');
    const { components } = JSON.parse(readFileSync(join(documents, 'sbom.cdx.json'), 'utf8')) as {
      readonly components: readonly { readonly name: string; readonly hashes?: readonly object[] }[];
    };
    assert.deepEqual(
      components.map(({ name, hashes }) => [name, hashes]),
      [
        ['node', undefined],
        ['@a/b', [{ alg: 'SHA-512', content: '01'.repeat(64) }]],
        ['seen', [{ alg: 'SHA-256', content: 'ab'.repeat(32) }]],
      ],
    );
    const copyright = readFileSync(join(documents, 'copyright'), 'utf8');
    for (const text of ['the licence of Node.js', 'the licence of b', '@a/b 2.0.0 (ISC)', 'MIT; a publisher'])
      assert.ok(copyright.includes(text), text);
    assert.doesNotMatch(copyright, /Definitions/);
    assert.equal(
      copyright.split('/usr/share/common-licenses/Apache-2.0').length,
      4,
      'own, and twice in that of Node.js',
    );
  });
});

test('npm packages with binaries have them for each architecture of the Debian package', () => {
  const script = readFileSync(join(root, 'scripts/package'), 'utf8');
  const architectures = [...script.matchAll(/^ {2}\[(\w+)\]='node-linux-(\w+) sha512-/gm)].map(
    ([, , arch]) => arch,
  );
  assert.deepEqual(architectures, ['x64', 'arm64']);
  const { packages } = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')) as {
    readonly packages: Readonly<Record<string, object>>;
  };
  for (const arch of architectures) {
    for (const name of [`@img/sharp-linux-${arch}`, `@koromix/koffi-linux-${arch}`])
      assert.ok(`node_modules/${name}` in packages, name);
    for (const path of [
      `onnxruntime-node/bin/napi-v6/linux/${arch}/onnxruntime_binding.node`,
      `sodium-native/prebuilds/linux-${arch}`,
    ])
      assert.ok(existsSync(join(root, 'node_modules', path)), path);
  }
});
