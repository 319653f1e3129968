import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { stops } from '../../scripts/tour-stops.js';

const root = fileURLToPath(new URL('../..', import.meta.url));
const folder = join(root, 'docs/tour');
/** The repository carries each version of the pictures for good. */
const mostBytes = 2_500_000;

test('the tour shows every page of the console', () => {
  const routes = readFileSync(join(root, 'daemon/console/pages/page-routes.ts'), 'utf8');
  const paths = [...routes.matchAll(/\bpath: '([^']+)'/g)].map(([, path = '']) => path);
  assert.ok(paths.length > 40, `${paths.length} pages`);
  assert.deepEqual(stops.flatMap(({ route = [] }) => route).toSorted(), paths.toSorted());
});

test('the tour has two pictures of each page, and no others', () => {
  const wanted = stops.flatMap(({ name }) => [`${name}.webp`, `${name}-phone.webp`]);
  const found = readdirSync(folder).filter((name) => name !== 'README.md');
  assert.deepEqual(found.toSorted(), wanted.toSorted());
  const bytes = found.reduce((sum, name) => sum + statSync(join(folder, name)).size, 0);
  assert.ok(bytes <= mostBytes, `${bytes} bytes`);
  assert.ok(existsSync(join(folder, 'README.md')), 'the page that shows them');
});
