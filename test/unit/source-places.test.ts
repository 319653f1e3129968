import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { transform } from 'esbuild';
import { root } from '../support/built.js';
import { temporaryDirectory } from '../support/temporary-directory.js';

const module = pathToFileURL(join(root, 'scripts/source-places.mjs')).href;
type InSources = (text: string, root: string) => string;

test('a place in the bundle of a test is named by its source, and one without a map stays', async () => {
  const { inSources } = (await import(module)) as { readonly inSources: InSources };
  await using checkout = await temporaryDirectory();
  const folder = join(checkout.path, 'dist/tests/test/unit');
  await mkdir(folder, { recursive: true });
  const source = 'interface Left {\n  out: string;\n}\nfail();\n';
  const sourcefile = '../../../../test/unit/one.test.ts';
  const { code, map } = await transform(source, { loader: 'ts', sourcemap: true, sourcefile });
  assert.equal(code.split('\n')[0], 'fail();');
  await writeFile(join(folder, 'one.test.js.map'), map);
  const bundle = 'dist/tests/test/unit/one.test.js';
  for (const named of [bundle, join(checkout.path, bundle), pathToFileURL(join(checkout.path, bundle)).href])
    assert.equal(
      inSources(`test at ${named}:1:1\n    at f (${named}:1:1)`, checkout.path),
      'test at test/unit/one.test.ts:4:1\n    at f (test/unit/one.test.ts:4:1)',
    );
  const unknown = 'at dist/tests/part-ABC.js:1:1, after 10:20:30';
  assert.equal(inSources(unknown, checkout.path), unknown);
});
