import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { allowedArrows, importViolations, loadedBy, unusedArrows } from '../support/import-rules.js';
import { scanSource } from '../support/source-scanner.js';

const daemon = fileURLToPath(new URL('../../daemon', import.meta.url));

function daemonSources(): Map<string, string> {
  const paths = readdirSync(daemon, { recursive: true, encoding: 'utf8' }).filter((path) =>
    /\.tsx?$/.test(path),
  );
  // An import names both kinds of source alike.
  return new Map(
    paths.sort().map((path) => [path.replace(/x$/, ''), readFileSync(join(daemon, path), 'utf8')]),
  );
}

const violations = (files: Record<string, string>): readonly string[] =>
  importViolations(new Map(Object.entries(files)));

describe('the daemon', () => {
  test('imports downwards only, without cycles, and keeps the kernel pure', () => {
    const sources = daemonSources();
    assert.ok(sources.size > 20, 'the sources were found');
    assert.deepEqual(importViolations(sources), []);
  });

  test('uses every allowed arrow, and each points down', () => {
    assert.deepEqual(unusedArrows(daemonSources()), []);
    const layers = Object.keys(allowedArrows);
    for (const [layer, others] of Object.entries(allowedArrows)) {
      for (const [other, [, reason]] of Object.entries(others)) {
        assert.ok(layers.indexOf(other) > layers.indexOf(layer), `${layer} > ${other} points up`);
        assert.ok(reason.length > 4, `${layer} > ${other} has a reason`);
      }
    }
  });

  test('loads nothing of gallery, keys, records or broker into the process that parses camera bytes', () => {
    const sources = daemonSources();
    const forbidden = (files: ReadonlyMap<string, string>): string[] =>
      [...loadedBy('vision/main.ts', files)].filter((path) =>
        /^(?:gallery|records|publish|audit|control|app|cli)\//.test(path),
      );
    assert.ok(loadedBy('vision/main.ts', sources).size > 50, 'the imports of the process were followed');
    assert.deepEqual(forbidden(sources), []);
    const path = 'kernel/faces/geometry.ts';
    sources.set(path, `import { wipe } from '../../gallery/sealing.js';\n${sources.get(path)}`);
    assert.ok(forbidden(sources).includes('core/gallery/sealing.ts'), 'a way through three files is found');
  });

  test('is refused after a wrong arrow was added to a real file', () => {
    const sources = daemonSources();
    const path = 'kernel/faces/geometry.ts';
    sources.set(path, `import { openDatabase } from '../../host/sqlite.js';\n${sources.get(path)}`);
    const wrong = 'kernel/faces/geometry.ts: kernel must not import host ("../../host/sqlite.js")';
    assert.ok(importViolations(sources).includes(wrong));
  });
});

describe('the import rules', () => {
  test('allow arrows that point down and within a layer', () => {
    const files = {
      'core/main.ts': "import { a } from '../control/a.js'; import { b } from './compose.js';",
      'core/compose/compose.ts':
        "import type { Clock } from '../kernel/clock.js'; import { join } from 'node:path';",
      'vision/ingest/ffmpeg.ts':
        "import { x } from '../camera-pipeline.js'; export { y } from '../../kernel/frame.js';",
    };
    assert.deepEqual(violations(files), []);
  });

  test('refuse arrows that point up or sideways, however they are written', () => {
    for (const source of [
      "import { x } from '../gallery/x.js';",
      "import type { X } from '../gallery/x.js';",
      "import\n{\n  x,\n} from\n'../gallery/x.js';",
      "import '../gallery/x.js';",
      "export * from '../gallery/x.js';",
      "export { x } from '../gallery/x.js';",
      "const x = await import('../gallery/x.js');",
      `const t = \`\${await import('../gallery/x.js')}\`;`,
      "const r = /['\"`]/; import { x } from '../gallery/x.js';",
      "const s = 'it\\'s'; /* ' */ import { x } from '../gallery/x.js';",
    ]) {
      assert.deepEqual(
        violations({ 'vision/a.ts': source }),
        ['vision/a.ts: vision must not import gallery ("../gallery/x.js")'],
        source,
      );
    }
    assert.equal(violations({ 'cli/a.ts': "import '../app/main.js';" }).length, 1);
    assert.equal(violations({ 'app/a.ts': "import '../cli/main.js';" }).length, 1);
    assert.equal(violations({ 'host/a.ts': "import '../../scripts/x.js';" }).length, 1);
    assert.equal(violations({ 'helpers/a.ts': '' }).length, 1);
  });

  test('distinguish imports of types from imports at run time', () => {
    for (const source of [
      "import { openEvents } from '../records/a.js';",
      "import { type Row, openEvents } from '../records/a.js';",
      "import type from '../records/a.js';",
      "export { openEvents } from '../records/a.js';",
      "const a = await import('../records/a.js');",
    ]) {
      assert.deepEqual(
        violations({ 'publish/a.ts': source }),
        ['publish/a.ts: publish may import only types of records ("../records/a.js")'],
        source,
      );
    }
    for (const source of [
      "import type { Row } from '../records/a.js';",
      "import type Row from '../records/a.js';",
      "import type * as rows from '../records/a.js';",
      "export type { Row } from '../records/a.js';",
    ]) {
      assert.deepEqual(violations({ 'publish/a.ts': source }), [], source);
    }
  });

  test('refuse adapters that import each other without a permission', () => {
    for (const [layer, other] of [
      ['records', 'gallery'],
      ['records', 'publish'],
      ['gallery', 'records'],
      ['publish', 'gallery'],
      ['control', 'gallery'],
      ['audit', 'gallery'],
      ['host', 'contract'],
    ] as const) {
      assert.deepEqual(violations({ [`${layer}/a.ts`]: `import '../${other}/a.js';` }), [
        `${layer}/a.ts: ${layer} must not import ${other} ("../${other}/a.js")`,
      ]);
    }
  });

  test('do not take comments and strings for imports', () => {
    const files = {
      'kernel/a.ts': [
        "// import { x } from '../app/x.js';",
        "/* import '../app/x.js'; Date.now() */",
        'const text = "import { x } from \'../app/x.js\'; setTimeout, Date";',
        `const quoted = \`import '../app/x.js' \${text} Math.random()\`;`,
        'const half = 4 / 2; const third = (half) / 3; // it\'s "odd"',
        'const pattern = /^[/"]Date/;',
      ].join('\n'),
    };
    assert.deepEqual(violations(files), []);
  });

  test('keep the kernel free of packages, time, chance and the system', () => {
    for (const [source, name] of [
      ["import { join } from 'node:path';", 'node:path'],
      ["import { z } from 'zod';", 'zod'],
      ['const now = Date.now();', 'Date'],
      ['const now = new Date();', 'Date'],
      ['const chance = Math.random();', 'Math.random'],
      ['setTimeout(() => undefined, 5);', 'a timer'],
      [`const text = \`\${setInterval}\`;`, 'a timer'],
      ['const id = process.pid;', 'process'],
      ['const ms = performance.now();', 'performance'],
    ] as const) {
      for (const path of ['kernel/a.ts', 'kernel/sub/a.ts']) {
        const found = violations({ [path]: source });
        assert.equal(found.length, 1, `${path}: ${source}`);
        assert.ok(found[0]?.includes(name), found[0]);
      }
      assert.deepEqual(violations({ 'host/a.ts': source }), [], 'host may');
    }
    assert.deepEqual(
      violations({ 'kernel/a.ts': 'const d = event.Date; clock.process(1); toDateText();' }),
      [],
    );
  });

  test('find cycles, also through types', () => {
    const files = {
      'kernel/a.ts': "import { b } from './b.js';",
      'kernel/b.ts': "import { c } from './c.js';",
      'kernel/c.ts': "import type { a } from './a.js';",
      'kernel/d.ts': "import { a } from './a.js';",
    };
    assert.deepEqual(violations(files), ['cycle: kernel/a.ts -> kernel/b.ts -> kernel/c.ts -> kernel/a.ts']);
  });
});

test('the scanner reads every kind of import and nothing else', () => {
  const { imports } = scanSource(
    "import a from 'a';\nimport * as b from \"b\";\nexport type { C } from 'c';\nimport('d');\nimport 'e';\nfrom('f');\nconst from = 'g'; x.import('h');",
  );
  assert.deepEqual([...imports].sort(), ['a', 'b', 'c', 'd', 'e']);
});
