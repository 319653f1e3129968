import { shownText } from '../kernel/printable-text.js';

const control = String.raw`\u001b\[`;
/** The colours of this program (cli/colour.ts). They hide nothing, so foreign texts may contain them too. */
const colours = new RegExp(`(${control}3[1-39]m)`);
/** Cursor movements of progress lines and of the line editor for questions, always at the start of an output. */
const movement = new RegExp(String.raw`^(?:\r${control}K|(?:${control}\d*[A-K])+$)`);
/** Texts have limits of their own; the output of a command has none. */
const unlimited = Number.POSITIVE_INFINITY;

type Output = Pick<NodeJS.WriteStream, 'write'>;

/**
 * From now on, removes everything from strings written to `output` that controls a terminal or reorders text. JSON keeps its
 * meaning. Buffers are documents and pass unchanged.
 */
export function guardOutput(output: Output): void {
  const write = output.write.bind(output) as (chunk: unknown, ...rest: unknown[]) => boolean;
  output.write = ((chunk: unknown, ...rest: unknown[]) =>
    write(typeof chunk === 'string' ? guardedText(chunk) : chunk, ...rest)) as Output['write'];
}

/** `text` without anything that could control a terminal. */
export function guardedText(text: string): string {
  const [moved = ''] = movement.exec(text) ?? [];
  const pieces = text.slice(moved.length).split(colours);
  const shown = pieces.map((piece, index) =>
    index % 2 === 1 ? piece : shownText(piece, { isMultiline: true, longest: unlimited }),
  );
  return `${moved}${shown.join('')}`;
}
