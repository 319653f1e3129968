// How messages reach the browser. Their keys are for those who write pages and messages: with them, the words would be a third
// larger.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Plugin } from 'vite';
import { shownByName, withNumbers } from './word-calls.js';

/** A message with its text in every language. */
export interface Message {
  readonly file: string;
  readonly key: string;
  readonly texts: Readonly<Record<string, string>>;
}

/** The number of each message that is shown by one, by `FILE.KEY`. */
export type Plan = ReadonlyMap<string, number>;

/** Texts that are shown by their number, joined, and messages that are shown by file and key. */
export type Words = readonly [
  numbered: string,
  named: Readonly<Record<string, Readonly<Record<string, string>>>>,
];

/** The message files that the login needs. */
const first: readonly string[] = ['entry', 'parts', 'shell'];
export const isFirst = ({ file }: Message): boolean => first.includes(file);

/** Between two texts; none has it. */
const separator = '|';

/**
 * `virtual:words/LANGUAGE-first` and `-rest` are the words of a language. `t('key')` in a source becomes `t(7)`. All else stays as
 * it is, such as `t(\`state-${state}\`)`, and the messages that it can mean keep their names. While one works on the console
 * (`vite serve`), every message does.
 */
export function words(folder: string): Plugin {
  const prefix = '\0virtual:words/';
  let plan: Plan = new Map();
  return {
    name: 'words',
    enforce: 'pre',
    configResolved({ command }) {
      if (command === 'build') plan = planOf(readMessages(folder), shownByName(readSources(folder)));
    },
    resolveId: (id) => (id.startsWith(prefix.slice(1)) ? `\0${id}` : undefined),
    load(id) {
      if (!id.startsWith(prefix)) return undefined;
      const [language = '', part] = id.slice(prefix.length).split('-');
      const messages = readMessages(folder).filter((message) => isFirst(message) === (part === 'first'));
      return `export default ${JSON.stringify(wordsFor(messages, language, plan))}`;
    },
    transform: (code, id) =>
      /\.tsx?$/.test(id)
        ? { code: withNumbers(code, (file, key) => plan.get(`${file}.${key}`)?.toString()), map: null }
        : undefined,
  };
}

export function readMessages(folder: string): readonly Message[] {
  const at = join(folder, 'messages');
  const languages = readdirSync(at);
  return readdirSync(join(at, 'en')).flatMap((name) => {
    const files = languages.map((language) => {
      const texts = JSON.parse(readFileSync(join(at, language, name), 'utf8')) as Record<string, string>;
      return [language, texts] as const;
    });
    return Object.keys(files[0]?.[1] ?? {}).map((key) => ({
      file: name.slice(0, -'.json'.length),
      key,
      texts: Object.fromEntries(files.map(([language, texts]) => [language, texts[key] ?? ''])),
    }));
  });
}

export const readSources = (folder: string): readonly string[] =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.tsx?$/.test(name))
    .map((name) => readFileSync(join(folder, name), 'utf8'));

/** Those of the login have the first numbers. Messages with the same texts have one; similar ones are neighbours. */
export function planOf(messages: readonly Message[], isNamed: (file: string, key: string) => boolean): Plan {
  const plan = new Map<string, number>();
  const numbers = new Map<string, number>();
  const orderOf = (message: Message): string =>
    `${isFirst(message) ? 0 : 1} ${JSON.stringify(message.texts)}`;
  for (const [order, { file, key }] of messages
    .map((message) => [orderOf(message), message] as const)
    .sort(([a], [b]) => (a < b ? -1 : 1))) {
    if (isNamed(file, key)) continue;
    const number = numbers.get(order) ?? numbers.size;
    numbers.set(order, number);
    plan.set(`${file}.${key}`, number);
  }
  return plan;
}

/** The words of messages that are loaded together. */
export function wordsFor(messages: readonly Message[], language: string, plan: Plan): Words {
  const numbered = new Map<number, string>();
  const named: Record<string, Record<string, string>> = {};
  for (const { file, key, texts } of messages) {
    const text = texts[language] ?? '';
    if (text.includes(separator)) throw new Error(`The message ${key} of ${file} has a "${separator}".`);
    const number = plan.get(`${file}.${key}`);
    if (number === undefined) named[file] = { ...named[file], [key]: text };
    else numbered.set(number, text);
  }
  const inOrder = [...numbered].sort(([a], [b]) => a - b).map(([, text]) => text);
  return [inOrder.join(separator), named];
}
