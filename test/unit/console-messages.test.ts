import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { examplesOf, literalsIn, messagesOf, namesIn, parsedMessage } from '../support/messages.js';

const consoleFolder = fileURLToPath(new URL('../../daemon/console', import.meta.url));
const messages = join(consoleFolder, 'messages');

const read = (language: string, name: string) => messagesOf(messages, language, name);
const files = readdirSync(join(messages, 'en'));
const languages = readdirSync(messages);
const others = languages.filter((language) => language !== 'en');

/**
 * Words of machines: abbreviations, names with a sign or a capital within them, and programs. What a person who uses the console does
 * not need to know is worded otherwise; the words that they do need are listed.
 */
const technicalWord =
  /\p{Lu}[\p{Lu}\d]+(?:-\d+)?|(?<![\p{L}\d])\p{Ll}+(?:[.:_]\p{Ll}+|\p{Lu}\p{L}*)+|--\w+|`|\b(?:rollcalld?|sudo|systemd|systemctl|journalctl|curl|scopes?)\b/gu;

/** Words that people of an office know, those that stand on cameras, brokers, and in data sheets, and those of measurements. */
const allowedWords = new Set([
  ...[
    'CSV',
    'XLSX',
    'QR',
    'ID',
    'UTC',
    'OK',
    'iPhone',
    'iPad',
    'GB',
    'MB',
    'JPEG',
    'PNG',
    'TIFF',
    'GIF',
    'AVIF',
    'HEIC',
  ],
  ...[
    'UTF-8',
    'ZIP',
    'API',
    'HTTPS',
    'SHA-256',
    'TPM',
    'PEM',
    'JWK',
    'MQTT',
    'TCP',
    'UDP',
    'TLS',
    'SMS',
    'RTSP',
    'ONVIF',
  ],
  ...['FMR', 'FNMR', 'FPIR', 'DET'],
  // The name of the program, and of its recovery keys.
  'rollcall',
]);

/** Messages that quote: names of files, the form of an address or of a time, or that abbreviate a status of attendance. */
const quoting =
  /^(?:person\.archive-readme|person-import\.table-no-table|cameras\.address-\S+|alerts\.secret-(?:email|sms)|attendance\.(?:time-hint|letter-\S+))$/;

describe('the messages of the console', () => {
  for (const language of languages)
    test(`in ${language} use no words of machines but those that are listed`, () => {
      const found = files.flatMap((name) =>
        Object.entries(read(language, name)).flatMap(([key, text]) => {
          const place = `${name.replace('json', '')}${key}`;
          if (quoting.test(place)) return [];
          const words = literalsIn(text).match(technicalWord) ?? [];
          return words.filter((word) => !allowedWords.has(word)).map((word) => `${place}: ${word}`);
        }),
      );
      assert.deepEqual(found, []);
    });

  test('are the same files in every language', () => {
    assert.ok(files.length > 3);
    assert.ok(others.includes('de') && others.includes('fr'), languages.join());
    for (const language of others.filter((each) => !each.includes('-')))
      assert.deepEqual(readdirSync(join(messages, language)).sort(), [...files].sort(), language);
  });

  for (const language of others)
    test(`in ${language} have the keys and values of the English ones, and a text each`, () => {
      for (const name of files) {
        const [en, own] = [read('en', name), read(language, name)];
        assert.deepEqual(Object.keys(own).sort(), Object.keys(en).sort(), name);
        for (const [key, text] of Object.entries(en)) {
          assert.notEqual(text.trim(), '', key);
          assert.notEqual(own[key]?.trim(), '', key);
          assert.deepEqual(namesIn(own[key] ?? ''), namesIn(text), `${name}: ${key}`);
        }
      }
    });

  for (const language of others)
    test(`in ${language} are no English sentences`, () => {
      // Words that an English sentence needs, and the other languages do not have. What is in quotes names something.
      const english =
        /(?<!\p{L})(?:the|of|and|is|are|with|this|that|which|were|has|have|been|not|from|for|to|its|it|does|cannot|by|your|you|if)(?!\p{L})/u;
      const quoted = /„[^“]*“|«[^»]*»/g;
      const found = files.flatMap((name) =>
        Object.entries(read(language, name)).flatMap(([key, text]) =>
          english.test(literalsIn(text).replaceAll(quoted, '')) ? [`${name}: ${key}`] : [],
        ),
      );
      assert.deepEqual(found, []);
    });

  for (const language of languages)
    test(`are shown in ${language} with every kind of value`, () => {
      for (const name of files)
        for (const [key, text] of Object.entries(read(language, name))) {
          const message = parsedMessage(text, language === 'en' ? 'en-GB' : language);
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
