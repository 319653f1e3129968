import languages, { type Messages } from 'virtual:languages';
import { signal } from '@preact/signals';
import { IntlMessageFormat } from 'intl-messageformat';
import { broaderTags } from '../../kernel/language-tag.js';

/** What a message shows besides its own text. */
type Values = Readonly<Record<string, string | number>>;

/** The languages of the console by their codes, each with its own name: the folders of `messages`. */
export const languageNames: readonly (readonly [code: string, name: string])[] = Object.entries(
  languages,
).map(([code, { name }]) => [code, name]);

interface Words {
  readonly language: string;
  readonly messages: Messages;
  /** The messages that were shown, by their texts, so that each is parsed once. */
  readonly parsed: Map<string, IntlMessageFormat>;
}

/** The words of the language in use. */
const words = signal<Words | undefined>(undefined);
/** Whether more is shown than the login, so that all words are needed. */
let areAllWanted = false;

/** The language that the console speaks now. */
export function language(): string {
  return words.value?.language ?? 'en';
}

/** The tag for dates, times and numbers. English is international: the day comes before the month. */
export function formatTag(): string {
  return language() === 'en' ? 'en-GB' : language();
}

/** Loads the words of a language and shows them. One that the console lacks changes nothing. */
export async function speak(wanted: string): Promise<void> {
  const found = firstOf([wanted]);
  if (found === undefined || words.value?.language === found) return;
  await show(found);
  document.documentElement.lang = found;
  document.querySelector('link[rel=manifest]')?.setAttribute('href', `/app-${found}.webmanifest`);
}

/** The first of these languages that the console has, also in place of a variant. */
const firstOf = (wanted: readonly string[]): string | undefined =>
  wanted.flatMap(broaderTags).find((code) => languages[code] !== undefined);

/** Loads the words of the pages. The login does without them. */
export async function loadAllWords(): Promise<void> {
  if (areAllWanted) return;
  areAllWanted = true;
  await show(language());
}

async function show(wanted: string): Promise<void> {
  const loaders = languages[wanted];
  if (loaders === undefined) return;
  const loaded = await Promise.all(areAllWanted ? [loaders.first(), loaders.rest()] : [loaders.first()]);
  const messages = Object.assign({}, ...loaded.map((each) => each.default)) as Messages;
  words.value = { language: wanted, messages, parsed: new Map() };
}

/** The language that the browser likes best among those of the console. */
export const browserLanguage = (): string => firstOf(navigator.languages) ?? 'en';

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
    const { messages, parsed } = words.value;
    const text = messages[file]?.[key];
    if (text === undefined) return '';
    const message = parsed.get(text) ?? new IntlMessageFormat(text, formatTag(), undefined, plainText);
    parsed.set(text, message);
    return String(message.format(values));
  };
}
