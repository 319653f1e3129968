import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));
const page = readFileSync(join(root, 'docs/explanation/threat-model.md'), 'utf8');

/** The rows of the table under a heading, each as its cells, without the head. */
function rowsUnder(heading: string): readonly (readonly string[])[] {
  const [, after = ''] = page.split(`\n## ${heading}\n`);
  const [section = ''] = after.split('\n## ');
  return section
    .split('\n')
    .filter((line) => line.startsWith('|'))
    .slice(2)
    .map((line) =>
      line
        .slice(1, -1)
        .split('|')
        .map((cell) => cell.trim()),
    );
}

/** The attacker, without the remark in brackets. */
const actorOf = (cell: string): string => /^\*\*(.*?)\*\*/.exec(cell)?.[1] ?? cell;

/** Every test that a cell names, with the file that it is said to be in. */
function testsIn(cell: string): readonly (readonly [file: string, name: string])[] {
  return cell.split('; ').flatMap((part) => {
    const [, file = '', names = ''] = /^`(test\/[^`]+)`: (.*)$/.exec(part) ?? [];
    return [...names.matchAll(/"([^"]+)"/g)].map(([, name = '']) => [file, name] as const);
  });
}

describe('the threat model', () => {
  const claims = rowsUnder('Tests of each claim');

  test('has a claim with a test for every attacker that it names', () => {
    const actors = rowsUnder('Attackers, and what stops them').map(([who = '']) => actorOf(who));
    assert.ok(actors.length > 15, 'the table was found');
    assert.deepEqual(
      claims.map(([who = '']) => who).filter((who) => who !== ''),
      actors,
    );
  });

  const assertExists = (cell: string): void => {
    const named = testsIn(cell);
    assert.ok(named.length > 0, cell);
    for (const [file, name] of named) {
      const path = join(root, file);
      assert.ok(existsSync(path), file);
      // A call, of `test` or of what makes tests alike: the name in a comment or an assertion holds nothing.
      const text = readFileSync(path, 'utf8');
      const isCalled = [`'${name}'`, `\`${name}\``].some((quoted) =>
        text
          .split(quoted)
          .slice(0, -1)
          .some((before) => /\w\(\s*$/.test(before)),
      );
      assert.ok(isCalled, `${file} has no test "${name}"`);
    }
  };

  for (const [, claim = '', cell = ''] of claims) {
    test(`names tests that exist: ${claim}`, () => assertExists(cell));
  }

  const files = rowsUnder('Who can write a file of the box');
  for (const [file = '', , , cell = ''] of files) {
    test(`names tests that exist: who can write ${file}`, () => assertExists(cell));
  }

  test('names no test file that does not exist', () => {
    const named = [...page.matchAll(/test\/[\w-]+\/[\w-]+(?:\.\w+)+/g)].map(([path]) => path);
    assert.ok(named.length > 200, `${named.length} files`);
    assert.deepEqual(
      named.filter((path) => !existsSync(join(root, path))),
      [],
    );
  });

  test('lists every table of the databases of the box', () => {
    const listed = files.map(([file = '']) => file).join(' ');
    const schemas = [
      'core/gallery/gallery-schema.ts',
      'core/audit/audit-schema.ts',
      'core/records/records-schema.ts',
    ];
    // Kept by triggers, made or removed by migrations, or one row that names the file.
    const others = new Set(['gallery', 'evidence_next', 'outbox_total', 'lineage', 'enrolment_key']);
    const tables = schemas.flatMap((schema) => [
      ...readFileSync(join(root, 'daemon', schema), 'utf8').matchAll(/CREATE TABLE (\w+)/g),
    ]);
    assert.ok(tables.length > 25, `${tables.length} tables`);
    const missing = tables.map(([, name = '']) => name).filter((name) => !others.has(name));
    assert.deepEqual(
      missing.filter((name) => !listed.includes(`\`${name}\``)),
      [],
    );
  });
});
