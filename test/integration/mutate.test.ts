import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { mkdir, symlink, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { Compiler, inDrawingOrder, seededRandom } from '../../scripts/mutation/candidates.js';
import { ExecutedParts } from '../../scripts/mutation/executed.js';
import { type Mutant, mutated } from '../../scripts/mutation/places.js';
import { root } from '../support/built.js';
import { temporaryDirectory } from '../support/temporary-directory.js';

/** An entry of the lists in scripts/mutation. */
interface Listed {
  readonly file: string;
  readonly before: string;
  readonly after: string;
}

const program = `
type Step = 1 | 2;
export const limits = [3, 10] as const;
export const box: { name: string; camera?: string } = { name: 'b', camera: 'id' };
export const told = async (log: (text: string) => Promise<void>): Promise<void> => {
  await log('a text that only people read');
};
export function isNear(a: number, b: number | undefined, log: { info(text: string): void }): boolean {
  if (b === undefined) return false;
  log.info('compared');
  return a < b && ![a, b].some((each) => each > 0.5);
}
`;

test('the mutants of a file are its small changes, in an order that the seed decides', async () => {
  await using directory = await temporaryDirectory();
  await mkdir(join(directory.path, 'daemon'));
  await symlink(join(root, 'node_modules'), join(directory.path, 'node_modules'));
  await writeFile(
    join(directory.path, 'tsconfig.json'),
    JSON.stringify({ compilerOptions: { strict: true, target: 'ES2022', types: [] }, include: ['daemon'] }),
  );
  await writeFile(join(directory.path, 'daemon/near.ts'), program);
  await writeFile(
    join(directory.path, 'daemon/user.ts'),
    "import { limits } from './near.js';\nexport const most: Extract<(typeof limits)[number], 10> = 10;\n",
  );
  const compiler = new Compiler(directory.path);
  try {
    const mutants = compiler.mutantsOf('daemon/near.ts');
    assert.deepEqual(
      mutants.map(({ kind, line, after }) => `${kind} ${line} ${after}`),
      [
        'logic 3 export const limits = [10] as const;',
        'logic 3 export const limits = [3] as const;',
        'constant 3 export const limits = [4, 10] as const;',
        'constant 3 export const limits = [2, 10] as const;',
        'constant 3 export const limits = [3, 12] as const;',
        'constant 3 export const limits = [3, 8] as const;',
        "logic 4 export const box: { name: string; camera?: string } = { camera: 'id' };",
        "logic 4 export const box: { name: string; camera?: string } = { name: 'b' };",
        'logic 6 ;',
        "logic 6 log('a text that only people read');",
        'logic 9 if (!(b === undefined)) return false;',
        'logic 9 ;',
        'logic 9 if (b === undefined) return true;',
        'logic 11 return a < b || ![a, b].some((each) => each > 0.5);',
        'logic 11 return a < b;',
        'logic 11 return ![a, b].some((each) => each > 0.5);',
        'boundary 11 return a <= b && ![a, b].some((each) => each > 0.5);',
        'logic 11 return a < b && [a, b].some((each) => each > 0.5);',
        'logic 11 return a < b && ![a, b].every((each) => each > 0.5);',
        'logic 11 return a < b && ![b].some((each) => each > 0.5);',
        'logic 11 return a < b && ![a].some((each) => each > 0.5);',
        'boundary 11 return a < b && ![a, b].some((each) => each >= 0.5);',
        'constant 11 return a < b && ![a, b].some((each) => each > 0.6);',
        'constant 11 return a < b && ![a, b].some((each) => each > 0.4);',
      ],
    );
    const workplace = {
      async with<T>(mutant: Mutant, work: () => T): Promise<Awaited<T>> {
        const path = join(directory.path, mutant.file);
        await writeFile(path, mutated(program, mutant));
        try {
          return await work();
        } finally {
          await writeFile(path, program);
        }
      },
    };
    const judged: boolean[] = [];
    for (const mutant of mutants.slice(0, 2)) {
      judged.push(await compiler.compiles(mutant, ['daemon/user.ts'], workplace));
      assert.deepEqual(compiler.mutantsOf('daemon/near.ts'), mutants, 'the compiler sees the program again');
    }
    assert.deepEqual(judged, [true, false], 'the other file needs the 10');
    const drawn = inDrawingOrder(mutants, seededRandom(1));
    assert.deepEqual(inDrawingOrder(mutants, seededRandom(1)), drawn);
    assert.notDeepEqual(inDrawingOrder(mutants, seededRandom(2)), drawn);
    assert.deepEqual(new Set(drawn), new Set(mutants));
    assert.deepEqual(
      drawn.slice(0, 8).map(({ kind }) => kind),
      ['logic', 'logic', 'logic', 'logic', 'boundary', 'logic', 'logic', 'constant'],
    );
  } finally {
    compiler.close();
  }
});

test('what a test executes is known by place, until the file changes', async () => {
  await using directory = await temporaryDirectory();
  const at = (path: string): string => join(directory.path, path);
  for (const folder of ['daemon', 'test']) await mkdir(at(folder));
  await symlink(join(root, 'node_modules'), at('node_modules'));
  await writeFile(at('package.json'), '{ "type": "module" }');
  const sizes = `interface Size {
  readonly width: number;
}
const limit = 10;
export function sizeOf({ width }: Size): string {
  if (width < 0) throw new RangeError('less than nothing');
  return width < limit ? 'small' : 'large';
}
export function unused(): void {
  sizeOf({ width: 20 });
}
`;
  await writeFile(at('daemon/sizes.ts'), sizes);
  await writeFile(at('daemon/others.ts'), '');
  await writeFile(
    at('test/sizes.test.ts'),
    `import { execFileSync } from 'node:child_process';
import { sizeOf } from '../daemon/sizes.js';
if (process.argv[2] === 'child') sizeOf({ width: 3 });
else execFileSync(process.execPath, ['--import', 'tsx', 'test/sizes.test.ts', 'child']);
`,
  );
  await new ExecutedParts(directory.path).learn('test/sizes.test.ts');
  const parts = new ExecutedParts(directory.path);
  const has = (text: string): boolean | undefined =>
    parts.has('test/sizes.test.ts', 'daemon/sizes.ts', sizes.indexOf(text));
  assert.deepEqual(
    ['= 10', 'width < 0', 'throw', 'return', "'small'", "'large'", 'sizeOf({ width: 20'].map(has),
    [true, true, false, true, true, false, false],
    'its child counts',
  );
  assert.equal(parts.has('test/sizes.test.ts', 'daemon/others.ts', 0), false);
  assert.equal(parts.has('test/other.test.ts', 'daemon/sizes.ts', 0), undefined);
  const later = new Date(Date.now() + 60_000);
  await utimes(at('daemon/sizes.ts'), later, later);
  assert.equal(has("'small'"), undefined);
});

test('the mutants that are known to do what the program does, and those that people drew, fit the sources', () => {
  const listed = (name: string): readonly Listed[] =>
    JSON.parse(readFileSync(join(root, 'scripts/mutation', name), 'utf8'));
  const stale: string[] = [];
  for (const isForConsole of [false, true]) {
    const compiler = new Compiler(root, isForConsole);
    try {
      const known = new Map<string, readonly Mutant[]>();
      for (const { file, before, after } of listed('equivalent.json')) {
        if (file.startsWith('daemon/console/') !== isForConsole) continue;
        const mutants = known.get(file) ?? compiler.mutantsOf(file);
        known.set(file, mutants);
        const isThere = mutants.some((mutant) => mutant.before === before && mutant.after === after);
        if (!isThere) stale.push(`equivalent.json: ${file}: ${after}`);
      }
    } finally {
      compiler.close();
    }
  }
  for (const { file, before } of listed('drawn.json')) {
    const count = readFileSync(join(root, file), 'utf8').split(before).length - 1;
    if (count !== 1) stale.push(`drawn.json: ${file} has this text ${count} times: ${before}`);
  }
  assert.deepEqual(stale, []);
});
