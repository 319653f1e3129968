import { z } from 'zod';

/** Times and versions of three numbers. A version of four would also be an address. */
const harmless = [
  /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z$/,
  /^\d{4}-\d\d-\d\d$/,
  /^\d\d:\d\d$/,
  /^\d+\.\d+\.\d+(?:[-+~][\w+~-]*)?$/,
];

/**
 * Replaces every text that is not a word of the program, so that nothing in a document says who or where somebody is. The same text
 * gets the same replacement within one bundle: a reader sees that two lines are about the same camera, and not which one.
 */
export class Disguise {
  readonly #words: ReadonlySet<string>;
  readonly #names = new Map<string, string>();

  /** `words`: texts that may stay, in values and as names of fields. */
  constructor(words: Iterable<string>) {
    this.#words = new Set(words);
  }

  /** A text alone. */
  text(text: string): string {
    if (this.#words.has(text) || harmless.some((form) => form.test(text)) || text === '') return text;
    const known = this.#names.get(text);
    if (known !== undefined) return known;
    const name = `text-${this.#names.size + 1}`;
    this.#names.set(text, name);
    return name;
  }

  /** A document of JSON. Numbers and yes or no stay; so do texts and names of fields that are words of the program. */
  document(value: unknown): unknown {
    if (typeof value === 'string') return this.text(value);
    if (Array.isArray(value)) return value.map((each) => this.document(each));
    if (typeof value !== 'object' || value === null) return typeof value === 'bigint' ? Number(value) : value;
    return Object.fromEntries(
      Object.entries(value).map(([name, each]) => [this.text(name), this.document(each)]),
    );
  }

  /** Counters in the text format of Prometheus, without comments. */
  metrics(text: string): readonly string[] {
    return text
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('#'))
      .map((line) =>
        line.replaceAll(/="((?:[^"\\]|\\.)*)"/g, (_, label: string) => `="${this.text(label)}"`),
      );
  }
}

/** The closed words of a schema: names of its fields, and the values of its lists. */
export function wordsOf(schema: z.ZodType): readonly string[] {
  const words: string[] = [];
  const visit = (node: unknown): void => {
    if (typeof node !== 'object' || node === null) return;
    for (const [name, value] of Object.entries(node)) {
      if (name === 'properties' && typeof value === 'object' && value !== null)
        words.push(...Object.keys(value));
      if (name === 'enum' && Array.isArray(value))
        words.push(...value.filter((each) => typeof each === 'string'));
      if (name === 'const' && typeof value === 'string') words.push(value);
      visit(value);
    }
  };
  visit(z.toJSONSchema(schema, { unrepresentable: 'any', io: 'input' }));
  return words;
}
