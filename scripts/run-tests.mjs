// Runs the test files of the named suites (folders of test/) with Node's own runner, straight from the sources; what
// starts the program itself, as a user does, starts the build of the same sources.
//   node scripts/run-tests.mjs unit integration e2e live
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
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

// Root may read and write everything, so a fault in the rights of a file never shows. Where root runs the tests, an
// ordinary user runs these suites, but for the files that say they need root, in themselves or in what they import: the
// pure ones, and those in which the built daemon runs as it does on a box, as a user of its own.
const ordinarySuites = new Set(['unit', 'e2e']);
const ordinaryUser = { uid: 65_534, gid: 65_534 };
const rootPhrase = /needs root/;

function needsRoot(file) {
  const text = readFileSync(file, 'utf8');
  if (rootPhrase.test(text)) return true;
  const support = [...text.matchAll(/from '([^']*\/support\/[^']+)\.js'/g)].map(([, path]) =>
    join(dirname(file), `${path}.ts`),
  );
  return support.some((path) => rootPhrase.test(readFileSync(path, 'utf8')));
}

/** Why all files of a suite run as the user who runs this, or undefined where an ordinary user is to run them. */
function whyAsThisUser(suite) {
  if (process.getuid() !== 0) return 'an ordinary user';
  if (!ordinarySuites.has(suite)) return 'root';
  const look = spawnSync('ls', [root, join(root, 'test')], { ...ordinaryUser, stdio: 'ignore' });
  return look.status === 0 ? undefined : `root, because ordinary users cannot read ${root}`;
}

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

/** Runs files with Node's runner; 0 where all passed. */
function runFiles(suite, files, user) {
  if (files.length === 0) return 0;
  const concurrency = concurrencyOf[suite] ?? 2;
  const limits = [`--test-concurrency=${concurrency}`, `--test-timeout=${fileTimeoutMs}`];
  const reporter = ['--test-reporter=spec', '--test-reporter-destination=stdout'];
  // Clips that tests render are kept there, whoever renders them.
  if (user) {
    mkdirSync(join(root, 'var/virtual-camera'), { recursive: true });
    chmodSync(join(root, 'var/virtual-camera'), 0o1777);
  }
  const home = user && mkdtempSync(join(tmpdir(), 'rollcall-tests-'));
  if (home) chownSync(home, user.uid, user.gid);
  try {
    const { status } = spawnSync(
      process.execPath,
      [
        '--import',
        'tsx',
        '--test',
        ...limits,
        ...reporter,
        ...(shared.has(suite) ? together(suite, files, concurrency) : files),
      ],
      {
        cwd: root,
        stdio: 'inherit',
        ...user,
        env: home ? { ...process.env, HOME: home, TMPDIR: home } : process.env,
      },
    );
    return status ?? 1;
  } finally {
    if (home) rmSync(home, { recursive: true, force: true });
  }
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
  const asThisUser = whyAsThisUser(suite);
  if (asThisUser !== undefined) {
    console.log(`== ${suite}: ${files.length} files as ${asThisUser}`);
    return runFiles(suite, files);
  }
  const forRoot = files.filter((file) => needsRoot(join(root, file)));
  const forAll = files.filter((file) => !forRoot.includes(file));
  console.log(`== ${suite}: ${forAll.length} files as an ordinary user, ${forRoot.length} as root`);
  return Math.max(runFiles(suite, forAll, ordinaryUser), runFiles(suite, forRoot));
}

if (suites.some((suite) => builtFor.has(suite)) && !build()) {
  console.error(
    'error: the program cannot be built, so no test ran\n  what to do: mend what the compiler said above',
  );
  process.exit(1);
}
// All suites run, so that one failure does not hide another.
process.exitCode = Math.max(...suites.map(run));
