import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { english, Language } from './language.js';

/** The languages that a folder holds, English first: each is a folder with the same files as `en`. */
export class Languages {
  readonly #languages: ReadonlyMap<string, Language>;

  constructor(folder: string) {
    const tags = readdirSync(folder, { withFileTypes: true }).filter(
      (entry) => entry.isDirectory() && entry.name !== english.tag,
    );
    const read = tags.map(({ name }) => [name, new Language(name, messagesIn(join(folder, name)))] as const);
    this.#languages = new Map([[english.tag, english], ...read]);
  }

  get tags(): readonly string[] {
    return [...this.#languages.keys()];
  }

  /** The first language that is known among those wanted, such as `de-AT`; English if none is. */
  firstOf(wanted: readonly string[]): Language {
    const known = wanted.map((tag) => this.#languages.get(tag.split(/[-_]/)[0]?.toLowerCase() ?? ''));
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
