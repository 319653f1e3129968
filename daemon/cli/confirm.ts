import { createInterface } from 'node:readline/promises';
import type { Readable, Writable } from 'node:stream';
import { badInput, operational } from '../base/errors.js';

/** Where a question is asked; standard input and standard error, so that standard output stays what was asked for. */
export interface Terminal {
  readonly input: Readable & { readonly isTTY?: boolean };
  readonly output: Writable;
}

const ownTerminal: Terminal = { input: process.stdin, output: process.stderr };

/**
 * Lets a command go on only when somebody agreed to what cannot be undone: on a terminal by answering `yes`, elsewhere
 * by `--yes`.
 * @param question - what will happen, as a sentence that ends with a full stop
 * @param isYes - whether `--yes` was given
 * @throws `confirmation-needed` (input) where nobody can be asked, `not-confirmed` where the answer was another
 */
export async function confirm(
  question: string,
  isYes: boolean | undefined,
  { input, output }: Terminal = ownTerminal,
): Promise<void> {
  if (isYes === true) return;
  if (input.isTTY !== true) {
    output.write(`${question}\n`);
    throw badInput(
      'confirmation-needed',
      'Cannot ask for confirmation without a terminal; use --yes if you are sure',
    );
  }
  const reader = createInterface({ input, output });
  // An end of input (Ctrl-D) answers no question: without this, nothing would ever come of it.
  const ended = new Promise<string>((resolve) => reader.once('close', () => resolve('')));
  const answer = await Promise.race([reader.question(`${question}\nType 'yes' to go on: `), ended]);
  reader.close();
  if (answer.trim().toLowerCase() === 'yes') return;
  throw operational('not-confirmed', 'nothing was done: it was not confirmed', {
    remedy: "answer 'yes', the whole word, to go on",
  });
}
