import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
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
const builtElsewhere = ['node_modules', 'models/build', 'models/imported', 'dist'];

/** A copy of the working tree in which the program can be changed and tested. */
export class Workplace {
  readonly root = mkdtempSync(join(tmpdir(), 'rollcall-mutants-'));
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
  async test({ unit, integration }: TestFiles, limitMs: number): Promise<Outcome> {
    const runs: readonly TestFiles[] = [
      ...(unit.length === 0 ? [] : [{ unit, integration: [] }]),
      ...integration.map((file) => ({ unit: [], integration: [file] })),
    ];
    for (const failed of runs) {
      const by = await this.#failureOf(failed.integration[0] ?? this.#together(unit), limitMs);
      if (by !== undefined) return { kind: 'failed', by, failed };
    }
    return { kind: 'passed' };
  }

  close(): void {
    if (this.#running !== undefined) end(this.#running);
    rmSync(this.root, { recursive: true, force: true });
  }

  /** A file that runs the test files one after the other in one process; they are over sooner than a process starts. */
  #together(files: readonly string[]): string {
    const path = 'var/mutants.test.mjs';
    const suites = files.map(
      (file) => `await describe('${file}', async () => void (await import('../${file}')));\n`,
    );
    mkdirSync(join(this.root, 'var'), { recursive: true });
    writeFileSync(join(this.root, path), `import { describe } from 'node:test';\n${suites.join('')}`);
    return path;
  }

  /** What failed first, or undefined. The process is ended as soon as something failed. */
  #failureOf(file: string, limitMs: number): Promise<string | undefined> {
    const args = ['--max-old-space-size=2048', '--import', 'tsx', '--test-reporter=tap', file];
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
        const failed = /^ *not ok \d+ - (?!.*# (?:TODO|SKIP))(.*)$/m.exec(output);
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

/** Ends a process and what it started. */
function end({ pid }: ChildProcess): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // It is over already.
  }
}
