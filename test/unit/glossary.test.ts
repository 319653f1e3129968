import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));
const glossary = readFileSync(join(root, 'docs/reference/glossary.md'), 'utf8');

/** Words of the column "do not say" that have no other meaning in this program. */
const avoided = [...glossary.matchAll(/^\|[^|]*\|[^|]*\|([^|]*)\|$/gm)].flatMap(([, cell = '']) =>
  cell
    .split(',')
    .filter((word) => word.includes('†'))
    .map((word) => word.replace('†', '').trim()),
);

function filesIn(folder: string, ending: string): readonly string[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith(ending))
    .map((name) => join(root, folder, name));
}

test('words that the glossary avoids occur in no page and no source', () => {
  assert.ok(avoided.length > 3, avoided.join());
  const words = new RegExp(`\\b(?:${[...new Set(avoided)].join('|')})s?\\b`, 'i');
  const found = [join(root, 'README.md'), ...filesIn('docs', '.md'), ...filesIn('daemon', '.ts')]
    .filter((path) => !path.endsWith('docs/reference/glossary.md'))
    .flatMap((path) =>
      readFileSync(path, 'utf8')
        .split('\n')
        .flatMap((line, index) =>
          words.test(line) ? [`${relative(root, path)}:${index + 1}: ${line}`] : [],
        ),
    );
  assert.deepEqual(found, []);
});
