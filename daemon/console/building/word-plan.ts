import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Plugin } from 'vite';
import { placeOf } from './place-of.js';
import { shownByName, withNumbers } from './word-calls.js';

// How messages reach the browser. Their keys are for those who write pages and messages: with them, the words would be a third
// larger.

/** A message with its text in every language. */
interface Message {
  readonly file: string;
  readonly key: string;
  readonly texts: Readonly<Record<string, string>>;
}

/** How messages are found. */
interface Plan {
  /** The number of each message that is shown by one, by `FILE.KEY`. */
  readonly numbers: ReadonlyMap<string, number>;
  /** Of the places of those that are shown by name. */
  readonly seed: number;
}

/** Texts that are shown by their number; texts that are shown by name, in the order of their places; the places. */
export type Words = readonly [numbered: string, named: string, places: string, seed: number];

/** The message files that the login needs. */
const first: readonly string[] = ['entry', 'parts', 'shell'];
export const isFirst = ({ file }: Message): boolean => first.includes(file);

/** Between two texts; none has it. */
const separator = '|';

/** A place is written as its distance from the one before, in base 36, with so many digits. */
const digits = 5;

/**
 * `virtual:words/LANGUAGE-first` and `-rest` are the words of a language. `t('key')` in a source becomes `t(7)`. All else stays as
 * it is, such as `t(\`state-${state}\`)`, and is looked up by the place of its name. While one works on the console
 * (`vite serve`), every message is.
 */
export function words(folder: string): Plugin {
  const prefix = '\0virtual:words/';
  let plan: Plan = { numbers: new Map(), seed: 0 };
  return {
    name: 'words',
    enforce: 'pre',
    configResolved({ command }) {
      const isNamed = command === 'build' ? shownByName(readSources(folder)) : () => true;
      plan = planOf(readMessages(folder), isNamed);
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
        ? {
            code: withNumbers(code, (file, key) => plan.numbers.get(`${file}.${key}`)?.toString()),
            map: null,
          }
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
  const numbers = new Map<string, number>();
  const ofTexts = new Map<string, number>();
  const orderOf = (message: Message): string =>
    `${isFirst(message) ? 0 : 1} ${JSON.stringify(message.texts)}`;
  for (const [order, { file, key }] of messages
    .filter(({ file, key }) => !isNamed(file, key))
    .map((message) => [orderOf(message), message] as const)
    .sort(([a], [b]) => (a < b ? -1 : 1))) {
    const number = ofTexts.get(order) ?? ofTexts.size;
    ofTexts.set(order, number);
    numbers.set(`${file}.${key}`, number);
  }
  const named = messages.map(nameOf).filter((name) => !numbers.has(name));
  let seed = 0;
  while (new Set(named.map((name) => placeOf(name, seed))).size < named.length) seed += 1;
  return { numbers, seed };
}

const nameOf = ({ file, key }: Message): string => `${file}.${key}`;

/** The words of messages that are loaded together. */
export function wordsFor(messages: readonly Message[], language: string, { numbers, seed }: Plan): Words {
  const numbered = new Map<number, string>();
  const named = new Map<number, string>();
  for (const message of messages) {
    const name = nameOf(message);
    const text = message.texts[language] ?? '';
    if (text.includes(separator)) throw new Error(`The message ${name} has a "${separator}".`);
    const number = numbers.get(name);
    if (number === undefined) named.set(placeOf(name, seed), text);
    else numbered.set(number, text);
  }
  const inOrder = (texts: ReadonlyMap<number, string>) => [...texts].sort(([a], [b]) => a - b);
  const joined = (texts: ReadonlyMap<number, string>) =>
    inOrder(texts)
      .map(([, text]) => text)
      .join(separator);
  let before = 0;
  const places = inOrder(named).map(([place]) => {
    const distance = place - before;
    before = place;
    return distance.toString(36).padStart(digits, '0');
  });
  return [joined(numbered), joined(named), places.join(''), seed];
}
