import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { IntlMessageFormat } from 'intl-messageformat';
import { shownByName, withNumbers } from '../../daemon/console/building/word-calls.js';
import {
  isFirst,
  planOf,
  readMessages,
  readSources,
  wordsFor,
} from '../../daemon/console/building/word-plan.js';
import { messageText, type Values } from '../../daemon/console/words/message-text.js';
import { readWords } from '../../daemon/console/words/read-words.js';

const consoleFolder = fileURLToPath(new URL('../../daemon/console', import.meta.url));
const messages = join(consoleFolder, 'messages');

type File = Readonly<Record<string, string>>;
const read = (language: string, name: string): File =>
  JSON.parse(readFileSync(join(messages, language, name), 'utf8')) as File;
const files = readdirSync(join(messages, 'en'));

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
    test(`are shown in ${tag} as the whole format would show them`, () => {
      for (const name of files)
        for (const [key, text] of Object.entries(read(tag.slice(0, 2), name))) {
          const whole = parsed(text, tag);
          for (const values of sets(valuesOf(whole.getAst())))
            assert.equal(messageText(text, values, tag), whole.format(values), `${name}: ${key}`);
        }
    });

  test('are all found where the build has put them, by number or by name', () => {
    const all = readMessages(consoleFolder);
    const plan = planOf(all, shownByName(readSources(consoleFolder)));
    assert.ok(plan.numbers.size > all.length / 3, 'many are shown by number');
    for (const language of ['en', 'de']) {
      const parts = [all.filter(isFirst), all.filter((message) => !isFirst(message))];
      const found = readWords(parts.map((messages) => wordsFor(messages, language, plan)));
      for (const { file, key, texts } of all) {
        const number = plan.numbers.get(`${file}.${key}`);
        assert.equal(found(file, number === undefined ? key : String(number)), texts[language]);
      }
      assert.equal(found('now', 'no such message'), undefined);
    }
  });

  test('have places that differ', () => {
    const message = (key: string) => ({ file: 'now', key, texts: { en: key } });
    const many = Array.from({ length: 10_000 }, (_, index) => message(`message-${index}`));
    const plan = planOf(many, () => true);
    const found = readWords([wordsFor(many, 'en', plan)]);
    assert.ok(many.every(({ key }) => found('now', key) === key));
  });

  test('keep their names where a source puts keys together, and only there', () => {
    const code = (call: string): string => `const t = wordsOf<typeof en>('now');\n${call}`;
    const isNamed = shownByName([
      code("t('plain'); t(isSo ? 'yes' : 'no', { count })"),
      code(`t(\`state-\${state}\`)`),
      code("const kept = ['listed', 'ways'] as const; kept.map((each) => t(each))"),
      "export const groups = ['from-elsewhere'] as const;",
    ]);
    const keys = ['plain', 'yes', 'no', 'state-failed', 'listed', 'from-elsewhere'];
    assert.deepEqual(
      keys.filter((key) => isNamed('now', key)),
      ['state-failed', 'listed', 'from-elsewhere'],
    );
    const outright = code("t('plain'); seen.t('plain'); t(is(so) ? 'yes' : 'no'); say('yes')");
    assert.match(
      withNumbers(outright, (_, key) => `${key.length}`),
      /\nt\(5\); seen\.t\('plain'\); t\(is\(so\) \? 3 : 2\); say\('yes'\)$/,
    );
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
