// Runs the test files of the named suites (folders of test/) with Node's own runner, straight from the sources.
//   node scripts/run-tests.mjs unit integration e2e
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const suites = process.argv.slice(2);
if (suites.length === 0) {
  console.error('usage: node scripts/run-tests.mjs SUITE...   (folders of test/)');
  process.exit(2);
}

const files = suites.flatMap((suite) =>
  readdirSync(join(root, 'test', suite), { recursive: true })
    .filter((name) => name.endsWith('.test.ts'))
    .sort()
    .map((name) => join('test', suite, name)),
);
if (files.length === 0) {
  console.error(`no test files in ${suites.join(', ')}`);
  process.exit(1);
}

// Suites that start servers and decode video share two cores badly: one file at a time unless they are pure.
const concurrency = suites.every((suite) => suite === 'unit') ? 2 : 1;
// A file that does not end fails: something it started is still running.
const fileTimeoutMs = 600_000;
const result = spawnSync(
  process.execPath,
  [
    '--import',
    'tsx',
    '--test',
    `--test-concurrency=${concurrency}`,
    `--test-timeout=${fileTimeoutMs}`,
    '--test-reporter=spec',
    '--test-reporter-destination=stdout',
    ...files,
  ],
  { cwd: root, stdio: 'inherit' },
);
process.exit(result.status ?? 1);
