import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { judgeAudit, type Lock, lockProblems, type Manifest } from '../../scripts/audit-dependencies.js';

const integrity = 'sha512-AAAA';
const manifest: Manifest = { name: 'x', allowScripts: { native: true } };
const native = { version: '1.0.0', integrity, hasInstallScript: true };
const problems = (packages: Lock['packages']): readonly string[] =>
  lockProblems({ packages: { '': {}, 'node_modules/native': native, ...packages } }, manifest);

function readJson<T>(name: string): T {
  return JSON.parse(readFileSync(new URL(`../../${name}`, import.meta.url), 'utf8')) as T;
}

test('the lock file of the project has no fault', () => {
  assert.deepEqual(lockProblems(readJson<Lock>('package-lock.json'), readJson<Manifest>('package.json')), []);
});

test('the lock file of the project names no host', () => {
  const { packages } = readJson<Lock>('package-lock.json');
  assert.deepEqual(
    Object.values(packages).filter(({ resolved }) => resolved !== undefined),
    [],
  );
});

test('a package with an installation script that is not allowed is reported', () => {
  assert.deepEqual(problems({}), []);
  assert.match(problems({ 'node_modules/a/node_modules/@s/b': native })[0] ?? '', /^@s\/b brings/);
});

test('a permission for a missing script is reported', () => {
  const found = lockProblems({ packages: { 'node_modules/a': { version: '1.0.0', integrity } } }, manifest);
  assert.match(found.join(), /allowScripts names native/);
});

test('a package without a strong checksum, from a repository or from a folder is reported', () => {
  const version = '1.0.0';
  for (const [entry, reason] of [
    [{ version }, /no SHA-512/],
    [{ version, integrity: 'sha1-AAAA' }, /no SHA-512/],
    [{ version, integrity, resolved: 'git+ssh://host/x.git#1' }, /elsewhere than a registry/],
    [{ version, integrity, resolved: 'http://host/x.tgz' }, /elsewhere than a registry/],
    [{ link: true }, /link to a folder/],
    [{ integrity }, /no version/],
  ] as const) {
    assert.match(problems({ 'node_modules/a': entry }).join(), reason);
  }
});

test('high and critical vulnerabilities are distinguished from lesser ones and from an audit without an answer', () => {
  const of = (severity: string) => ({ severity, range: '<2', isDirect: true });
  assert.deepEqual(
    judgeAudit({ vulnerabilities: { a: of('critical'), b: of('high'), c: of('moderate'), d: of('low') } }),
    { isKnown: true, serious: ['a <2: critical', 'b <2: high'], minor: ['c <2: moderate', 'd <2: low'] },
  );
  assert.deepEqual(judgeAudit({ message: '405 - POST https://registry.example/-/npm' }), {
    isKnown: false,
    reason: '405 - POST (registry)/-/npm',
  });
  assert.deepEqual(judgeAudit({}), { isKnown: false, reason: 'no answer' });
});
