import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { docBlocks, shellPages } from '../support/doc-blocks.js';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** Every page for people. */
function pages(): readonly string[] {
  const inFolders = ['docs', 'daemon'].flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.md'))
      .map((name) => join(root, folder, name)),
  );
  return ['README.md', 'CONTRIBUTING.md', 'systemd/README.md']
    .map((name) => join(root, name))
    .concat(inFolders);
}

const withoutCode = (text: string): string => text.replaceAll(/```.*?```/gs, '').replaceAll(/`[^`\n]*`/g, '');

/** What a heading is called in an address. */
function anchorOf(heading: string): string {
  return heading
    .replace(/^#+ +/, '')
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
    .replaceAll(' ', '-');
}

function anchorsOf(path: string): readonly string[] {
  const text = readFileSync(path, 'utf8').replaceAll(/```.*?```/gs, '');
  return [...text.matchAll(/^#+ .*$/gm)].map(([heading]) => anchorOf(heading));
}

for (const page of pages()) {
  test(`every link leads to an existing place: ${relative(root, page)}`, () => {
    const text = withoutCode(readFileSync(page, 'utf8'));
    for (const [, target = ''] of text.matchAll(/\]\(([^)\s]+)\)/g)) {
      if (/^[a-z]+:/.test(target)) continue;
      const [path = '', anchor] = target.split('#');
      const file = path === '' ? page : join(dirname(page), path);
      assert.ok(existsSync(file), target);
      if (anchor !== undefined) assert.ok(anchorsOf(file).includes(anchor), target);
    }
  });
}

test('the index of the documentation lists every page by its kind', () => {
  const docs = join(root, 'docs');
  const [, byKind = ''] = readFileSync(join(docs, 'README.md'), 'utf8').split('## By kind\n');
  const listed = new Set([...byKind.matchAll(/\]\(([^)#]+)/g)].map(([, target = '']) => target));
  const kinds = ['tutorial', 'how-to', 'reference', 'explanation', 'measurements'];
  const missing = kinds
    .flatMap((kind) => readdirSync(join(docs, kind)).map((name) => `${kind}/${name}`))
    .filter((path) => !listed.has(path));
  assert.deepEqual(missing, []);
});

test('every page with shell commands has a test that runs them', () => {
  const found = pages().filter((page) => docBlocks(relative(root, page)).length > 0);
  assert.deepEqual(found.map((page) => relative(root, page)).toSorted(), Object.keys(shellPages).toSorted());
  for (const [page, file] of Object.entries(shellPages)) {
    const text = readFileSync(join(root, file), 'utf8');
    assert.match(text, /docBlocks/, `${file} does not read ${page}`);
  }
});

test('a test runs every shell block, but for those that would run tests, never end, or need a network', () => {
  const blocks = pages().flatMap((page) => docBlocks(relative(root, page)));
  const notRun = blocks.filter((block) => block.notRun !== undefined);
  assert.deepEqual(
    notRun.map(({ text }) => text.trim().split('\n')[0]),
    [
      ...['./scripts/demo', './scripts/demo --console', 'npm test'],
      "printf '[Service]\\nReadWritePaths=/mnt/backups\\n' >/etc/systemd/system/rollcalld.service.d/backups.conf",
      "cat >/etc/systemd/system/copy-backups.service <<'END'",
      'curl --config box-key.conf --cacert box.pem --fail --request POST --output made.json https://box.example/api/v1/unattended-backups',
      'rollcall backup verify monday.rcb --recovery-key /root/recovery.key --rehearse --work-dir /dev/shm',
      'rollcall backup restore monday.rcb --recovery-key recovery.key --replace-box --fingerprint "d481 b6b4 c1fb 276c 1b25 99ce 7fc2 c9cd"',
      ...['scripts/package packages', 'mkdir -p packages/partial'],
      ...['sudo apt-get install nodejs npm', 'sudo apt-get install npm', './scripts/setup'],
      'sudo apt-get install --yes --no-install-recommends ./packages/*.deb',
    ],
  );
  for (const { notRun: reason } of notRun) assert.match(reason ?? '', /^.{20,}$/);
  const others = pages().filter((page) => /^```(?:bash|shell|console)$/m.test(readFileSync(page, 'utf8')));
  assert.deepEqual(others, [], 'a block for a shell is marked "sh"');
});
