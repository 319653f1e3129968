// Builds the program and the tests, then runs the files of the named suites (folders of test/), or single files.
//   node scripts/run-tests.mjs unit integration e2e live
//   node scripts/run-tests.mjs test/unit/blink.test.ts
//   WRITE_TIMES=1 node scripts/run-tests.mjs integration     also records how long the files took, by which they are ordered
import { spawn, spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { constants, setPriority, tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { inSources } from './source-places.mjs';
import { endedChildrenS, isLong, longestFirst, recordTimes } from './test-times.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const wanted = process.argv.slice(2);
if (wanted.length === 0) {
  console.error('usage: node scripts/run-tests.mjs SUITE|FILE...   (folders of test/, or files in them)');
  process.exit(2);
}
const missing = wanted.filter(
  (name) => !existsSync(join(root, name.startsWith('test/') ? name : `test/${name}`)),
);
if (missing.length > 0) {
  console.error(`error: there is no test suite or file ${missing.join(', ')}`);
  process.exit(2);
}

/** Files that run at once, on two cores: a file waits for half of its time, for cameras, for broken networks, for retries. */
const laneCount = 4;
// Boxes that watch cameras decode video in real time.
const realTime = new Set(['live']);
// A browser takes a core for itself, as real time does: of these files, one runs at a time.
const oneAtATime = new Set([...realTime, 'browser']);
// All others give way to it (a nice value, see setpriority(2)): beside three busy files, the networks that watch its cameras,
// which the program lowers by five steps, still get half a core. Above 9, the ten steps by which the program lowers the analysis
// of photographs would no longer fit.
const givingWay = 6;
// Pure tests are over sooner than a process of their own has started, and to start is half of what most tests with real parts
// take: their files share so many processes.
const sharedCounts = new Map([
  ['unit', 2],
  ['integration', 6],
]);
// Files that change or measure what belongs to the whole process, in themselves or in what they import, have one of their own.
const wholeProcess =
  /\bprocess\.(?:on\(|once\((?!'exit')|umask\b|chdir|exitCode|memoryUsage|cpuUsage|resourceUsage|pid\b|std(?:in|out|err)\b)|\bprocess\.env\[[^\]]+\] =|\bdelete process\b|\/proc\/self|\bmock\.|\bsyncBuiltinESMExports\b|\bglobalThis\b|\bgc\(/;
// A file that does not end fails: something it started is still running. This is the only limit: one of a single test would say
// how busy the machine is. The longest file takes an eighth of it on an idle machine.
const fileTimeoutMs = 1_200_000;
// A process that ends in its own time, such as a browser, has this long after its test.
const partingMs = 30_000;
const longestFailure = 30;

// Root may read and write everything, so a fault in the rights of a file never shows. Where root runs the tests, an
// ordinary user runs these suites, but for the files that say they need root, in themselves or in what they import: the
// pure ones, and those in which the built daemon runs as it does on a box, as a user of its own.
const ordinarySuites = new Set(['unit', 'e2e']);
const ordinaryUser = { uid: 65_534, gid: 65_534 };
const rootPhrase = /needs root/;

// The maps of bundles take their time in every process: places in what a failed test says are translated afterwards.
const mapsPhrase = /needs source maps/;

/** Whether a test file, or one of test/support that it imports, has such a text. */
function says(file, phrase) {
  const text = readFileSync(join(root, file), 'utf8');
  if (phrase.test(text)) return true;
  const support = [...text.matchAll(/from '([^']*\/support\/[^']+)\.js'/g)].map(([, path]) =>
    join(root, dirname(file), `${path}.ts`),
  );
  return support.some((path) => phrase.test(readFileSync(path, 'utf8')));
}

/** Whether a file can run in one process with others. */
const canShare = (suite, file) =>
  suite === 'unit' ||
  (sharedCounts.has(suite) && !isLong(file) && !says(file, wholeProcess) && !says(file, mapsPhrase));

/** Why all files of a suite run as the user who runs this, or undefined where an ordinary user is to run them. */
function whyAsThisUser(suite) {
  if (process.getuid() !== 0) return 'an ordinary user';
  if (!ordinarySuites.has(suite)) return 'root';
  const look = spawnSync('ls', [root, join(root, 'test')], { ...ordinaryUser, stdio: 'ignore' });
  return look.status === 0 ? undefined : `root, because ordinary users cannot read ${root}`;
}

function build() {
  const script = join(root, 'scripts/build.mjs');
  const { status } = spawnSync(process.execPath, [script, 'tests'], { stdio: 'inherit' });
  return status === 0;
}

/** Where the bundle of a test file lies, from the root. */
const bundleOf = (file) => join('dist/tests', file.replace(/\.ts$/, '.js'));

/** Writes a few files that run those of `files` between them, each in a suite of its own; returns the jobs. */
function together(suite, files) {
  const count = sharedCounts.get(suite);
  return Array.from({ length: count }, (_, part) => {
    const file = `test/${suite}, part ${part + 1}`;
    const bundle = join('dist/tests/test', `${suite}-${part + 1}.test.mjs`);
    const suites = files
      .filter((_, index) => index % count === part)
      .map((path) => [path, relative(dirname(bundle), bundleOf(path))])
      .map(([path, from]) => `await describe('${path}', async () => void (await import('./${from}')));\n`);
    writeFileSync(join(root, bundle), `import { describe } from 'node:test';\n${suites.join('')}`);
    return { suite, file, bundle };
  });
}

/** Test files that were asked for, by suite. */
function filesBySuite() {
  const bySuite = new Map();
  for (const name of wanted) {
    const suite = name.startsWith('test/') ? name.split('/')[1] : name;
    const files = name.startsWith('test/')
      ? [name]
      : longestFirst(
          readdirSync(join(root, 'test', suite), { recursive: true })
            .filter((path) => path.endsWith('.test.ts'))
            .sort()
            .map((path) => join('test', suite, path)),
        );
    if (files.length === 0) throw new Error(`no test files in ${suite}`);
    // A file that is named beside its suite runs once: two jobs would write into one output.
    bySuite.set(suite, [...new Set([...(bySuite.get(suite) ?? []), ...files])]);
  }
  return [...bySuite];
}

/** What is to be run for a suite: files, each with its bundle and the user who runs it. */
function jobsOf([suite, files]) {
  const single = (file) => ({ suite, file, bundle: bundleOf(file) });
  const jobs = (chosen, user) => {
    const sharing = chosen.filter((file) => canShare(suite, file));
    const isTogether = sharing.length > (sharedCounts.get(suite) ?? 0);
    const alone = isTogether ? chosen.filter((file) => !sharing.includes(file)) : chosen;
    return [...(isTogether ? together(suite, sharing) : []), ...alone.map(single)].map((job) => ({
      ...job,
      user,
    }));
  };
  const asThisUser = whyAsThisUser(suite);
  if (asThisUser !== undefined) {
    console.log(`== ${suite}: ${files.length} files as ${asThisUser}`);
    return jobs(files);
  }
  const forRoot = files.filter((file) => says(file, rootPhrase));
  const forAll = files.filter((file) => !forRoot.includes(file));
  console.log(`== ${suite}: ${forAll.length} files as an ordinary user, ${forRoot.length} as root`);
  return [...jobs(forAll, ordinaryUser), ...forRoot.map(single)];
}

/** What all processes that a file of this run starts have in their environment as `ROLLCALL_TESTED_BY`. */
const testerOf = (file) => `${process.pid}:${file}`;

/** Processes whose tester begins like this. */
function processesOf(tester) {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      try {
        const environment = readFileSync(`/proc/${pid}/environ`, 'latin1');
        if (!`\0${environment}`.includes(`\0ROLLCALL_TESTED_BY=${tester}`)) return [];
        const words = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
        return words[0] === '' ? [] : [{ pid: Number(pid), command: words.join(' ').slice(0, 200) }];
      } catch {
        // It has ended, or belongs to another user.
        return [];
      }
    });
}

/** Ends what a file left behind; resolves with the commands, none if all ended by themselves. */
async function endOrphans(file) {
  const tester = `${testerOf(file)}\0`;
  const untilMs = performance.now() + partingMs;
  let left = processesOf(tester);
  while (left.length > 0 && performance.now() < untilMs) {
    await delay(100);
    left = processesOf(tester);
  }
  kill(left);
  return left.map(({ command }) => command);
}

function kill(processes) {
  for (const { pid } of processes) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch (error) {
      if (error.code !== 'ESRCH') throw error;
    }
  }
}

/** Who interrupts the tests gets back a machine without their processes. */
function leaveNothing(signal) {
  kill(processesOf(testerOf('')));
  removePlaces();
  process.exit(128 + constants.signals[signal]);
}

/** Folders of an installed box that this machine lacks: a box in a test has others. */
const notToBeMade = new Set(['/etc/rollcall', '/var/lib/rollcall'].filter((path) => !existsSync(path)));

/** Folders that a file, or one beside it, has made all the same; each is named once, and not removed. */
function foldersMade() {
  const made = [...notToBeMade].filter((path) => existsSync(path));
  for (const path of made) notToBeMade.delete(path);
  return made;
}

/** Runs one file to its end; resolves with what it printed, what it took, and whether it passed. */
async function runFile({ suite, file, bundle, user }, { outputs, home, kept }) {
  const outputPath = join(outputs, `${file.replaceAll('/', '-')}.txt`);
  const output = openSync(outputPath, 'w');
  const startedMs = performance.now();
  // Not a pipe: a process that a test leaves behind would hold it open.
  const needsMaps = existsSync(join(root, file)) && says(file, mapsPhrase);
  const options = [...(needsMaps ? ['--enable-source-maps'] : []), '--test-reporter=spec'];
  const child = spawn(process.execPath, [...options, bundle], {
    cwd: root,
    stdio: ['ignore', output, output],
    ...user,
    env: {
      ...process.env,
      ...(user && { HOME: home, TMPDIR: home }),
      ROLLCALL_TESTED_BY: testerOf(file),
      ROLLCALL_RUN_FOLDER: kept,
    },
  });
  // Before it can have started anything: what it starts inherits the priority.
  if (child.pid !== undefined && !realTime.has(suite)) setPriority(child.pid, givingWay);
  let isTooLong = false;
  const tooLong = setTimeout(() => {
    isTooLong = child.kill('SIGKILL');
  }, fileTimeoutMs);
  // Asked in the turn that starts it, so that its end cannot have passed.
  const [code, signal] = await new Promise((resolve, reject) => {
    child.on('exit', (...end) => resolve(end)).on('error', reject);
  });
  clearTimeout(tooLong);
  const processorS = Math.round(endedChildrenS());
  if (signal === 'SIGKILL') {
    const why = isTooLong
      ? `it ran for over ${fileTimeoutMs / 1000} s`
      : 'something else killed it, perhaps because memory ran out';
    writeSync(output, `${file} was ended: ${why}\n`);
  }
  const orphans = await endOrphans(file);
  const remains = [...orphans.map((command) => `a process: ${command}`), ...foldersMade()];
  if (remains.length > 0)
    writeSync(
      output,
      `✖ failing tests:\n${file}, or a file beside it, left this behind:\n${remains.join('\n')}\n`,
    );
  closeSync(output);
  const tookS = Math.round((performance.now() - startedMs) / 1000);
  const text = inSources(readFileSync(outputPath, 'utf8'), root);
  // A test that runs a command in its own process may set the exit code that says that another one failed.
  const hasPassed = code === 0 && remains.length === 0 && countOf(text, 'fail') === 0;
  return { file, hasPassed, tookS, processorS, text };
}

const timesOf = ({ tookS, processorS }) => `${tookS} s, processor time ${processorS} s`;

const countNames = ['tests', 'pass', 'fail', 'cancelled', 'skipped'];
const countOf = (text, name) => Number(new RegExp(`^ℹ ${name} (\\d+)$`, 'm').exec(text)?.[1] ?? 0);

/** Runs all jobs in lanes beside each other and prints each file's output when it has ended; resolves with the results. */
async function runAll(jobs, places) {
  const startedMs = performance.now();
  // What the build took is no part of the first file.
  endedChildrenS();
  const waiting = [...jobs];
  const busy = new Set();
  const results = [];
  const next = () => {
    const index = waiting.findIndex(({ suite }) => !busy.has(suite));
    return index < 0 ? undefined : waiting.splice(index, 1)[0];
  };
  const lane = async () => {
    for (let job = next(); job !== undefined; job = next()) {
      if (oneAtATime.has(job.suite)) busy.add(job.suite);
      const result = await runFile(job, places);
      busy.delete(job.suite);
      results.push(result);
      const [told] = result.text.split(/^ℹ tests /m);
      const end = result.hasPassed ? 'passed' : 'FAILED';
      console.log(`== ${result.file}: ${end}, ${timesOf(result)}\n${told}`);
    }
    return Math.round((performance.now() - startedMs) / 1000);
  };
  const endsS = await Promise.all(Array.from({ length: laneCount }, lane));
  console.log(`== the lanes had nothing left to do after ${endsS.join(', ')} s`);
  return results;
}

/** What the reporter says of the tests that failed: its last part, and no more than can be read at a glance. Then what pages showed. */
function failuresIn(text) {
  const at = text.lastIndexOf('✖ failing tests:');
  const lines = (at < 0 ? text.trimEnd() : text.slice(at)).split('\n');
  const told = at < 0 ? lines.slice(-longestFailure) : lines.slice(1, longestFailure);
  const shown = at < 0 ? [] : (text.match(/^shown at .*$/gm) ?? []);
  return [...told, ...shown.slice(-longestFailure)].join('\n');
}

function report(results) {
  const totals = countNames.map(
    (name) => `${name} ${results.reduce((sum, { text }) => sum + countOf(text, name), 0)}`,
  );
  const slowest = [...results].sort((a, b) => b.tookS - a.tookS).slice(0, 10);
  console.log('== the files that took longest');
  for (const result of slowest) console.log(`  ${result.file}: ${timesOf(result)}`);
  const processorS = results.reduce((sum, result) => sum + result.processorS, 0);
  console.log(`  all files: processor time ${processorS} s`);
  console.log(`== ${results.length} files: ${totals.join(', ')}`);
  const failed = results.filter(({ hasPassed }) => !hasPassed);
  // At the very end once more, where whoever sees only the last lines finds it.
  for (const { file, text } of failed) console.log(`FAILED  ${file}\n${failuresIn(text)}`);
  return failed.length === 0;
}

if (!build()) {
  console.error('error: the program cannot be built, so no test ran\n  what to do: mend what is said above');
  process.exit(1);
}
const jobs = filesBySuite().flatMap(jobsOf);
// Clips that tests render are kept there, whoever renders them.
mkdirSync(join(root, 'var/virtual-camera'), { recursive: true });
if (process.getuid() === 0) chmodSync(join(root, 'var/virtual-camera'), 0o1777);
const outputs = mkdtempSync(join(tmpdir(), 'rollcall-tests-'));
const home = mkdtempSync(join(tmpdir(), 'rollcall-tests-'));
/** What takes long to make, and is made once for all files of the run. */
const kept = mkdtempSync(join(tmpdir(), 'rollcall-tests-'));
if (process.getuid() === 0) chownSync(home, ordinaryUser.uid, ordinaryUser.gid);
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, leaveNothing);
try {
  const results = await runAll(jobs, { outputs, home, kept });
  if (process.env.WRITE_TIMES === '1') recordTimes(results);
  process.exitCode = report(results) ? 0 : 1;
} finally {
  removePlaces();
}

function removePlaces() {
  for (const folder of [outputs, home, kept]) rmSync(folder, { recursive: true, force: true });
}
