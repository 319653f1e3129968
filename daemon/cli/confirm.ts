import { createInterface } from 'node:readline/promises';
import type { Readable, Writable } from 'node:stream';
import { badInput, operational } from '../base/errors.js';

/** Where a question is asked; standard input and standard error, so that standard output stays what was asked for. */
export interface Terminal {
  readonly input: Readable & { readonly isTTY?: boolean };
  readonly output: Writable;
}

const ownTerminal: Terminal = { input: process.stdin, output: process.stderr };

/** What is typed behind the question, in small letters; empty where the input ends instead. */
async function ask(question: string, { input, output }: Terminal): Promise<string> {
  const reader = createInterface({ input, output });
  // At the end of input (Ctrl-D) `question` never resolves: without this, the command would wait for ever.
  const ended = new Promise<string>((resolve) => reader.once('close', () => resolve('')));
  const answer = await Promise.race([reader.question(question), ended]);
  reader.close();
  return answer.trim().toLowerCase();
}

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
  terminal: Terminal = ownTerminal,
): Promise<void> {
  if (isYes === true) return;
  if (terminal.input.isTTY !== true) {
    // The question may name a person: it has no place in the error.
    terminal.output.write(`${question}\n`);
    throw badInput(
      'confirmation-needed',
      'Cannot ask for confirmation without a terminal; use --yes if you are sure',
    );
  }
  if ((await ask(`${question}\nType 'yes' to go on: `, terminal)) === 'yes') return;
  throw operational('not-confirmed', 'nothing was done: it was not confirmed', {
    remedy: "answer 'yes', the whole word, to go on",
  });
}

/** What a text can mean. */
export interface Choice<T> {
  readonly given: string;
  /** What it names, in the singular: `person`. */
  readonly what: string;
  readonly found: readonly [T, T, ...T[]];
  /** The heading and one line for each of `found`, enough to tell them apart. */
  readonly lines: readonly string[];
}

/**
 * Lets a person choose one of several by its number. Where nobody can be asked, they are listed.
 * @throws `ambiguous` (input) without a terminal, `not-chosen` where the answer is no number of the list
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
  throw operational('not-chosen', `nothing was done: no ${what} was chosen`, {
    remedy: `answer with a number of the list, or give the id of the ${what}`,
  });
}
