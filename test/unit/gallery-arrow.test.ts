import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const daemon = fileURLToPath(new URL('../../daemon', import.meta.url));

/** Everything that runs in a vision process or below the gallery. */
const mayNotKnowTheGallery = ['vision', 'models', 'host', 'config', 'domain', 'base'];

function importsOf(file: string): string[] {
  const source = readFileSync(join(daemon, file), 'utf8');
  return [...source.matchAll(/(?:from|import)\s*\(?\s*'([^']+)'/g)].map((match) => match[1] ?? '');
}

function sourcesOf(layer: string): string[] {
  return readdirSync(join(daemon, layer), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => join(layer, name));
}

test('nothing that parses what cameras send can reach the gallery or its key', () => {
  const offenders = mayNotKnowTheGallery
    .flatMap(sourcesOf)
    .filter((file) => importsOf(file).some((path) => path.includes('/gallery/')));
  assert.deepEqual(offenders, []);
});

test('the gallery imports only what lies below it', () => {
  const above = ['app', 'cli', 'control', 'console', 'publish', 'records', 'vision'];
  for (const file of sourcesOf('gallery')) {
    for (const path of importsOf(file)) {
      assert.ok(!above.some((layer) => path.startsWith(`../${layer}/`)), `${file} imports ${path}`);
    }
  }
  assert.ok(sourcesOf('gallery').length > 10, 'the scan sees the gallery');
});
