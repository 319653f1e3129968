import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { parse } from 'yaml';
import { describeApi, isNode } from '../../scripts/fuzz-api/description.js';
import { fuzzApi } from '../../scripts/fuzz-api/fuzz.js';
import { makeBox, withoutBuild } from '../support/box.js';
import { root } from '../support/built.js';

// The same requests each time, however busy the machine is, so that a failure comes from what was changed. More of them, and
// others, find more: `node --import tsx scripts/fuzz-api/main.ts` takes any time.
const rounds = 4;
const seed = 20_261;

test('a box answers valid and nearly valid requests as its OpenAPI document says', {
  skip: withoutBuild,
}, async (t) => {
  await using box = await makeBox();
  await box.start();
  const document: unknown = parse(await readFile(join(root, 'docs/contract/openapi.yaml'), 'utf8'));
  assert.ok(isNode(document));
  const description = describeApi(document);
  t.diagnostic(`seed ${seed}`);
  const { faults, counts } = await fuzzApi({
    ...{ description, seed, until: { rounds } },
    target: { socketPath: join(box.directory, 'run', 'control.sock') },
    files: [Buffer.from('no picture'), await readFile(join(root, 'docs/README.md'))],
  });
  const asked = new Set([...counts.keys()].map((key) => key.split(' ')[0]));
  assert.deepEqual(
    faults.map(({ operation, problem, request }) => `${operation}: ${problem}\n    ${request}`),
    [],
    `seed ${seed}`,
  );
  assert.equal(asked.size, description.operations.length, 'every operation was asked');
  const statuses = new Set([...counts.keys()].map((key) => key.split(' ')[1]));
  for (const status of ['200', '400', '404', '413', '415'])
    assert.ok(statuses.has(status), `status ${status}`);
  assert.equal((await box.command('status')).exitCode, 0, 'the daemon still serves');
});
