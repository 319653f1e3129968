import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { IntlMessageFormat } from 'intl-messageformat';

const consoleFolder = fileURLToPath(new URL('../../daemon/console', import.meta.url));
const messages = join(consoleFolder, 'messages');

type File = Readonly<Record<string, string>>;
const read = (language: string, name: string): File =>
  JSON.parse(readFileSync(join(messages, language, name), 'utf8')) as File;
const files = readdirSync(join(messages, 'en'));

type Values = Readonly<Record<string, string | number>>;
type Elements = ReturnType<IntlMessageFormat['getAst']>;

const parsed = (text: string, tag: string): IntlMessageFormat =>
  new IntlMessageFormat(text, tag, undefined, { ignoreTag: true });

/** The values that a message shows, by their names, each with examples of what it may be. */
function valuesOf(elements: Elements): readonly (readonly [string, readonly (string | number)[]])[] {
  return elements.flatMap((element) => {
    const options = 'options' in element ? Object.entries(element.options) : [];
    const inOptions = options.flatMap(([, { value }]) => valuesOf(value));
    // A literal text is of the type 0, and is the only one whose value is no name.
    if (element.type === 0 || !('value' in element)) return inOptions;
    const words = options.map(([word]) => word);
    const isPlain = element.type === 1;
    const isChoice = element.type === 5;
    const examples = isPlain ? ["{it's} <b> #"] : isChoice ? [...words, 'else'] : [0, 1, 2, 0.4567, 1234.5];
    return [[element.value, examples] as const, ...inOptions];
  });
}

const named = (text: string): readonly string[] =>
  [...new Set(valuesOf(parsed(text, 'en').getAst()).map(([name]) => name))].sort();

/** Every set of values that takes one example for each name. */
const sets = (values: ReturnType<typeof valuesOf>): readonly Values[] =>
  [...new Map(values)].reduce<readonly Values[]>(
    (some, [name, examples]) =>
      some.flatMap((set) => examples.map((example) => ({ ...set, [name]: example }))),
    [{}],
  );

describe('the messages of the console', () => {
  test('are the same files in every language', () => {
    assert.ok(files.length > 3);
    assert.deepEqual(readdirSync(join(messages, 'de')).sort(), [...files].sort());
  });

  for (const name of files) {
    test(`of ${name} have the same keys and values in every language, and a text each`, () => {
      const [en, de] = [read('en', name), read('de', name)];
      assert.deepEqual(Object.keys(de).sort(), Object.keys(en).sort());
      for (const [key, text] of Object.entries(en)) {
        assert.notEqual(text.trim(), '', key);
        assert.notEqual(de[key]?.trim(), '', key);
        assert.deepEqual(named(de[key] ?? ''), named(text), key);
      }
    });
  }

  for (const tag of ['en-GB', 'de'])
    test(`are shown in ${tag} with every kind of value`, () => {
      for (const name of files)
        for (const [key, text] of Object.entries(read(tag.slice(0, 2), name))) {
          const message = parsed(text, tag);
          for (const values of sets(valuesOf(message.getAst())))
            assert.doesNotMatch(String(message.format(values)), /\{\w+\}/, `${name}: ${key}`);
        }
    });

  test('are all used', () => {
    const sources = readdirSync(consoleFolder, { recursive: true, encoding: 'utf8' })
      .filter((path) => /\.tsx?$/.test(path))
      .map((path) => readFileSync(join(consoleFolder, path), 'utf8'));
    const all = sources.join('\n');
    for (const name of files) {
      const own = sources.filter((text) => text.includes(`messages/en/${name}`)).join('\n');
      // A key may be put together: `t(\`reason-${code}\`)` uses all that begin so.
      const beginnings = [...own.matchAll(/`([a-z-]+-)\$\{/g)].map(([, beginning]) => beginning ?? '');
      const unused = Object.keys(read('en', name)).filter(
        (key) => !all.includes(`'${key}'`) && !beginnings.some((each) => key.startsWith(each)),
      );
      assert.deepEqual(unused, [], name);
    }
  });
});
