import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { examplesOf, namesIn, parsedMessage } from '../support/messages.js';

const consoleFolder = fileURLToPath(new URL('../../daemon/console', import.meta.url));
const messages = join(consoleFolder, 'messages');

type File = Readonly<Record<string, string>>;
const read = (language: string, name: string): File =>
  JSON.parse(readFileSync(join(messages, language, name), 'utf8')) as File;
const files = readdirSync(join(messages, 'en'));

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
        assert.deepEqual(namesIn(de[key] ?? ''), namesIn(text), key);
      }
    });
  }

  for (const tag of ['en-GB', 'de'])
    test(`are shown in ${tag} with every kind of value`, () => {
      for (const name of files)
        for (const [key, text] of Object.entries(read(tag.slice(0, 2), name))) {
          const message = parsedMessage(text, tag);
          for (const values of examplesOf(message))
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
