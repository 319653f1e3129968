import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { broaderTags } from '../kernel/language-tag.js';
import { english, Language } from './language.js';

/**
 * The languages that a folder holds, English first: each is a folder with the same files as `en`. A variant such as `pt-BR` needs only
 * the messages in which it differs from `pt`.
 */
export class Languages {
  /** By their codes in lower case. */
  readonly #languages: ReadonlyMap<string, Language>;

  constructor(folder: string) {
    const tags = readdirSync(folder, { withFileTypes: true }).filter(
      (entry) => entry.isDirectory() && entry.name !== english.tag,
    );
    const names = new Set(tags.map(({ name }) => name));
    const read = [...names].map((name) => {
      const known = broaderTags(name).filter((each) => names.has(each));
      const messages = known.toReversed().flatMap((each) => [...messagesIn(join(folder, each))]);
      return [name.toLowerCase(), new Language(name, new Map(messages))] as const;
    });
    this.#languages = new Map([[english.tag, english], ...read]);
  }

  get tags(): readonly string[] {
    return [...this.#languages.values()].map(({ tag }) => tag);
  }

  /** The first language that is known among those wanted, such as `de-AT` or `de_AT.UTF-8`; English if none is. */
  firstOf(wanted: readonly string[]): Language {
    const tags = wanted.map((each) =>
      each
        .replace(/[.@].*/, '')
        .replaceAll('_', '-')
        .toLowerCase(),
    );
    const known = tags.flatMap(broaderTags).map((tag) => this.#languages.get(tag));
    return known.find((language) => language !== undefined) ?? english;
  }

  /** The language for a reader who sends this header `Accept-Language`. */
  accepted(header: string | undefined): Language {
    const wanted = (header ?? '').split(',').map((each) => {
      const [tag = '', ...parameters] = each.split(';').map((part) => part.trim());
      const quality = parameters.find((parameter) => parameter.startsWith('q='));
      return { tag, quality: quality === undefined ? 1 : Number(quality.slice(2)) };
    });
    const liked = wanted.filter(({ quality }) => quality > 0).sort((a, b) => b.quality - a.quality);
    return this.firstOf(liked.map(({ tag }) => tag));
  }

  /** The language of a terminal, by the variables of its environment. */
  ofTerminal({ LC_ALL, LC_MESSAGES, LANG }: Readonly<Record<string, string | undefined>>): Language {
    // An empty variable counts as one that is not set.
    return this.firstOf([LC_ALL || LC_MESSAGES || LANG || '']);
  }
}

function messagesIn(folder: string): ReadonlyMap<string, string> {
  const files = readdirSync(folder).filter((name) => name.endsWith('.json'));
  return new Map(
    files.flatMap((name) => {
      const messages = JSON.parse(readFileSync(join(folder, name), 'utf8')) as Record<string, string>;
      return Object.entries(messages).map(([key, text]) => [`${basename(name, '.json')}/${key}`, text]);
    }),
  );
}
