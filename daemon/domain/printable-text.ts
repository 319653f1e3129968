/**
 * Control characters, line and paragraph separators, lone surrogates, and the marks that reorder text on a screen
 * (Unicode Bidirectional Algorithm, UAX #9). Joiners stay: names in several scripts need them.
 */
const unprintableClass = String.raw`[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\u202a-\u202e\u2066-\u2069]`;
const unprintable = new RegExp(unprintableClass, 'u');
/** Every run of them, for texts in which they are replaced. */
export const unprintableRuns = new RegExp(`${unprintableClass}+`, 'gu');

/** The same, but for line feeds and tabs, which a text of several lines may have. */
const unprintableInLines = new RegExp(String.raw`(?![\n\t])${unprintableClass}`, 'u');

/**
 * What a terminal or a log is never given as it is: all of the above, and the marks without a width that give a text another
 * direction (U+200E, U+200F, U+061C). A name may have those, but beside it they could make another text read differently.
 */
const unshown = new RegExp(String.raw`${unprintableClass}|[\u200e\u200f\u061c]`, 'gu');
const hasUnshown = new RegExp(unshown.source, 'u');

/** Longest text from outside that is shown or logged, characters (UTF-16 units). */
const longestShown = 4000;

export interface ShownTextOptions {
  /** Line feeds, tabs and the line ends of Windows stay. */
  readonly isMultiline?: boolean;
  /** UTF-16 units; what is longer is cut and ends with `…`. Default 4000. */
  readonly longest?: number;
}

/**
 * The text as a terminal or a log may get it, whoever wrote it: nothing in it ends a line, steers a terminal or reorders what
 * stands around it. Such characters are written as JSON writes them (`\u001b`), so that they can be seen and JSON stays the same.
 */
export function shownText(
  text: string,
  { isMultiline = false, longest = longestShown }: ShownTextOptions = {},
): string {
  const short = text.length > longest ? `${text.slice(0, longest)}…` : text;
  if (!hasUnshown.test(short)) return short;
  const given = isMultiline ? short.replaceAll('\r\n', '\n') : short;
  return given.replace(unshown, (found) =>
    isMultiline && (found === '\n' || found === '\t') ? found : escaped(found),
  );
}

const escaped = (character: string): string => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;

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
