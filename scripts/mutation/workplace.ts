import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type Mutant, mutated } from './places.js';
import type { TestFiles } from './test-files.js';

/** What the tests made of the program. `by` names the test, or says that they did not end; `failed` ran together. */
export type Outcome =
  | { readonly kind: 'passed' }
  | { readonly kind: 'failed'; readonly by: string; readonly failed: TestFiles };

/** What is not committed and is needed to run: used where it is. */
const builtElsewhere = ['node_modules', 'models/build', 'models/imported'];

const runner = 'scripts/run-tests.mjs';
/** How long the runner may take to end what it started. */
const runnerPartingMs = 10_000;
/**
 * Lets a test fail as soon as it can: a property ends at its first counterexample, and an assertion without a message does not
 * look for its own text, which Node.js may never find in a file that tsx has changed.
 */
const promptly = {
  path: 'var/fail-promptly.mjs',
  text: `import assert from 'node:assert/strict';
import fc from 'fast-check';
const { ok } = assert;
assert.ok = (value, message = 'this does not hold') => ok(value, message);
fc.configureGlobal({ endOnFailure: true });
`,
} as const;
/** A test file that prints a line for each test. */
const byItself = [
  ...['--max-old-space-size=2048', '--import', 'tsx', '--import', `./${promptly.path}`],
  '--test-reporter=tap',
];

/** A copy of the working tree in which the program can be changed and tested. */
export class Workplace {
  readonly #folder = mkdtempSync(join(tmpdir(), 'rollcall-mutants-'));
  readonly root = join(this.#folder, 'main');
  #running: ChildProcess | undefined;

  constructor(original: string) {
    const listed = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
      ...{ cwd: original, encoding: 'utf8' as const, maxBuffer: 64 << 20 },
    });
    for (const file of listed.split('\0').filter((name) => name !== '' && existsSync(join(original, name)))) {
      // With their times: tests refuse to start a program that is older than its sources.
      const options = { verbatimSymlinks: true, preserveTimestamps: true };
      cpSync(join(original, file), join(this.root, file), options);
    }
    for (const folder of builtElsewhere.filter((name) => existsSync(join(original, name)))) {
      mkdirSync(dirname(join(this.root, folder)), { recursive: true });
      symlinkSync(join(original, folder), join(this.root, folder));
    }
    // Recordings for tests lie beside the checkout, where there are any.
    const shared = join(original, '..', 'shared');
    if (existsSync(shared)) symlinkSync(shared, join(this.#folder, 'shared'));
    mkdirSync(join(this.root, 'var'), { recursive: true });
    writeFileSync(join(this.root, promptly.path), promptly.text);
    // A copy, because the program is built anew where only tests of the built program can notice a mutant.
    if (existsSync(join(original, 'dist')))
      cpSync(join(original, 'dist'), join(this.root, 'dist'), { recursive: true, preserveTimestamps: true });
  }

  /** Runs `work` while the file is changed as the mutant says. */
  async with<T>(mutant: Mutant, work: () => T): Promise<Awaited<T>> {
    const path = join(this.root, mutant.file);
    const text = readFileSync(path, 'utf8');
    const { atime, mtime } = statSync(path);
    const write = (changed: string): void => {
      writeFileSync(path, changed);
      utimesSync(path, atime, mtime);
    };
    write(mutated(text, mutant));
    try {
      return await work();
    } finally {
      write(text);
    }
  }

  /** Runs the tests until one fails, each process for at most `limitMs`. */
  async test({ unit, integration, built }: TestFiles, limitMs: number): Promise<Outcome> {
    const none = { unit: [], integration: [], built: [] };
    const runs: readonly TestFiles[] = [
      ...(unit.length === 0 ? [] : [{ ...none, unit }]),
      ...integration.map((file) => ({ ...none, integration: [file] })),
    ];
    for (const failed of runs) {
      const file = failed.integration[0] ?? this.#together(unit);
      const by = await this.#failureOf(file, [...byItself, file], limitMs);
      if (by !== undefined) return { kind: 'failed', by, failed };
    }
    for (const file of built) {
      const by = await this.#failureOfBuilt(file, limitMs);
      if (by !== undefined) return { kind: 'failed', by, failed: { ...none, built: [file] } };
    }
    return { kind: 'passed' };
  }

  close(): void {
    if (this.#running !== undefined) end(this.#running);
    rmSync(this.#folder, { recursive: true, force: true });
  }

  /** A file that runs the test files one after the other in one process; they are over sooner than a process starts. */
  #together(files: readonly string[]): string {
    const path = 'var/mutants.test.mjs';
    const suites = files.map(
      (file) => `await describe('${file}', async () => void (await import('../${file}')));\n`,
    );
    writeFileSync(join(this.root, path), `import { describe } from 'node:test';\n${suites.join('')}`);
    return path;
  }

  /** As `#failureOf`, by the runner, which builds the program as it is now. */
  async #failureOfBuilt(file: string, limitMs: number): Promise<string | undefined> {
    const dist = join(this.root, 'dist');
    const aside = `${dist}.sound`;
    if (existsSync(dist)) cpSync(dist, aside, { recursive: true, preserveTimestamps: true });
    try {
      return await this.#failureOf(file, [runner, file], limitMs);
    } finally {
      rmSync(dist, { recursive: true, force: true });
      if (existsSync(aside)) renameSync(aside, dist);
    }
  }

  /** What failed first, or undefined. The process is ended as soon as something failed. */
  #failureOf(file: string, args: readonly string[], limitMs: number): Promise<string | undefined> {
    const child = spawn(process.execPath, args, {
      ...{ cwd: this.root, detached: true, stdio: ['ignore', 'pipe', 'ignore'] },
    });
    this.#running = child;
    return new Promise((resolve, reject) => {
      let output = '';
      let failure: string | undefined;
      const stop = (reason: string): void => {
        failure ??= reason;
        end(child);
      };
      const timer = setTimeout(() => stop(`${file} does not end`), limitMs);
      child.stdout?.setEncoding('utf8').on('data', (text: string) => {
        output += text;
        const failed = /^ *(?:not ok \d+ -|✖) (?!.*# (?:TODO|SKIP))(.*)$/m.exec(output);
        if (failed !== null) stop(`${file}: ${failed[1]}`);
        output = output.slice(output.lastIndexOf('\n') + 1);
      });
      child.on('error', reject);
      child.on('close', (code) => {
        clearTimeout(timer);
        this.#running = undefined;
        resolve(failure ?? (code === 0 ? undefined : `${file} ended with ${code}`));
      });
    });
  }
}

/** Ends a process and what it started. On SIGTERM, the runner also ends processes outside its group. */
function end({ pid, spawnargs }: ChildProcess): void {
  if (pid === undefined) return;
  const isRunner = spawnargs.includes(runner);
  if (isRunner) setTimeout(() => killGroup(pid, 'SIGKILL'), runnerPartingMs).unref();
  killGroup(pid, isRunner ? 'SIGTERM' : 'SIGKILL');
}

function killGroup(pid: number, signal: 'SIGTERM' | 'SIGKILL'): void {
  try {
    process.kill(-pid, signal);
  } catch {
    // It is over already.
  }
}
