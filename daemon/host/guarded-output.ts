import { shownText } from '../domain/printable-text.js';

const control = String.raw`\u001b\[`;
/** The colours of this program (cli/colour.ts): they hide nothing, so a text from outside may have them, too. */
const colours = new RegExp(`(${control}3[1-39]m)`);
/** How a line is begun anew (progress), and how the line editor of a question moves: always at the start of what is written. */
const movement = new RegExp(String.raw`^(?:\r${control}K|(?:${control}\d*[A-K])+$)`);
/** Longer than any output of a command; a limit is for texts, which have their own. */
const unlimited = Number.POSITIVE_INFINITY;

type Output = Pick<NodeJS.WriteStream, 'write'>;

/**
 * Lets no text reach a terminal (or a file that comes to one) with anything in it that steers terminals or reorders text: from
 * now on every string that is written to `output` passes here, whoever writes it. JSON keeps its meaning. Bytes are documents:
 * they pass as they are.
 */
export function guardOutput(output: Output): void {
  const write = output.write.bind(output) as (chunk: unknown, ...rest: unknown[]) => boolean;
  output.write = ((chunk: unknown, ...rest: unknown[]) =>
    write(typeof chunk === 'string' ? guardedText(chunk) : chunk, ...rest)) as Output['write'];
}

/** `text` as a terminal may get it. */
export function guardedText(text: string): string {
  const [moved = ''] = movement.exec(text) ?? [];
  const pieces = text.slice(moved.length).split(colours);
  const shown = pieces.map((piece, index) =>
    index % 2 === 1 ? piece : shownText(piece, { isMultiline: true, longest: unlimited }),
  );
  return `${moved}${shown.join('')}`;
}
