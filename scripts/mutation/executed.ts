import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { SourceMap, type SourceMapPayload } from 'node:module';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

/** A part of a source that a test executes, as offsets into its text. */
type Stretch = readonly [start: number, end: number];

/** What one test executes of the program, by file. */
type Executed = Readonly<Record<string, readonly Stretch[]>>;

/** A file of coverage that V8 wrote (NODE_V8_COVERAGE). Within a script, an outer range comes before those in it. */
interface Coverage {
  readonly result: readonly {
    readonly url: string;
    readonly functions: readonly { readonly ranges: readonly Range[] }[];
  }[];
  readonly 'source-map-cache'?: Readonly<
    Record<string, { readonly lineLengths: readonly number[]; readonly data: SourceMapPayload | null }>
  >;
}

interface Range {
  readonly startOffset: number;
  readonly endOffset: number;
  readonly count: number;
}

/** Longer than a test takes, also where other work holds the processor. */
const limitMs = 600_000;

/** What integration tests execute, as `--learn` has recorded it in a folder that git ignores. */
export class ExecutedParts {
  readonly #root: string;
  readonly #folder: string;
  readonly #known = new Map<string, { readonly executed: Executed; readonly recordedAtMs: number }>();

  constructor(root: string) {
    this.#root = root;
    this.#folder = join(root, 'var/executed');
    mkdirSync(this.#folder, { recursive: true });
    for (const name of readdirSync(this.#folder)) {
      const path = join(this.#folder, name);
      const test = name.replaceAll('~', '/').replace(/\.json$/, '');
      const executed: Executed = JSON.parse(readFileSync(path, 'utf8'));
      this.#known.set(test, { executed, recordedAtMs: statSync(path).mtimeMs });
    }
  }

  /** Whether a test executes this place. Undefined if nothing was recorded since the file changed. */
  has(test: string, file: string, offset: number): boolean | undefined {
    const known = this.#known.get(test);
    if (known === undefined || known.recordedAtMs < statSync(join(this.#root, file)).mtimeMs)
      return undefined;
    return known.executed[file]?.some(([start, end]) => start <= offset && offset < end) ?? false;
  }

  /** Runs a test and records what it and its children execute. A child that is killed counts as if it had not run. */
  async learn(test: string): Promise<void> {
    const folder = mkdtempSync(join(this.#root, 'var/coverage-'));
    try {
      await promisify(execFile)(process.execPath, ['--import', 'tsx', '--test-reporter=tap', test], {
        ...{ cwd: this.#root, timeout: limitMs, maxBuffer: 64 << 20 },
        env: { ...process.env, NODE_V8_COVERAGE: folder },
      });
      const executed: Record<string, readonly Stretch[]> = {};
      for (const name of readdirSync(folder)) {
        const coverage: Coverage = JSON.parse(readFileSync(join(folder, name), 'utf8'));
        for (const [file, stretches] of this.#stretchesOf(coverage)) {
          executed[file] = [...(executed[file] ?? []), ...stretches];
        }
      }
      writeFileSync(join(this.#folder, `${test.replaceAll('/', '~')}.json`), JSON.stringify(executed));
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }

  *#stretchesOf(coverage: Coverage): Generator<readonly [file: string, stretches: readonly Stretch[]]> {
    for (const { url, functions } of coverage.result) {
      const file = url.startsWith('file:') ? relative(this.#root, fileURLToPath(url)) : '';
      const compiled = coverage['source-map-cache']?.[url];
      if (!file.startsWith('daemon/') || !compiled?.data) continue;
      const text = readFileSync(join(this.#root, file), 'utf8');
      const toSource = placesIn(text, compiled.lineLengths, new SourceMap(compiled.data));
      const ranges = functions.flatMap((each) => each.ranges);
      yield [file, executedOf(text.length, ranges, toSource)];
    }
  }
}

/** Translates offsets into a compiled file into offsets into its source; undefined for what the compiler added. */
function placesIn(
  text: string,
  lineLengths: readonly number[],
  map: SourceMap,
): (offset: number) => number | undefined {
  const starts = [0, ...[...text.matchAll(/\n/g)].map(({ index }) => index + 1)];
  return (offset) => {
    let line = 0;
    let column = offset;
    for (; column > (lineLengths[line] ?? column); line += 1) column -= (lineLengths[line] ?? 0) + 1;
    const entry = map.findEntry(line, column);
    if (!('originalLine' in entry) || entry.generatedLine !== line) return undefined;
    // Between two places of the map, the compiled text is almost that of the source.
    return (starts[entry.originalLine] ?? 0) + entry.originalColumn + column - entry.generatedColumn;
  };
}

/** What a test executes of a source: all that runs when it is loaded, with inner ranges overruling outer ones. */
function executedOf(
  length: number,
  ranges: readonly Range[],
  toSource: (offset: number) => number | undefined,
): readonly Stretch[] {
  const isExecuted = new Uint8Array(length).fill(1);
  for (const { startOffset, endOffset, count } of ranges) {
    // Behind the end of a function, something else may follow than in the source.
    const [start, last] = [toSource(startOffset), toSource(endOffset - 1)];
    if (start !== undefined && last !== undefined) isExecuted.fill(count > 0 ? 1 : 0, start, last + 1);
  }
  const stretches: Stretch[] = [];
  for (let start = isExecuted.indexOf(1); start >= 0; ) {
    const next = isExecuted.indexOf(0, start);
    const end = next < 0 ? length : next;
    stretches.push([start, end]);
    start = isExecuted.indexOf(1, end);
  }
  return stretches;
}
