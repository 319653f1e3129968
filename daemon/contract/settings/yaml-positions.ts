import { type Document, isCollection, isMap, isNode, isScalar, type LineCounter, type Pair } from 'yaml';

/** A place in the file, counted from 1; 0 and 0 mean the whole file. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

export const wholeFile: Position = { line: 0, column: 0 };

/** Finds the place of a value or key in a parsed YAML file. */
export class YamlPositions {
  readonly #document: Document.Parsed;
  readonly #lines: LineCounter;

  /** `lines` must have been given to the parser that made `document`. */
  constructor(document: Document.Parsed, lines: LineCounter) {
    this.#document = document;
    this.#lines = lines;
  }

  /** Place of the character at `offset`. */
  at(offset: number): Position {
    const { line, col } = this.#lines.linePos(offset);
    return { line, column: col };
  }

  /** The place of the key or list item at `path`; if it is missing, the place of the nearest parent. */
  of(path: readonly (string | number)[]): Position {
    for (let length = path.length; length > 0; length -= 1) {
      const offset = this.#offsetOf(path.slice(0, length));
      if (offset !== undefined) return this.at(offset);
    }
    return this.at(this.#document.contents?.range?.[0] ?? 0);
  }

  #offsetOf(path: readonly (string | number)[]): number | undefined {
    const parent =
      path.length === 1 ? this.#document.contents : this.#document.getIn(path.slice(0, -1), true);
    const last = path.at(-1);
    if (isMap(parent)) {
      const pair = parent.items.find(
        (item: Pair) => (isScalar(item.key) ? String(item.key.value) : '') === last,
      );
      return isNode(pair?.key) ? pair.key.range?.[0] : undefined;
    }
    if (!isCollection(parent)) return undefined;
    const item = parent.get(Number(last), true);
    return isNode(item) ? item.range?.[0] : undefined;
  }
}
