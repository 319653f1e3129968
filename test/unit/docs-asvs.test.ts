import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));
const rows = readFileSync(join(root, 'docs/reference/asvs.md'), 'utf8')
  .split('\n')
  .filter((line) => line.startsWith('| '))
  .slice(1)
  .map((line) =>
    line
      .slice(1, -1)
      .split('|')
      .map((cell) => cell.trim()),
  );

test('the checklist of the ASVS has all chapters', () => {
  const chapters = rows.flatMap(([cell = '']) => /^\*\*V(\d+) /.exec(cell)?.[1] ?? []);
  assert.deepEqual(
    chapters,
    Array.from({ length: 17 }, (_, index) => String(index + 1)),
  );
});

test('each item names tests that exist, is open, or does not apply', () => {
  for (const [what = '', , cell = ''] of rows) {
    if (what.startsWith('**') && cell === '') continue;
    const named = cell.split(/; (?=`|open:)/).filter((part) => part.startsWith('`'));
    assert.ok(named.length > 0 || /^(?:open:|does not apply$)/.test(cell), `${what}: ${cell}`);
    for (const part of named) {
      const [, file = '', names = ''] = /^`(test\/[^`]+)`: (".*")$/.exec(part) ?? [];
      assert.ok(existsSync(join(root, file)) && file !== '', `${what}: ${part}`);
      const text = readFileSync(join(root, file), 'utf8');
      for (const [, name = ''] of names.matchAll(/"([^"]+)"/g)) {
        assert.ok(text.includes(`'${name}'`), `${file} has no test "${name}"`);
      }
    }
  }
});
