import { signal } from '@preact/signals';
import { IntlMessageFormat } from 'intl-messageformat';

/** What a message shows besides its own text. */
type Values = Readonly<Record<string, string | number>>;
/** Message files by their paths, each with its messages by their keys. */
type Messages = Readonly<Record<string, Readonly<Record<string, string>>>>;

/** The languages of the console. A further one is a folder of messages, two files in `languages`, and a line in `load`. */
export const consoleLanguages = ['en', 'de'] as const;
/** Each in itself. */
export const languageNames = { en: 'English', de: 'Deutsch' } as const;
type ConsoleLanguage = (typeof consoleLanguages)[number];

type Loader = () => Promise<{ readonly default: Messages }>;
/** The messages of each language: those that the login needs, and those of the pages. */
const load: Readonly<Record<ConsoleLanguage, { readonly first: Loader; readonly rest: Loader }>> = {
  en: { first: () => import('../languages/en-first.js'), rest: () => import('../languages/en-rest.js') },
  de: { first: () => import('../languages/de-first.js'), rest: () => import('../languages/de-rest.js') },
};

interface Words {
  readonly language: ConsoleLanguage;
  readonly messages: Messages;
  /** The messages that were shown, by their texts, so that each is parsed once. */
  readonly parsed: Map<string, IntlMessageFormat>;
}

/** The words of the language in use. */
const words = signal<Words | undefined>(undefined);
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
  const messages = Object.assign({}, ...loaded.map((each) => each.default)) as Messages;
  words.value = { language: wanted, messages, parsed: new Map() };
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

/** In a message, `<` is a sign like others: no message brings elements. */
const plainText = { ignoreTag: true } as const;

/**
 * The words of one message file, typed by its English version:
 * `const t = wordsOf<typeof en>('now');` and then `t('title')`.
 */
export function wordsOf<File extends Readonly<Record<string, string>>>(
  file: string,
): (key: Extract<keyof File, string>, values?: Values) => string {
  return (key, values = {}) => {
    if (words.value === undefined) return '';
    const { language, messages, parsed } = words.value;
    const text = messages[`../messages/${language}/${file}.json`]?.[key];
    if (text === undefined) return '';
    const message = parsed.get(text) ?? new IntlMessageFormat(text, formatTag(), undefined, plainText);
    parsed.set(text, message);
    return String(message.format(values));
  };
}
