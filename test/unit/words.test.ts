import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { says } from '../../daemon/contract/said.js';
import { wordsFolder } from '../../daemon/host/program-files.js';
import { personId } from '../../daemon/kernel/ids.js';
import { explainPassage } from '../../daemon/kernel/passages/explain-passage.js';
import { passageReasons } from '../../daemon/kernel/passages/passage-reason.js';
import { reasonTexts } from '../../daemon/kernel/passages/passage-reason-text.js';
import { said } from '../../daemon/kernel/said.js';
import { failure, refusal } from '../../daemon/words/errors.js';
import { answerInLanguage, english, inEnglish, inLanguage, Language } from '../../daemon/words/language.js';
import { Languages } from '../../daemon/words/languages.js';
import { examplesOf, messagesOf, namesIn, parsedMessage } from '../support/messages.js';
import { aPassage } from '../support/passages.js';
import { temporaryDirectory } from '../support/temporary-directory.js';

const folder = fileURLToPath(new URL('../../daemon/words', import.meta.url));
const languages = new Languages(folder);
const others = languages.tags.filter((tag) => tag !== 'en');

type Messages = Readonly<Record<string, string>>;
const read = (tag: string, file: string): Messages => messagesOf(folder, tag, file);
const files = readdirSync(join(folder, 'en'));

const daemon = join(folder, '..');
const sources = readdirSync(daemon, { recursive: true, encoding: 'utf8' })
  .filter((path) => path.endsWith('.ts') && !/^(?:words|console)\//.test(path))
  .map((path) => readFileSync(join(daemon, path), 'utf8'));
const all = sources.join('\n');

/** Where a message is said by its code: `said('passages/barred')`, `doctor('gate-answers')`, `refusal('no-such-user')`. */
function codesInSources(): readonly string[] {
  const names = files.map((file) => file.replace('.json', '')).join('|');
  const found = (pattern: RegExp): readonly string[] => [...all.matchAll(pattern)].map(([, key = '']) => key);
  return [
    ...found(new RegExp(`'((?:${names})/[\\w:-]+)'`, 'g')),
    ...found(/\bdoctor\(\s*'([\w-]+)'/g).map((key) => `doctor/${key}`),
    ...found(/\b(?:refusal|failure)\(\s*'([\w:-]+)'/g).map((key) => `errors/${key}`),
  ];
}

/** How codes that are put together begin: `passages/fault-${fault}`. */
const beginnings = [...all.matchAll(/`((?:[\w-]+\/)?(?:[\w-]+-)?)\$\{/g)]
  .map(([, beginning = '']) => beginning)
  .filter((beginning) => beginning !== '');

const literals = new Set([...all.matchAll(/'([\w:/-]+)'/g)].map(([, text]) => text));

function isSaid(file: string, key: string): boolean {
  if (literals.has(`${file}/${key}`)) return true;
  if (file === 'errors' && key.startsWith('remedy-')) return isSaid(file, key.replace('remedy-', ''));
  return (
    [`${file}/${key}`, key].some((code) => literals.has(code)) ||
    beginnings.some((each) => `${file}/${key}`.startsWith(each) || (/-$/.test(each) && key.startsWith(each)))
  );
}

/**
 * Files of the core whose errors are made of texts. The first pass on what another part said, with its `says`; the
 * last is read by the person who starts the service, before there is a reader with a language: it lists what is wrong in the file.
 */
const passingOn = [
  'cameras/clip-handlers.ts',
  'cameras/vision-pool.ts',
  'enrolments/guidance.ts',
  'enrolments/guided-enrolment.ts',
  'gallery/gallery-vault.ts',
  'recognition/recognition-handlers.ts',
];
const ofTheService = ['compose/run-daemon.ts'];

describe('the words of the box', () => {
  test('have English, and at least one other language', () => {
    assert.equal(languages.tags[0], 'en');
    assert.ok(others.includes('de'), others.join());
    // From the sources, or from what was compiled of them.
    const places = [folder, join(folder, '../../dist/program/words')];
    assert.ok(places.includes(wordsFolder()), wordsFolder());
  });

  test('are the errors of the core, except in the files that are listed', () => {
    const core = join(daemon, 'core');
    const found = readdirSync(core, { recursive: true, encoding: 'utf8' }).filter(
      (path) =>
        path.endsWith('.ts') &&
        /import \{[^}]*\b(?:badInput|operational)\b[^}]*\}/.test(readFileSync(join(core, path), 'utf8')),
    );
    assert.deepEqual(found.toSorted(), [...passingOn, ...ofTheService].toSorted());
  });

  for (const tag of others)
    test(`in ${tag} have the same messages as in English, with the same values`, () => {
      const missing = files.flatMap((file) => {
        const own = read(tag, file);
        return Object.entries(read('en', file)).flatMap(([key, text]) => {
          const translated = own[key];
          if (translated === undefined) return [`${tag}/${file} lacks "${key}": ${text}`];
          const [wanted, given] = [namesIn(text).join(), namesIn(translated).join()];
          return given === wanted
            ? []
            : [`${tag}/${file} shows {${given}} in "${key}" instead of {${wanted}}`];
        });
      });
      assert.deepEqual(missing, []);
      const surplus = files.flatMap((file) =>
        Object.keys(read(tag, file)).filter((key) => read('en', file)[key] === undefined),
      );
      assert.deepEqual(surplus, [], 'messages that English does not have');
      if (!tag.includes('-')) assert.deepEqual(readdirSync(join(folder, tag)).toSorted(), files.toSorted());
    });

  for (const tag of languages.tags)
    test(`in ${tag} are shown with every kind of value`, () => {
      const language = languages.firstOf([tag]);
      for (const file of files)
        for (const [key, text] of Object.entries(read(tag, file)))
          for (const values of examplesOf(parsedMessage(text, tag))) {
            const shown = language.textOf(said(`${file.replace('.json', '')}/${key}`, values));
            assert.notEqual(shown.trim(), '', key);
            assert.doesNotMatch(shown, /\{\w+\}|NaN|undefined/, `${file}: ${key}`);
          }
    });

  test('are said somewhere, and nothing is said that has no words', () => {
    const silent = files.flatMap((file) => {
      const name = file.replace('.json', '');
      return Object.keys(read('en', file)).flatMap((key) => (isSaid(name, key) ? [] : [`${name}/${key}`]));
    });
    assert.deepEqual(silent, []);
    assert.deepEqual(
      codesInSources().filter((code) => !english.has(code)),
      [],
    );
  });

  for (const tag of languages.tags)
    test(`explain each reason of a passage in ${tag}`, () => {
      const language = languages.firstOf([tag]);
      for (const reason of passageReasons)
        for (const outcome of reasonTexts[reason].outcomes)
          for (const [field, each] of Object.entries(explained(reason, outcome))) {
            const text = language.textOf(each);
            assert.doesNotMatch(text, /passages\/|undefined|NaN|\{/, `${reason}: ${text}`);
            if (tag === 'en') continue;
            assert.notEqual(text, english.textOf(each), `${reason}: ${field} has no words of its own`);
          }
    });

  test('replace the texts of an answer where its schema declares what they say, and leave all else', () => {
    const german = languages.firstOf(['de']);
    const passage = { id: 'p-1', ...inEnglish({ remedy: said('passages/remedy-light') }) };
    const sent = { remedy: 'Keep.', says: { remedy: said('passages/remedy-light') } };
    const answer = z
      .object({
        items: z.array(z.object({ id: z.string(), remedy: z.string(), says: says('remedy') })),
        sent: z.record(z.string(), z.unknown()),
        none: z.null(),
      })
      .parse({
        items: [passage, { id: 'p-2', remedy: 'Keep.' }],
        sent: { ...sent, within: [{ says: null }, sent] },
        none: null,
      });
    assert.deepEqual(answerInLanguage(answer, german), {
      ...answer,
      items: [
        { ...passage, remedy: 'Ändern Sie das Licht an der Kamera oder ihre Belichtung.' },
        { id: 'p-2', remedy: 'Keep.' },
      ],
    });
  });

  test('leave a text whose message lacks its values, or that the box does not have', () => {
    const german = languages.firstOf(['de']);
    const newer = said('cameras/of-a-newer-program');
    const within = said('photos/unreadable', { reason: said('photos/damaged', { kind: newer }) });
    for (const message of [said('cameras/with-detail'), newer, within]) {
      const document = { message: 'the camera is away', says: { message } };
      assert.deepEqual(inLanguage(document, german), document);
    }
  });
});

describe('numbers in messages', () => {
  /** A message of each language that shows a number by its format. */
  const shown = (tag: string, format: string, value: number): string =>
    new Language(tag, new Map([['test/number', `{value, number, ${format}}`]])).textOf(
      said('test/number', { value }),
    );

  for (const [format, value, inEnglishText, inGermanText] of [
    ['seconds', 1234.56, '1234.6', '1234,6'],
    ['seconds', 3, '3', '3'],
    ['similarity', 0.5, '0.500', '0,500'],
    ['similarity', 0.12349, '0.123', '0,123'],
    ['threshold', 0.5, '0.50', '0,50'],
    ['threshold', 0.12349, '0.123', '0,123'],
    ['tenths', 2, '2.0', '2,0'],
    ['tenths', 2.26, '2.3', '2,3'],
    ['hundredths', 2, '2.00', '2,00'],
    ['hundredths', 2.256, '2.26', '2,26'],
    ['significant', 1234, '1200', '1200'],
    ['significant', 0.0123, '0.012', '0,012'],
    ['integer', 1234.6, '1235', '1235'],
  ] as const)
    test(`have the digits of the format ${format} in each language: ${value}`, () => {
      assert.equal(shown('en', format, value), inEnglishText);
      assert.equal(shown('de', format, value), inGermanText);
    });

  test('are written as in English where the language lacks the message', () => {
    const message = said('passages/person-at', { person: 'Ada', similarity: 0.5 });
    assert.equal(new Language('de', new Map()).textOf(message), 'Ada, 0.500');
    assert.equal(languages.firstOf(['de']).textOf(message), 'Ada, 0,500');
    assert.equal(new Language('de', new Map()).find(message), 'Ada, 0.500');
  });
});

describe('an error of the box', () => {
  test('has its code, text and remedy in English, and what they say', () => {
    const { kind, code, message, remedy, says } = refusal('threshold-refused:too-low', {
      similarity: 0.4,
      floor: 0.5,
    });
    assert.deepEqual([kind, code], ['input', 'threshold-refused']);
    assert.match(message, /0\.4 is lower than 0\.5/);
    assert.deepEqual(says?.message, {
      code: 'errors/threshold-refused:too-low',
      values: { similarity: 0.4, floor: 0.5 },
    });
    assert.match(remedy ?? '', /^Give 0\.5 or more\./);
    assert.equal(says?.remedy?.code, 'errors/remedy-threshold-refused:too-low');
  });

  test('may have another remedy, as a message or as a text, or none', () => {
    const light = said('passages/remedy-light');
    const withMessage = failure('shutting-down:daemon', undefined, { remedy: light });
    assert.equal(withMessage.kind, 'operational');
    assert.deepEqual([withMessage.remedy, withMessage.says?.remedy], [english.textOf(light), light]);
    const withText = failure('shutting-down:daemon', undefined, { remedy: 'Wait.' });
    assert.deepEqual([withText.remedy, withText.says?.remedy], ['Wait.', undefined]);
  });
});

test('a language has the messages of its JSON files, whatever an editor leaves beside them', async () => {
  await using directory = await temporaryDirectory();
  const own = join(directory.path, 'xx');
  mkdirSync(own);
  writeFileSync(join(own, 'errors.json'), '{"bad-input":"a message"}');
  writeFileSync(join(own, 'errors.json~'), '{"bad-inp');
  const found = new Languages(directory.path);
  assert.deepEqual(found.tags, ['en', 'xx']);
  assert.equal(found.firstOf(['xx']).tag, 'xx');
});

describe('the language of a reader', () => {
  test('is the one that the header Accept-Language likes best, and English without one that is known', () => {
    const accepted = (header: string | undefined): string => languages.accepted(header).tag;
    assert.equal(accepted(undefined), 'en');
    assert.equal(accepted('de'), 'de');
    assert.equal(accepted('de-AT,en;q=0.8'), 'de');
    assert.equal(accepted('en;q=0.8, de;q=0.9'), 'de');
    assert.equal(accepted('en-GB,de;q=0.9'), 'en');
    assert.equal(accepted('tlh, *;q=0.1'), 'en');
    assert.equal(accepted('de;q=0, en'), 'en');
    assert.equal(accepted('de;q=1, en'), 'de', 'a quality that is not said is one');
    assert.equal(accepted('en, de;q=1'), 'en');
    assert.equal(accepted('DE'), 'de');
    assert.equal(accepted('en ; q=0.5 , de ; level=1 ; q=0.6'), 'de');
    assert.equal(accepted('de;q=0'), 'en');
    assert.equal(accepted('../../etc/passwd'), 'en');
  });

  test('can be a variant, which has what its language says, and in place of an unknown variant is its language', async () => {
    await using directory = await temporaryDirectory();
    for (const [tag, messages] of [
      ['pt', { loading: 'A carregar', saving: 'A guardar' }],
      ['pt-BR', { loading: 'Carregando' }],
      ['zh-Hant', {}],
    ] as const) {
      await mkdir(join(directory.path, tag));
      await writeFile(join(directory.path, tag, 'parts.json'), JSON.stringify(messages));
    }
    const known = new Languages(directory.path);
    assert.deepEqual(known.tags.toSorted(), ['en', 'pt', 'pt-BR', 'zh-Hant']);
    const brazilian = known.accepted('pt-br');
    assert.deepEqual(
      ['parts/loading', 'parts/saving'].map((code) => brazilian.textOf({ code })),
      ['Carregando', 'A guardar'],
    );
    for (const [wanted, tag] of [
      ['pt-PT', 'pt'],
      ['pt_BR.UTF-8', 'pt-BR'],
      ['zh-Hant-TW', 'zh-Hant'],
      ['zh', 'en'],
    ] as const)
      assert.equal(known.firstOf([wanted]).tag, tag, wanted);
  });

  test('of a terminal is that of its locale', () => {
    const terminal = (environment: Readonly<Record<string, string>>): string =>
      languages.ofTerminal(environment).tag;
    assert.equal(terminal({ LANG: 'de_DE.UTF-8' }), 'de');
    assert.equal(terminal({ LC_ALL: 'C.UTF-8', LANG: 'de_DE.UTF-8' }), 'en');
    assert.equal(terminal({ LC_ALL: '', LC_MESSAGES: 'de_CH', LANG: 'en_GB' }), 'de');
    assert.equal(terminal({}), 'en');
  });
});

const ada = { personId: personId('p-ada'), similarity: 0.9934, threshold: 0.55 };
const grace = { personId: personId('p-grace'), similarity: 0.9612, threshold: 0.55 };

function explained(
  reason: (typeof passageReasons)[number],
  outcome: (typeof reasonTexts)[typeof reason]['outcomes'][number],
) {
  const passage = aPassage({ outcome, reason, personId: ada.personId, nearest: [ada, grace] });
  return explainPassage(passage, () => 'Somebody');
}
