import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { root } from '../support/built.js';
import { temporaryDirectory } from '../support/temporary-directory.js';

const versionModule = pathToFileURL(join(root, 'scripts/version.mjs')).href;
type BuildVersion = (root: string, built: string) => string;

test('version of a build differs when a commit, a change or the built program differs', async () => {
  const { buildVersion } = (await import(versionModule)) as { readonly buildVersion: BuildVersion };
  await using folder = await temporaryDirectory();
  const built = join(folder.path, 'built');
  const git = (...args: readonly string[]): string =>
    execFileSync('git', ['-c', 'user.name=a', '-c', 'user.email=a@b', ...args], {
      ...{ cwd: folder.path, encoding: 'utf8' },
    }).trim();
  const versionNow = (): string => buildVersion(folder.path, built);
  await mkdir(built);
  await writeFile(join(built, 'a.js'), '1');
  await writeFile(join(folder.path, 'package.json'), '{"version":"1.2.3"}');
  git('init', '--quiet');
  git('add', 'package.json');
  git('commit', '--quiet', '--message', 'one');
  const first = versionNow();
  assert.equal(first, `1.2.3+1.g${git('rev-parse', '--short=12', 'HEAD')}`);
  git('commit', '--quiet', '--allow-empty', '--message', 'two');
  const second = versionNow();
  assert.match(second, /^1\.2\.3\+2\.g[0-9a-f]{12}$/);
  await writeFile(join(folder.path, 'package.json'), '{"version":"1.2.4"}');
  assert.match(versionNow(), /^1\.2\.4\+2\.g[0-9a-f]{12}\.changed\.[0-9a-f]{12}$/);

  await rename(join(folder.path, '.git'), join(folder.path, 'hidden'));
  const copied = versionNow();
  assert.match(copied, /^1\.2\.4\+build\.[0-9a-f]{12}$/);
  await writeFile(join(built, 'a.js'), '2');
  assert.notEqual(versionNow(), copied);
});
