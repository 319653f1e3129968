import { signal } from '@preact/signals';
import type { Words } from '../building/word-plan.js';
import { messageText, type Values } from './message-text.js';
import { type Found, readWords } from './read-words.js';

/** The languages of the console. A further one is a folder of messages and a line in `load`. */
export const consoleLanguages = ['en', 'de'] as const;
/** Each in itself. */
export const languageNames = { en: 'English', de: 'Deutsch' } as const;
type ConsoleLanguage = (typeof consoleLanguages)[number];

type Loader = () => Promise<{ readonly default: Words }>;
const load: Readonly<Record<ConsoleLanguage, { readonly first: Loader; readonly rest: Loader }>> = {
  en: { first: () => import('virtual:words/en-first'), rest: () => import('virtual:words/en-rest') },
  de: { first: () => import('virtual:words/de-first'), rest: () => import('virtual:words/de-rest') },
};

/** The words of the language in use. */
const words = signal<{ readonly language: ConsoleLanguage; readonly found: Found } | undefined>(undefined);
/** Whether more is shown than the login, so that all words are needed. */
let areAllWanted = false;

/** The language that the console speaks now. */
export function language(): ConsoleLanguage {
  return words.value?.language ?? 'en';
}

/** The tag for dates, times and numbers. English is international: the day comes before the month. */
export function formatTag(): string {
  return language() === 'en' ? 'en-GB' : language();
}

/** Loads the words of a language and shows them. */
export async function speak(wanted: ConsoleLanguage): Promise<void> {
  if (words.value?.language === wanted) return;
  await show(wanted);
  document.documentElement.lang = wanted;
}

/** Loads the words of the pages. The login does without them. */
export async function loadAllWords(): Promise<void> {
  if (areAllWanted) return;
  areAllWanted = true;
  await show(language());
}

async function show(wanted: ConsoleLanguage): Promise<void> {
  const { first, rest } = load[wanted];
  const loaded = await Promise.all(areAllWanted ? [first(), rest()] : [first()]);
  words.value = { language: wanted, found: readWords(loaded.map((each) => each.default)) };
}

/** The first language of the browser that the console speaks. */
export function browserLanguage(): ConsoleLanguage {
  const spoken = navigator.languages.map((tag) => tag.slice(0, 2));
  return consoleLanguages.find((known) => spoken.find((each) => isSpoken(each)) === known) ?? 'en';
}

/** True for a language that the console speaks. */
export function isSpoken(text: string): text is ConsoleLanguage {
  return (consoleLanguages as readonly string[]).includes(text);
}

/**
 * The words of one message file, typed by its English version:
 * `const t = wordsOf<typeof en>('now');` and then `t('title')`.
 */
export function wordsOf<File extends Readonly<Record<string, string>>>(
  file: string,
): (key: Extract<keyof File, string>, values?: Values) => string {
  return (key, values = {}) => {
    const text = words.value?.found(file, key);
    return text === undefined ? '' : messageText(text, values, formatTag());
  };
}
