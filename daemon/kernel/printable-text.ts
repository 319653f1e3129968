/**
 * Control characters, line and paragraph separators, lone surrogates, and the marks that reorder text on a screen
 * (Unicode Bidirectional Algorithm, UAX #9). Joiners are allowed: names in several scripts need them.
 */
const unprintableClass = String.raw`[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\u202a-\u202e\u2066-\u2069]`;
const unprintable = new RegExp(unprintableClass, 'u');
/** Runs of these characters, to replace them. */
export const unprintableRuns = new RegExp(`${unprintableClass}+`, 'gu');

/** The same without line feeds and tabs, which a text of several lines may have. */
const unprintableInLines = new RegExp(String.raw`(?![\n\t])${unprintableClass}`, 'u');

/**
 * Characters that are always escaped for terminals and logs: all of the above, and the zero-width marks of direction (U+200E,
 * U+200F, U+061C). A name may contain these marks, but they could change how the text next to the name is read.
 */
const unshown = new RegExp(String.raw`${unprintableClass}|[\u200e\u200f\u061c]`, 'gu');
const hasUnshown = new RegExp(unshown.source, 'u');

/** Longest external text that is shown or logged, characters (UTF-16 units). */
const longestShown = 4000;

interface ShownTextOptions {
  /** Keeps line feeds, tabs and Windows line ends. */
  readonly isMultiline?: boolean;
  /** UTF-16 units; a longer text is cut and ends with `…`. Default 4000. */
  readonly longest?: number;
}

/**
 * Makes an untrusted text safe for terminals and logs: it cannot end a line, control the terminal or reorder the text around
 * it. Such characters are escaped as in JSON (`\u001b`), so that they are visible.
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

/** True if `text` cannot end a line, control a terminal or reorder the text around it. */
export function isPrintableLine(text: string): boolean {
  return !unprintable.test(text);
}

/** The rule for a text field. `longest` counts characters (code points). */
interface TextRule {
  /** The field with its article, for messages: `the name`. */
  readonly what: string;
  readonly longest: number;
  readonly isMultiline?: boolean;
}

type CheckedText = { readonly text: string } | { readonly problem: string };

/** The text as it is stored (trimmed, Unicode NFC, line feeds as line ends), or its problem. */
export function checkText(given: string, { what, longest, isMultiline = false }: TextRule): CheckedText {
  const text = given.replaceAll('\r\n', '\n').trim().normalize('NFC');
  if (text.length === 0) return { problem: `${what} is empty` };
  if (isMultiline ? unprintableInLines.test(text) : !isPrintableLine(text)) {
    return { problem: `${what} contains control characters` };
  }
  if ([...text].length > longest) return { problem: `${what} is longer than ${longest} characters` };
  return { text };
}
