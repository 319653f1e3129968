import { IntlMessageFormat } from 'intl-messageformat';
import { areDeclared, type Said, type SaidTexts, type Say, said } from '../kernel/said.js';
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

  /** The same, also from its parts. */
  readonly say: Say = (message, values) =>
    this.textOf(typeof message === 'string' ? said(message, values) : message);

  /**
   * The same, but undefined for what neither language can show: a vision process may send a code that the box lacks, or leave out
   * values. So it cannot fill the memory with codes of its own either, each of which would be kept.
   */
  find(each: Said): string | undefined {
    try {
      return this.#knows(each) ? this.textOf(each) : undefined;
    } catch {
      return undefined;
    }
  }

  /** True if the language has a message of its own. */
  has(code: string): boolean {
    return this.#messages.has(code);
  }

  #knows({ code, values = {} }: Said): boolean {
    const within = Object.values(values).filter((value) => typeof value === 'object');
    return (this.has(code) || messages.has(code)) && within.every((value) => this.#knows(value));
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
  const texts: Readonly<Record<string, string>> = textsOf(says, (each) => english.textOf(each));
  return { ...(texts as { readonly [Name in keyof Texts]: string }), says };
}

/** A document with its texts in a language. The field `says` has what they say; what it cannot say stays as it is. */
export function inLanguage<Document extends { readonly says?: SaidTexts }>(
  document: Document,
  language: Language,
): Document {
  return document.says === undefined
    ? document
    : { ...document, ...textsOf(document.says, (each) => language.find(each)) };
}

/**
 * A checked answer, and all within it, with the texts of a language: those whose `says` the schema of the answer declares. What
 * else is called `says` belongs to a record that somebody sent.
 */
export function answerInLanguage(answer: unknown, language: Language): unknown {
  if (Array.isArray(answer)) return answer.map((each) => answerInLanguage(each, language));
  if (typeof answer !== 'object' || answer === null) return answer;
  const { says } = answer as { readonly says?: unknown };
  const shown = areDeclared(says) ? inLanguage({ ...answer, says }, language) : answer;
  return Object.fromEntries(
    Object.entries(shown).map(([name, value]) => [
      name,
      value === says ? value : answerInLanguage(value, language),
    ]),
  );
}

function textsOf(
  says: SaidTexts,
  textOf: (each: Said) => string | undefined,
): Readonly<Record<string, string>> {
  const texts = Object.entries(says).map(([name, each]) => [name, each && textOf(each)] as const);
  return Object.fromEntries(texts.filter((each): each is [string, string] => each[1] !== undefined));
}
