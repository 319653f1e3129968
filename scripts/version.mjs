// The version of a build: that of package.json, and what tells two builds of it apart. `0.1.0+312.g1a2b3c4d5e6f` is the 312th
// commit; `.changed` follows where the sources differ from it. Without git, a hash of the built program takes its place.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Undefined where git or the history is missing. A git of a folder above knows nothing of this program. */
function git(root, ...args) {
  if (!existsSync(join(root, '.git'))) return undefined;
  const { status, stdout } = spawnSync('git', args, { cwd: root, encoding: 'utf8' });
  return status === 0 ? stdout.trim() : undefined;
}

function hashOf(folder) {
  const hash = createHash('sha256');
  for (const name of readdirSync(folder, { recursive: true }).sort()) {
    if (/\.(js|css|html)$/.test(name)) hash.update(`${name}\0`).update(readFileSync(join(folder, name)));
  }
  return hash.digest('hex').slice(0, 12);
}

/** `root`: the checkout; `built`: the folder of the built program. */
export function buildVersion(root, built) {
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const commit = git(root, 'rev-parse', '--short=12', 'HEAD');
  const count = git(root, 'rev-list', '--count', 'HEAD');
  if (commit === undefined || count === undefined) return `${version}+build.${hashOf(built)}`;
  const isChanged = git(root, 'status', '--porcelain', '--untracked-files=no') !== '';
  return `${version}+${count}.g${commit}${isChanged ? `.changed.${hashOf(built)}` : ''}`;
}
