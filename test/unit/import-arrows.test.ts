import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { folderImports, importedPackages, importViolations, loadedBy } from '../support/import-rules.js';
import { packageReferences } from '../support/package-references.js';
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
  test('has no circle of imports between files, nor between the folders of a package, and keeps the kernel pure', () => {
    const sources = daemonSources();
    assert.ok(sources.size > 20, 'the sources were found');
    assert.deepEqual(importViolations(sources), []);
  });

  test('imports from every package to which a package refers', () => {
    const sources = daemonSources();
    for (const [name, referred] of packageReferences()) {
      assert.deepEqual([...importedPackages(name, sources)].toSorted(), referred.toSorted(), name);
    }
  });

  test('loads nothing of gallery, keys, records or broker into the process that parses camera bytes', () => {
    const sources = daemonSources();
    const forbidden = (files: ReadonlyMap<string, string>): string[] =>
      [...loadedBy('vision/main.ts', files)].filter((path) => /^(?:core|cli|gate|lab)\//.test(path));
    assert.ok(loadedBy('vision/main.ts', sources).size > 50, 'the imports of the process were followed');
    assert.deepEqual(forbidden(sources), []);
    const path = 'kernel/faces/geometry.ts';
    sources.set(path, `import { wipe } from '../../core/gallery/sealing.js';\n${sources.get(path)}`);
    assert.ok(forbidden(sources).includes('core/gallery/sealing.ts'), 'a way through three files is found');
  });

  test('lists the folders of the core so that each imports only from folders further down', () => {
    const listed = [
      ...readFileSync(join(daemon, 'core/README.md'), 'utf8').matchAll(/^\| `([\w-]+)\/` \|/gm),
    ];
    const order = listed.map(([, name = '']) => `core/${name}`);
    const arrows = folderImports('core', daemonSources());
    assert.deepEqual(order.toSorted(), [...arrows.keys()].toSorted());
    const upwards = [...arrows].flatMap(([from, others]) =>
      others
        .filter((to) => order.indexOf(to) < order.indexOf(from))
        .map((to) => `${from} imports from ${to}, which stands above it`),
    );
    assert.deepEqual(upwards, []);
  });

  test('is refused after a wrong import was added to a real file', () => {
    const sources = daemonSources();
    const path = 'kernel/faces/geometry.ts';
    sources.set(
      path,
      `import { x } from '../liveness/liveness.js';\nconst now = Date.now();\n${sources.get(path)}`,
    );
    const found = importViolations(sources);
    assert.ok(found.includes('kernel/faces/geometry.ts: kernel must not use Date'));
    assert.ok(
      found.some((each) => /^cycle: .*kernel\/faces -> kernel\/liveness/.test(each)),
      found.join('\n'),
    );
  });
});

describe('the import rules', () => {
  test('allow what looks downwards, and what lies directly in a package', () => {
    const files = {
      'core/main.ts': "import { a } from './api/a.js'; import { b } from './compose/compose.js';",
      'core/compose/compose.ts':
        "import type { Clock } from '../../kernel/clock.js'; import { join } from 'node:path';",
      'vision/ingest/ffmpeg.ts':
        "import { x } from '../camera-pipeline.js'; export { y } from '../../kernel/frame.js';",
      'vision/camera-pipeline.ts': "import { y } from './inference/y.js';",
    };
    assert.deepEqual(violations(files), []);
  });

  test('refuse circles between the folders of a package, however they are written', () => {
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
        violations({ 'core/audit/a.ts': source, 'core/gallery/y.ts': "import { b } from '../audit/b.js';" }),
        ['cycle: core/audit -> core/gallery -> core/audit'],
        source,
      );
    }
    assert.equal(violations({ 'host/a.ts': "import '../../scripts/x.js';" }).length, 1);
  });

  test('keep the schemas of the contract out of the browser', () => {
    for (const source of [
      "import { schema } from '../contract/a.js';",
      "import { type Row, schema } from '../contract/a.js';",
      "import type from '../contract/a.js';",
      "export { schema } from '../contract/a.js';",
      "const a = await import('../contract/a.js');",
    ]) {
      assert.deepEqual(
        violations({ 'console/a.ts': source }),
        ['console/a.ts: console may import only types of contract ("../contract/a.js")'],
        source,
      );
    }
    for (const source of [
      "import type { Row } from '../contract/a.js';",
      "import type Row from '../contract/a.js';",
      "import type * as rows from '../contract/a.js';",
      "export type { Row } from '../contract/a.js';",
    ]) {
      assert.deepEqual(violations({ 'console/a.ts': source }), [], source);
    }
  });

  test('do not take comments and strings for imports', () => {
    const files = {
      'kernel/a.ts': [
        "// import { x } from '../core/x.js';",
        "/* import '../core/x.js'; Date.now() */",
        'const text = "import { x } from \'../core/x.js\'; setTimeout, Date";',
        `const quoted = \`import '../core/x.js' \${text} Math.random()\`;`,
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
