import { IntlMessageFormat } from 'intl-messageformat';
import type { Said, SaidTexts } from '../kernel/said.js';
import { english as messages } from './english.js';

/** How messages show numbers, by the names that they use: `{seconds, number, seconds}`. */
const formats = {
  number: {
    seconds: { maximumFractionDigits: 1, useGrouping: false },
    similarity: { minimumFractionDigits: 3, maximumFractionDigits: 3 },
    threshold: { minimumFractionDigits: 2, maximumFractionDigits: 3 },
    tenths: { minimumFractionDigits: 1, maximumFractionDigits: 1 },
    hundredths: { minimumFractionDigits: 2, maximumFractionDigits: 2 },
    significant: { maximumSignificantDigits: 2, useGrouping: false },
    integer: { maximumFractionDigits: 0, useGrouping: false },
  },
} as const;

/** The words of one language. */
export class Language {
  /** The code of the language, such as `de`. */
  readonly tag: string;
  readonly #messages: ReadonlyMap<string, string>;
  /** Messages that were shown, by their codes, so that each is parsed once. */
  readonly #parsed = new Map<string, IntlMessageFormat>();

  constructor(tag: string, messages: ReadonlyMap<string, string>) {
    this.tag = tag;
    this.#messages = messages;
  }

  /** What was said, in this language; in English where the language lacks the message, as that of a newer box. */
  textOf({ code, values = {} }: Said): string {
    const shown = Object.entries(values).map(([name, value]) => [
      name,
      typeof value === 'object' ? this.textOf(value) : value,
    ]);
    return String(this.#messageOf(code).format(Object.fromEntries(shown)));
  }

  /** True if the language has a message of its own. */
  has(code: string): boolean {
    return this.#messages.has(code);
  }

  #messageOf(code: string): IntlMessageFormat {
    const known = this.#parsed.get(code);
    if (known !== undefined) return known;
    const own = this.#messages.get(code);
    // English is international: the day comes before the month.
    const tag = own === undefined || this.tag === 'en' ? 'en-GB' : this.tag;
    const text = own ?? messages.get(code) ?? code;
    const message = new IntlMessageFormat(text, tag, formats, { ignoreTag: true });
    this.#parsed.set(code, message);
    return message;
  }
}

export const english = new Language('en', messages);

/** The texts of a document in English, beside what they say: the form in which the box keeps and sends them. */
export function inEnglish<Texts extends { readonly [Name in keyof Texts]?: Said }>(
  says: Texts,
): { readonly [Name in keyof Texts]: string } & { readonly says: Texts } {
  const texts: Readonly<Record<string, string>> = textsOf(says, english);
  return { ...(texts as { readonly [Name in keyof Texts]: string }), says };
}

/** A document, and all within it, with the texts of a language. The field `says` of a document has what its texts say. */
export function inLanguage(document: unknown, language: Language): unknown {
  if (Array.isArray(document)) return document.map((each) => inLanguage(each, language));
  if (typeof document !== 'object' || document === null) return document;
  const { says, ...fields } = document as { readonly says?: SaidTexts };
  const others = Object.entries(fields).map(([name, value]) => [name, inLanguage(value, language)]);
  if (says === undefined) return Object.fromEntries(others);
  return { ...Object.fromEntries(others), ...textsOf(says, language), says };
}

function textsOf(says: SaidTexts, language: Language): Readonly<Record<string, string>> {
  const texts = Object.entries(says).flatMap(([name, each]) =>
    each === undefined ? [] : [[name, language.textOf(each)] as const],
  );
  return Object.fromEntries(texts);
}
