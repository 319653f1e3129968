import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { withoutBuild } from '../support/box.js';
import { root } from '../support/built.js';

/** Every page in one language, compressed. */
const mostBytes = 250_000;
/** What the login loads: the page, its script and style, and the words of the login. */
const mostBytesAtFirst = 60_000;

test('the console is small, and loads its pages when they are opened', { skip: withoutBuild }, () => {
  const site = join(root, 'dist/program/site');
  const assets = new Map(
    readdirSync(join(site, 'assets'))
      .filter((name) => /\.(?:js|css)$/.test(name))
      .map((name) => [name, readFileSync(join(site, 'assets', name), 'utf8')]),
  );
  assets.set('service-worker.js', readFileSync(join(site, 'service-worker.js'), 'utf8'));
  const compressed = (names: Iterable<string>): number =>
    [...names].reduce((sum, name) => sum + gzipSync(assets.get(name) ?? '', { level: 9 }).length, 0);
  const wordsIn = /^([A-Za-z-]+?)-(first|rest)-/;
  const languages = new Set([...assets.keys()].flatMap((name) => wordsIn.exec(name)?.[1] ?? []));
  assert.ok(languages.size > 2, [...languages].join());
  // A user loads the words of one language.
  const largest = (of: (language: string) => number): number => Math.max(...[...languages].map(of));
  const all = largest((language) =>
    compressed([...assets.keys()].filter((name) => (wordsIn.exec(name)?.[1] ?? language) === language)),
  );
  const page = readFileSync(join(site, 'index.html'), 'utf8');
  const first = new Set<string>();
  const load = (text: string, pattern: RegExp): void => {
    for (const [, name = ''] of text.matchAll(pattern)) {
      if (first.has(name) || !assets.has(name)) continue;
      first.add(name);
      load(assets.get(name) ?? '', /(?:from|import)"\.\/([^"]+)"/g);
    }
  };
  load(page, /assets\/([\w.-]+)/g);
  assert.deepEqual(
    [...first].filter((name) => wordsIn.test(name)),
    [],
    'the login loads no words before a language is chosen',
  );
  const firstBytes = largest((language) =>
    compressed([...first, ...[...assets.keys()].filter((name) => name.startsWith(`${language}-first-`))]),
  );
  console.log(`the console: ${all} bytes in ${assets.size} files; the login: ${firstBytes} in ${first.size}`);
  for (const [name, text] of assets)
    assert.doesNotMatch(text, /(?:from|import)"\.\/(?:watch|people|system)-/, `${name} loads other pages`);
  assert.ok(first.size > 1 && first.size < assets.size / 2);
  assert.ok(all <= mostBytes, `${all} bytes`);
  assert.ok(firstBytes <= mostBytesAtFirst, `${firstBytes} bytes`);
});
