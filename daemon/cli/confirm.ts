import { createInterface } from 'node:readline/promises';
import type { Readable, Writable } from 'node:stream';
import { badInput, operational } from '../kernel/errors.js';

/** Where questions are asked. Standard error, not standard output, so that the output of a command can be piped. */
export interface Terminal {
  readonly input: Readable & { readonly isTTY?: boolean };
  readonly output: Writable;
}

const ownTerminal: Terminal = { input: process.stdin, output: process.stderr };

/** Returns the answer in lower case, or an empty text if the input ends. */
async function ask(question: string, { input, output }: Terminal): Promise<string> {
  const reader = createInterface({ input, output });
  // At the end of input (Ctrl-D) `question` never resolves.
  const ended = new Promise<string>((resolve) => reader.once('close', () => resolve('')));
  const answer = await Promise.race([reader.question(question), ended]);
  reader.close();
  return answer.trim().toLowerCase();
}

/**
 * Asks for confirmation before an action that cannot be undone. On a terminal the answer must be `yes`; elsewhere `--yes`
 * is needed.
 * @param question - what will happen: a sentence that ends with a full stop
 * @param isYes - whether `--yes` was given
 * @throws `confirmation-needed` (input) without a terminal, `not-confirmed` on any other answer
 */
export async function confirm(
  question: string,
  isYes: boolean | undefined,
  terminal: Terminal = ownTerminal,
): Promise<void> {
  if (isYes === true) return;
  if (terminal.input.isTTY !== true) {
    // The question may name a person, so it stays out of the error.
    terminal.output.write(`${question}\n`);
    throw badInput(
      'confirmation-needed',
      'cannot ask for confirmation without a terminal; use --yes if you are sure',
    );
  }
  if ((await ask(`${question}\nType 'yes' to continue: `, terminal)) === 'yes') return;
  throw operational('not-confirmed', 'nothing was changed: the answer was not "yes"', {
    remedy: "Run the command again and type 'yes', the whole word, to continue.",
  });
}

/** Several items that one text can mean. */
export interface Choice<T> {
  readonly given: string;
  /** The kind of item, in the singular: `person`. */
  readonly what: string;
  readonly found: readonly [T, T, ...T[]];
  /** The heading, then one line for each of `found`. */
  readonly lines: readonly string[];
}

/**
 * Lists the items and asks for the number of one.
 * @throws `ambiguous` (input) without a terminal, `not-chosen` if the answer is not in the list
 */
export async function choose<T extends { readonly id: string }>(
  { given, what, found, lines: [heading = '', ...lines] }: Choice<T>,
  terminal: Terminal = ownTerminal,
): Promise<T> {
  const message = `"${given}" can mean ${found.length} ${what}s`;
  const numbered = lines.map((line, index) => `${String(index + 1).padStart(3)}  ${line}`);
  terminal.output.write(`${message}:\n     ${heading}\n${numbered.join('\n')}\n`);
  if (terminal.input.isTTY !== true) {
    throw badInput('ambiguous', message, {
      remedy: `Give the id of the ${what}.`,
      details: { ids: found.map(({ id }) => id) },
    });
  }
  const answer = await ask(`Type the number of the ${what}: `, terminal);
  const chosen = /^\d+$/.test(answer) ? found[Number(answer) - 1] : undefined;
  if (chosen !== undefined) return chosen;
  throw operational('not-chosen', `nothing was changed: no ${what} was chosen`, {
    remedy: `Run the command again and type a number from the list, or give the id of the ${what}.`,
  });
}
