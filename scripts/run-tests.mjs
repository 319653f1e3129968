// Runs the test files of the named suites (folders of test/) with Node's own runner, straight from the sources; what
// starts the program itself, as a user does, starts the build of the same sources.
//   node scripts/run-tests.mjs unit integration e2e live
import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const suites = process.argv.slice(2);
if (suites.length === 0) {
  console.error('usage: node scripts/run-tests.mjs SUITE...   (folders of test/)');
  process.exit(2);
}

// Boxes that watch cameras decode video in real time and share two cores badly: one file at a time.
const concurrencyOf = { live: 1 };
// Pure tests are over sooner than a process of their own has started: their files share as many processes as run at once.
const shared = new Set(['unit']);
// Suites that start the built program, or the built child processes of test/support.
const builtFor = new Set(['integration', 'e2e', 'live']);
// A file that does not end fails: something it started is still running.
const fileTimeoutMs = 600_000;

function build() {
  const script = join(root, 'scripts/build.mjs');
  const { status } = spawnSync(process.execPath, [script, 'children'], { stdio: 'inherit' });
  return status === 0;
}

/** Writes `count` files that run those of `files` between them, each in a suite of its own; returns their paths. */
function together(suite, files, count) {
  const folder = join(root, 'var/tests');
  mkdirSync(folder, { recursive: true });
  return Array.from({ length: count }, (_, part) => {
    const path = join(folder, `${suite}-${part + 1}.test.mjs`);
    const suites = files
      .filter((_, index) => index % count === part)
      .map((file) => [file, relative(folder, join(root, file))])
      .map(([file, from]) => `await describe('${file}', async () => void (await import('${from}')));\n`);
    writeFileSync(path, `import { describe } from 'node:test';\n${suites.join('')}`);
    return path;
  });
}

function run(suite) {
  const files = readdirSync(join(root, 'test', suite), { recursive: true })
    .filter((name) => name.endsWith('.test.ts'))
    .sort()
    .map((name) => join('test', suite, name));
  if (files.length === 0) {
    console.error(`no test files in ${suite}`);
    return 1;
  }
  const concurrency = concurrencyOf[suite] ?? 2;
  const { status } = spawnSync(
    process.execPath,
    [
      '--import',
      'tsx',
      '--test',
      `--test-concurrency=${concurrency}`,
      `--test-timeout=${fileTimeoutMs}`,
      '--test-reporter=spec',
      '--test-reporter-destination=stdout',
      ...(shared.has(suite) ? together(suite, files, concurrency) : files),
    ],
    { cwd: root, stdio: 'inherit' },
  );
  return status ?? 1;
}

if (suites.some((suite) => builtFor.has(suite)) && !build()) {
  console.error(
    'error: the program cannot be built, so no test ran\n  what to do: mend what the compiler said above',
  );
  process.exit(1);
}
// All suites run, so that one failure does not hide another.
process.exitCode = Math.max(...suites.map(run));
