import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readOptions } from '../options.js';
import { Compiler, inDrawingOrder, seededRandom } from './candidates.js';
import { ExecutedParts } from './executed.js';
import { layers } from './layers.js';
import type { Mutant, MutationKind } from './places.js';
import { Imports, type TestFiles } from './test-files.js';
import { Workplace } from './workplace.js';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** A mutant that does what the program does; where it is, its lines, what they become, and why no test can tell. */
interface Equivalent {
  readonly file: string;
  readonly before: string;
  readonly after: string;
  readonly reason: string;
}

/** A mistake that somebody thought of: a text that the file has once, what it becomes, and the tests that should notice. */
interface Drawn {
  readonly file: string;
  readonly before: string;
  readonly after: string;
  readonly tests: readonly string[];
}

/** A mutant that ran, and the test that noticed it. */
interface Tried {
  readonly mutant: Mutant;
  readonly noticedBy: string | undefined;
}

/** What is asked for: a layer by its name, or single files. */
interface Target {
  readonly name: string;
  readonly files: readonly string[];
}

/** Names the mutants of drawn.json. */
const drawn = 'drawn';

const usage = `usage: scripts/mutate LAYER|FILE... [options]
       scripts/mutate --learn TEST...

Changes the program in one small way after another, and counts how many changes its tests notice.

  --count N             mutants that are drawn of each layer or file (20)
  --skip N              leaves out the first mutants of the sample (0)
  --seed N              draws the same mutants from the same sources (random)
  --at-least PERCENT    ends with 1 if fewer are noticed (0)
  --jobs N              mutants that are tried in parallel (1)
  --quick               leaves out the tests of the built program
  --unit                runs the unit tests alone
  --test FILE           runs this test alone; can be repeated
  --learn               records what these integration tests execute, by which later runs choose them

Layers: ${Object.keys(layers).join(', ')}, ${drawn}.
docs/measurements/mutants.md explains the changes and the tests.
`;

class Refusal extends Error {}

function readCall() {
  const { values, positionals } = readOptions(usage, {
    allowPositionals: true,
    options: {
      count: { type: 'string', default: '20' },
      skip: { type: 'string', default: '0' },
      seed: { type: 'string', default: String(Date.now() % 100_000) },
      'at-least': { type: 'string', default: '0' },
      jobs: { type: 'string', default: '1' },
      quick: { type: 'boolean', default: false },
      unit: { type: 'boolean', default: false },
      learn: { type: 'boolean', default: false },
      test: { type: 'string', multiple: true, default: [] },
    },
  });
  const whole = (name: 'count' | 'skip' | 'seed' | 'at-least' | 'jobs', least: number): number => {
    const value = Number(values[name]);
    if (!Number.isInteger(value) || value < least)
      throw new Refusal(`--${name} must be a whole number, ${least} or more.`);
    return value;
  };
  if (positionals.length === 0) throw new Refusal(`Name a layer, a file, or a test.\n\n${usage}`);
  const tests = values.learn ? positionals : values.test;
  const missing = tests.find((file) => !existsSync(join(root, file)));
  if (missing !== undefined) throw new Refusal(`There is no test file ${missing}.`);
  return {
    testsToLearn: values.learn ? tests : [],
    targets: values.learn ? [] : positionals.map(targetOf),
    ...{
      count: whole('count', 1),
      skip: whole('skip', 0),
      seed: whole('seed', 0),
      atLeast: whole('at-least', 0),
      jobs: whole('jobs', 1),
    },
    choice: choiceOf(values),
  };
}

/** Narrows the tests of a mutant down to those that are asked for. */
type TestChoice = (tests: TestFiles) => TestFiles;

function choiceOf(call: {
  readonly quick: boolean;
  readonly unit: boolean;
  readonly test: readonly string[];
}): TestChoice {
  if (call.test.length > 0) return () => ({ unit: [], integration: call.test, built: [] });
  if (call.unit) return ({ unit }) => ({ unit, integration: [], built: [] });
  return call.quick ? (tests) => ({ ...tests, built: [] }) : (tests) => tests;
}

/** The mutants of drawn.json, each with its tests. @throws Refusal where a file does not have a text once */
function drawnByHand(): readonly { readonly mutant: Mutant; readonly tests: TestFiles }[] {
  const listed: readonly Drawn[] = JSON.parse(readFileSync(new URL('drawn.json', import.meta.url), 'utf8'));
  return listed.map(({ file, before, after, tests }) => {
    const text = readFileSync(join(root, file), 'utf8');
    const [head = '', ...rest] = text.split(before);
    if (rest.length !== 1) throw new Refusal(`drawn.json: ${file} must have this text once: ${before}`);
    const place = { start: head.length, end: head.length + before.length, line: head.split('\n').length };
    return {
      mutant: { ...place, file, kind: 'logic', replacement: after, before, after },
      tests: { unit: [], integration: tests, built: [] },
    };
  });
}

function targetOf(name: string): Target {
  if (name === drawn) return { name, files: [] };
  const layer = layers[name];
  if (layer === undefined && !/^daemon\/.*\.ts$/.test(name)) {
    throw new Refusal(
      `There is no layer "${name}". Name one of ${Object.keys(layers).join(', ')}, or a file of daemon/.`,
    );
  }
  const files = (layer?.sources ?? [name]).flatMap((source) =>
    source.endsWith('/')
      ? readdirSync(join(root, source), { recursive: true, encoding: 'utf8' }).map((file) =>
          join(source, file),
        )
      : [source],
  );
  return { name, files: files.filter((file) => file.endsWith('.ts')).sort() };
}

/** All mutants of the files but those that are listed as equivalent. @throws Refusal where a listed one is none of them */
function mutantsOf(files: readonly string[], compiler: Compiler): readonly Mutant[] {
  const listed: readonly Equivalent[] = JSON.parse(
    readFileSync(new URL('equivalent.json', import.meta.url), 'utf8'),
  );
  const isSame = (mutant: Mutant, { file, before, after }: Equivalent): boolean =>
    mutant.file === file && mutant.before === before && mutant.after === after;
  const mutants = files.flatMap((file) => compiler.mutantsOf(file));
  const stale = listed.find(
    (each) => files.includes(each.file) && !mutants.some((mutant) => isSame(mutant, each)),
  );
  if (stale !== undefined) {
    throw new Refusal(`equivalent.json lists a change that ${stale.file} does not allow: ${stale.after}`);
  }
  return mutants.filter((mutant) => !listed.some((each) => isSame(mutant, each)));
}

/** Longer than any of the tests takes, also where other work holds the processor. */
const limitMs = 600_000;

/** Groups of tests that pass without any change. */
const sound = new Set<string>();

/** Whether tests that failed with a mutant pass without it. */
async function areSound(failed: TestFiles, place: Workplace): Promise<boolean> {
  const key = JSON.stringify(failed);
  if (!sound.has(key) && (await place.test(failed, limitMs)).kind === 'passed') sound.add(key);
  return sound.has(key);
}

/** Nothing where its tests fail without it too: that tells nothing of the mutant. */
async function tryOut(mutant: Mutant, tests: TestFiles, place: Workplace): Promise<readonly Tried[]> {
  const outcome = await place.with(mutant, () => place.test(tests, limitMs));
  const said = `${mutant.file}:${mutant.line}`;
  if (outcome.kind === 'failed' && !(await areSound(outcome.failed, place))) {
    console.log(`${said} is not counted: ${outcome.by} fails without it too`);
    return [];
  }
  const noticedBy = outcome.kind === 'failed' ? outcome.by : undefined;
  const tried = { mutant, noticedBy };
  // As they come: the whole takes long.
  process.stderr.write(
    noticedBy === undefined ? `NOT NOTICED ${shownUnnoticed(tried)}\n` : `${said} ${noticedBy}\n`,
  );
  return [tried];
}

/**
 * What to draw from the files of a layer, and which tests to run. `skip`: how many of the first to leave out, as another run has
 * tried them.
 */
interface Draw {
  readonly count: number;
  readonly skip: number;
  readonly seed: number;
  readonly choice: TestChoice;
}

/** Of the mutants that compile, in the order given, leaves out the first `skip` and tries the next `count`. */
async function sample(
  order: readonly Mutant[],
  { count, skip, choice }: Draw,
  compiler: Compiler,
  places: readonly [forCompiler: Workplace, ...forTests: Workplace[]],
): Promise<readonly Tried[]> {
  const [forCompiler, ...forTests] = places;
  const imports = new Imports(root, new ExecutedParts(root));
  const tried: Tried[] = [];
  const drawn: Mutant[] = [];
  for (const mutant of order) {
    if (drawn.length === skip + count) break;
    if (await compiler.compiles(mutant, imports.importersOf(mutant.file), forCompiler)) drawn.push(mutant);
  }
  drawn.splice(0, skip);
  const work = async (place: Workplace): Promise<void> => {
    for (let mutant = drawn.shift(); mutant !== undefined; mutant = drawn.shift()) {
      tried.push(...(await tryOut(mutant, choice(imports.testsOf(mutant)), place)));
    }
  };
  await Promise.all(forTests.map(work));
  return tried;
}

const columns: readonly MutationKind[] = ['logic', 'boundary', 'constant'];

function shownScore(tried: readonly Tried[]): string {
  const score = (some: readonly Tried[]): string =>
    `${some.filter(({ noticedBy }) => noticedBy !== undefined).length}/${some.length}`;
  return [score(tried), ...columns.map((kind) => score(tried.filter(({ mutant }) => mutant.kind === kind)))]
    .map((text) => text.padEnd(10))
    .join('');
}

function shownUnnoticed({ mutant }: Tried): string {
  const { file, line, kind, before, after } = mutant;
  return `${file}:${line} (${kind})\n  - ${before}\n  + ${after}`;
}

function shownResult(name: string, tried: readonly Tried[]): readonly Tried[] {
  console.log(`${name.padEnd(18)}${shownScore(tried)}`);
  const unnoticed = tried.filter(({ noticedBy }) => noticedBy === undefined);
  for (const each of unnoticed) console.log(shownUnnoticed(each));
  return unnoticed;
}

/** Tries every mutant of drawn.json. */
async function tryDrawn(place: Workplace): Promise<readonly Tried[]> {
  const tried: Tried[] = [];
  for (const { mutant, tests } of drawnByHand()) tried.push(...(await tryOut(mutant, tests, place)));
  return tried;
}

/** Draws from the files of a layer and tries what was drawn. */
async function tryLayer(
  files: readonly string[],
  draw: Draw,
  places: readonly [forCompiler: Workplace, ...forTests: Workplace[]],
): Promise<readonly Tried[]> {
  const isForConsole = files.some((file) => file.startsWith('daemon/console/'));
  const compiler = new Compiler(places[0].root, isForConsole);
  try {
    const order = inDrawingOrder(mutantsOf(files, compiler), seededRandom(draw.seed));
    return await sample(order, draw, compiler, places);
  } finally {
    compiler.close();
  }
}

/** Records what each test executes. One that fails says nothing about mutants, and is left out. */
async function learn(tests: readonly string[]): Promise<void> {
  const parts = new ExecutedParts(root);
  for (const test of tests) {
    const isLearned = await parts.learn(test).then(
      () => true,
      () => false,
    );
    console.log(`${test} ${isLearned ? 'learned' : 'fails'}`);
  }
}

async function main(): Promise<number> {
  const { testsToLearn, targets, count, skip, seed, atLeast, jobs, choice } = readCall();
  await learn(testsToLearn);
  if (targets.length === 0) return 0;
  const forCompiler = new Workplace(root);
  const forTests = Array.from({ length: jobs }, () => new Workplace(root));
  const close = (): void => {
    for (const place of [forCompiler, ...forTests]) place.close();
  };
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      close();
      process.exit(2);
    });
  }
  try {
    console.log(
      `seed ${seed}\n${'noticed/all'.padEnd(18)}all       ${columns.map((kind) => kind.padEnd(10)).join('')}`,
    );
    let isEnough = true;
    for (const { name, files } of targets) {
      const tried =
        name === drawn
          ? await tryDrawn(forCompiler)
          : await tryLayer(files, { count, skip, seed, choice }, [forCompiler, ...forTests]);
      const unnoticed = shownResult(name, tried);
      isEnough &&= unnoticed.length * 100 <= tried.length * (100 - atLeast);
    }
    return isEnough ? 0 : 1;
  } finally {
    close();
  }
}

try {
  process.exitCode = await main();
} catch (error) {
  if (!(error instanceof Refusal)) throw error;
  console.error(error.message);
  process.exitCode = 2;
}
