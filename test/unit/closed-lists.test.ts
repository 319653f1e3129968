import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { type ClosedList, closedLists, repeatedLists } from '../support/closed-lists.js';

const daemon = fileURLToPath(new URL('../../daemon', import.meta.url));

function daemonSources(): ReadonlyMap<string, string> {
  const paths = readdirSync(daemon, { recursive: true, encoding: 'utf8' }).filter((path) =>
    /\.tsx?$/.test(path),
  );
  return new Map(paths.sort().map((path) => [path, readFileSync(join(daemon, path), 'utf8')]));
}

const listsIn = (sources: Record<string, string>): readonly ClosedList[] =>
  closedLists(new Map(Object.entries(sources)));
const wordsIn = (text: string): readonly string[] =>
  listsIn({ 'a.ts': text }).map(({ words }) => words.join(' '));

describe('the daemon', () => {
  test('declares each closed list once', () => {
    const lists = closedLists(daemonSources());
    assert.ok(lists.length > 300, 'the lists were found');
    assert.deepEqual(repeatedLists(lists), []);
  });

  test('would not pass with a list of the kernel written out again', () => {
    const kernel = [...daemonSources()].filter(([path]) => path.startsWith('kernel/'));
    const copy = "export const ends = z.enum(['failed', 'stopped', 'finished']);";
    const [repeated = '', ...others] = repeatedLists(
      closedLists(new Map([...kernel, ['contract/copy.ts', copy]])),
    );
    assert.match(
      repeated,
      /^failed, finished, stopped: kernel\/gallery\/gallery-job\.ts:\d+, contract\/copy\.ts:1$/,
    );
    assert.deepEqual(others, []);
  });
});

describe('a closed list', () => {
  test('is an array, a union of literal types, or a union of zod literals', () => {
    for (const text of [
      "const xs = ['one', 'two', 'three'] as const;",
      "type X = 'one' | 'two' | 'three';",
      "interface X { readonly x: 'one' | 'two' | 'three' | undefined }",
      "const x = z.enum(['one', 'two', 'three']);",
      "const x = z.union([z.literal('one'), z.literal('two'), z.literal('three')]);",
      "const xs = new Set(['one', 'two', 'three']);",
    ]) {
      assert.deepEqual(wordsIn(text), ['one three two'], text);
    }
  });

  test('has at least three words', () => {
    assert.deepEqual(wordsIn("const xs = ['one', 'two', 'two'] as const; type X = 'one' | 'two';"), []);
  });

  test('may be written in several parts', () => {
    assert.deepEqual(wordsIn("const xs = [...['one', 'two', 'three'], ...(['four'] as const)];"), [
      'four one three two',
    ]);
  });

  test('may extend another list, of its own file or of one that it imports', () => {
    const lists = listsIn({
      'b/more.ts':
        "import { few as some } from '../few.js'; const more = [...some, ...own, 'three']; const own = ['four'];",
      'few.ts': "export const few = ['one', 'two'] as const;",
    });
    assert.deepEqual(lists, [{ place: 'b/more.ts:1', words: ['four', 'one', 'three', 'two'] }]);
  });

  test('is neither a copy of another list, nor one with values that are not known here', () => {
    assert.deepEqual(wordsIn("const xs = [...few]; const few = ['one', 'two'];"), []);
    assert.deepEqual(wordsIn("const xs = ['one', 'two', 'three', four()];"), []);
    assert.deepEqual(wordsIn("import { unknown } from './b.js'; const xs = ['one', 'two', ...unknown];"), []);
  });

  test('is not a choice among names that the compiler checks', () => {
    assert.deepEqual(wordsIn("type X = Pick<Y, 'one' | 'two' | 'three'>;"), []);
    assert.deepEqual(wordsIn("const x = operation({ errors: ['one', 'two', 'three'] });"), []);
    assert.deepEqual(wordsIn('const x: Record<X, number> = { one: 1, two: 2, three: 3 };'), []);
  });

  test('is the same in any order and form', () => {
    const lists = listsIn({
      'a.ts': "\nexport const xs = ['one', 'two', 'three'] as const;",
      'b.tsx': "export type X = 'three' | 'two' | 'one'; export const x = <p>three</p>;",
      'c.ts': "export const others = ['one', 'two', 'four'];",
    });
    assert.deepEqual(repeatedLists(lists), ['one, three, two: a.ts:2, b.tsx:1']);
  });
});
