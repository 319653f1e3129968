import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { boxConditions } from '../../daemon/kernel/events/notice.js';

const root = fileURLToPath(new URL('../..', import.meta.url));
const page = readFileSync(join(root, 'docs/how-to/troubleshooting.md'), 'utf8');

/** All source of the program and its English messages, without the line breaks that the formatter puts into texts. */
const source = readdirSync(join(root, 'daemon'), { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts') || /^words\/en\/.*\.json$/.test(name))
  .map((name) => readFileSync(join(root, 'daemon', name), 'utf8'))
  .join('\n');

/** The first column of every table. */
const symptoms = [...page.matchAll(/^\| (?!you see|---)(.+?) \|/gm)].map(([, cell = '']) => cell);

test('every text that the page quotes is a text of the program', () => {
  const quoted = symptoms
    .filter((cell) => !cell.endsWith('†'))
    .flatMap((cell) => [...cell.matchAll(/`([^`]+)`/g)].map(([, text = '']) => text));
  assert.ok(quoted.length > 40, `${quoted.length} quoted texts`);
  assert.deepEqual(
    quoted.filter((text) => !source.includes(text)),
    [],
  );
});

test('the page has every condition of the box', () => {
  const named = new Set(symptoms.flatMap((cell) => /^`([a-z-]+)`$/.exec(cell)?.[1] ?? []));
  assert.deepEqual(
    boxConditions.filter((condition) => condition !== 'running' && !named.has(condition)),
    [],
  );
});
