/** A TypeScript file, read as far as import rules need it. */
export interface ScannedSource {
  /** Module specifiers of every static, re-exporting and dynamic import, types included. */
  readonly imports: readonly string[];
  /** Those of `imports` of which the program needs something when it runs, not types alone. */
  readonly valueImports: readonly string[];
  /** The code without comments; the n-th string literal is replaced by `"n"`. */
  readonly code: string;
}

/** After one of these a slash begins a regular expression, not a division. */
const beforeRegularExpression =
  /(?:^|[([{}<>,;:=!&|?+\-*%~^]|\b(?:return|typeof|case|in|of|void|delete|throw|await|yield))\s*$/;

const typeImportPattern =
  /(?<![.\w$])(?:import|export)\s+type\s+(?=[\w$]+\s+from|[{*])[^"';]*?\bfrom\s*"(\d+)"/g;

const valueImportPatterns = [
  /(?<![.\w$])(?:import|export)\b(?!\s+type\s+(?:[\w$]+\s+from|[{*]))[^"';]*?\bfrom\s*"(\d+)"/g,
  /(?<![.\w$])import\s*"(\d+)"/g,
  /(?<![.\w$])import\s*\(\s*"(\d+)"/g,
];

/**
 * Finds imports without a parser: comments go, strings become numbers, and what is left is matched. Strings in
 * code, comments in strings, regular expressions with quotes and nested templates are distinguished.
 */
export function scanSource(text: string): ScannedSource {
  const reader = new Reader(text);
  reader.code(undefined);
  const { output: code, strings } = reader;
  const named = (pattern: RegExp): string[] =>
    [...code.matchAll(pattern)].flatMap((match) => strings[Number(match[1])] ?? []);
  const valueImports = valueImportPatterns.flatMap(named);
  return { code, imports: [...named(typeImportPattern), ...valueImports], valueImports };
}

class Reader {
  readonly strings: string[] = [];
  output = '';
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  /** Reads code up to the brace that closes a template's `${`, or to the end of the text. */
  code(until: '}' | undefined): void {
    let depth = 0;
    while (this.#at < this.#text.length) {
      const char = this.#text[this.#at] ?? '';
      const pair = this.#text.slice(this.#at, this.#at + 2);
      if (pair === '//') this.#skipTo('\n', 0);
      else if (pair === '/*') this.#skipTo('*/', 2);
      else if (char === '"' || char === "'") this.#string(char);
      else if (char === '`') this.#template();
      else if (char === '/' && beforeRegularExpression.test(this.output.slice(-20)))
        this.#regularExpression();
      else {
        if (char === '{') depth += 1;
        if (char === '}' && depth === 0 && until !== undefined) return;
        if (char === '}') depth -= 1;
        this.output += char;
        this.#at += 1;
      }
    }
  }

  #keep(literal: string): void {
    this.output += `"${this.strings.length}"`;
    this.strings.push(literal);
  }

  #skipTo(end: string, include: number): void {
    const found = this.#text.indexOf(end, this.#at + 2);
    this.#at = found < 0 ? this.#text.length : found + include;
  }

  #string(quote: string): void {
    let literal = '';
    for (this.#at += 1; this.#at < this.#text.length && this.#text[this.#at] !== quote; this.#at += 1) {
      if (this.#text[this.#at] === '\\') this.#at += 1;
      literal += this.#text[this.#at] ?? '';
    }
    this.#at += 1;
    this.#keep(literal);
  }

  #template(): void {
    let literal = '';
    this.#at += 1;
    while (this.#at < this.#text.length && this.#text[this.#at] !== '`') {
      if (this.#text.startsWith('${', this.#at)) {
        this.#at += 2;
        this.output += '(';
        this.code('}');
        this.output += ')';
      } else if (this.#text[this.#at] === '\\') this.#at += 1;
      else literal += this.#text[this.#at] ?? '';
      this.#at += 1;
    }
    this.#at += 1;
    this.#keep(literal);
  }

  #regularExpression(): void {
    let isInClass = false;
    for (this.#at += 1; this.#at < this.#text.length; this.#at += 1) {
      const char = this.#text[this.#at];
      if (char === '\\') this.#at += 1;
      else if (char === '[') isInClass = true;
      else if (char === ']') isInClass = false;
      else if (char === '/' && !isInClass) break;
    }
    this.#at += 1;
    this.#keep('');
  }
}
