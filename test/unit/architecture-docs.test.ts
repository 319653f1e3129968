import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { packageReferences } from '../support/package-references.js';

const root = fileURLToPath(new URL('../..', import.meta.url));
const read = (path: string): string => readFileSync(join(root, path), 'utf8');

const packages = readdirSync(join(root, 'daemon'), { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => name);

const architecture = 'docs/explanation/architecture.md';
const readmes = readdirSync(join(root, 'daemon'), { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('README.md'))
  .map((name) => `daemon/${name}`);
const pages = [architecture, 'CONTRIBUTING.md', ...readmes];

const tracked = ['config', 'daemon', 'docs', 'models', 'scripts', 'systemd', 'test'];

/** Every file and folder of the repository, from its root. */
const paths: ReadonlySet<string> = new Set([
  ...readdirSync(root),
  ...tracked.flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' }).map((name) => `${folder}/${name}`),
  ),
]);

const codeOf = (text: string): readonly string[] =>
  [...text.replaceAll(/```.*?```/gs, '').matchAll(/`([^`\n]+)`/g)].map(([, code = '']) => code);

/** A path of the repository: it has a folder, or the ending of a source. What is built, or lies beside the checkout, may be absent. */
const isPath = (code: string): boolean =>
  /^[\w.-]+(?:\/[\w.*-]+)*\/?$/.test(code) &&
  (code.includes('/') || /\.(?:tsx?|mjs|css|md|txt|py)$/.test(code)) &&
  !/^(?:\.\.|dist|node_modules|var)\//.test(code);

/** What stands for any name: `daemon/console/messages/en/NAME.json`. */
const placeholder = /\*|NAME|LANGUAGE/;

function isInRepository(code: string, folder: string): boolean {
  const path = code.replace(/\/$/, '');
  const places = [path, `${folder}/${path}`];
  if (!placeholder.test(path)) return places.some((place) => paths.has(place));
  const patterns = places.map(
    (place) =>
      new RegExp(
        `^${place
          .split(placeholder)
          .map((part) => part.replaceAll('.', '\\.'))
          .join('[^/]+')}$`,
      ),
  );
  return [...paths].some((each) => patterns.some((pattern) => pattern.test(each)));
}

const wrongPaths = (text: string, folder: string): readonly string[] =>
  codeOf(text).filter((code) => isPath(code) && !isInRepository(code, folder));

describe('the pages for developers', () => {
  for (const page of pages) {
    test(`name only files and folders that exist: ${page}`, () => {
      assert.deepEqual(wrongPaths(read(page), page.split('/').slice(0, -1).join('/')), []);
    });
  }

  test('are refused when a file or folder is missing', () => {
    const text = [
      'See `daemon/kernel/ids.ts`, `ids.ts`, `daemon/kernel/`, `events/event.ts` and `daemon/NAME/README.md`.',
      'Not `daemon/kernel/gone.ts`, `gone.ts`, `daemon/gone/` or `daemon/NAME/gone.md`.',
      'Nor is this a path: `records.db`, `persons.enrol`, `/etc/rollcall`, `dist/program`, `npm run docs`.',
    ].join('\n');
    const gone = ['daemon/kernel/gone.ts', 'gone.ts', 'daemon/gone/', 'daemon/NAME/gone.md'];
    assert.deepEqual(wrongPaths(text, 'daemon/kernel'), gone);
  });

  test('name only functions and classes that the sources have', () => {
    const sources = [...paths]
      .filter((path) => /^(?:daemon|scripts|test)\/.*\.(?:tsx?|mjs)$/.test(path))
      .map(read)
      .join('\n');
    const words = new Set(sources.match(/\w+/g));
    for (const page of [architecture, 'CONTRIBUTING.md']) {
      const names = codeOf(read(page)).filter((code) => /^[A-Za-z]*[a-z][A-Z]\w*(?:\.\w+)*$/.test(code));
      assert.ok(names.length > 10, `${page}: ${names.length} names`);
      assert.deepEqual(
        names.filter((name) => !name.split('.').every((word) => words.has(word))),
        [],
        page,
      );
    }
  });

  test('quote titles of tests that exist', () => {
    const quoted = [...read(architecture).matchAll(/`(test\/[^`]+)`: "([^"]+)"/g)];
    assert.ok(quoted.length > 10, `${quoted.length} titles`);
    assert.deepEqual(
      quoted.filter(([, file = '', title = '']) => !read(file).includes(title)).map(([text]) => text),
      [],
    );
  });
});

describe('every package', () => {
  test('has a README and stands in the architecture page', () => {
    assert.deepEqual(packages.toSorted(), [...packageReferences().keys()].toSorted());
    assert.deepEqual(
      packages.filter((name) => !existsSync(join(root, 'daemon', name, 'README.md'))),
      [],
    );
    const rows = new Set(
      [...read(architecture).matchAll(/^\| \[`daemon\/(\w+)`\]/gm)].map(([, name]) => name),
    );
    assert.deepEqual(packages.toSorted(), [...rows].toSorted());
  });

  for (const [name, referred] of packageReferences()) {
    test(`states in its README from where it may import: ${name}`, () => {
      const [, section = ''] = read(`daemon/${name}/README.md`).split('## May import\n');
      const [list = ''] = section.trim().split('\n\n');
      assert.deepEqual(codeOf(list).toSorted(), referred.toSorted());
      assert.equal(/^Nothing\b/m.test(list), referred.length === 0, 'nothing');
    });
  }
});
