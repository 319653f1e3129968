/**
 * Control characters, line and paragraph separators, lone surrogates, and the marks that reorder text on a screen
 * (Unicode Bidirectional Algorithm, UAX #9). Joiners stay: names in several scripts need them.
 */
const unprintable = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\u202a-\u202e\u2066-\u2069]/u;

/** The same, but for line feeds and tabs, which a text of several lines may have. */
const unprintableInLines = /(?![\n\t])[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\u202a-\u202e\u2066-\u2069]/u;

/** True where nothing in `text` would end a line, steer a terminal or reorder what stands around it. */
export function isPrintableLine(text: string): boolean {
  return !unprintable.test(text);
}

/** What one field of text may be. `longest` counts characters (code points). */
export interface TextRule {
  /** With its article, as it stands in messages: `the name`. */
  readonly what: string;
  readonly longest: number;
  readonly isMultiline?: boolean;
}

export type CheckedText = { readonly text: string } | { readonly problem: string };

/** The text as it is stored (trimmed, Unicode NFC, lines ended by a line feed), or why it cannot be one. */
export function checkText(given: string, { what, longest, isMultiline = false }: TextRule): CheckedText {
  const text = given.replaceAll('\r\n', '\n').trim().normalize('NFC');
  if (text.length === 0) return { problem: `${what} is empty` };
  if (isMultiline ? unprintableInLines.test(text) : !isPrintableLine(text)) {
    return { problem: `${what} contains control characters` };
  }
  if ([...text].length > longest) return { problem: `${what} is longer than ${longest} characters` };
  return { text };
}
