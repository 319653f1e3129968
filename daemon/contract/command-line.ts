import { z } from 'zod';
import type { Say } from '../kernel/said.js';

/** Formats a time of an answer (ISO 8601 in UTC) by the clock of the site. */
export type ShowTime = (iso: string) => string;

/** The clock of the site. */
export interface SiteClock {
  readonly show: ShowTime;
}

/** How the reader sees times and words. */
export interface Reader extends SiteClock {
  readonly say: Say;
}

/** What a text view may show besides the answer. */
export interface ShownWith extends Reader {
  /** What was sent to the box. */
  readonly input: Readonly<Record<string, unknown>>;
  /** What people call the objects in the input, by field: the user name for the ID of an account. */
  readonly names: Readonly<Record<string, string>>;
  /** Whether the command saves the picture, too. */
  readonly isPictureGiven: boolean;
}

/** The headings of a table, in the words of the reader. */
export const columns = (say: Say, names: readonly string[]): readonly string[] =>
  names.map((name) => say(`terminal/column-${name}`));

/** What to do, on a line of its own. Nothing for an empty remedy, or none. */
export const remedyBelow = (say: Say, text: string | undefined, indent = '  '): string =>
  text === undefined || text === '' ? '' : `\n${indent}${say('terminal/remedy', { text })}`;

/** A picture that a command can save, and the name of its file in a temporary folder, without ending. */
export interface PictureToSave {
  readonly operation: 'passages.picture' | 'events.picture';
  readonly input: Readonly<Record<string, string>>;
  readonly name: string;
}

/** The name in the help, and what to write there. A name that ends with `...` takes several values. */
type Documented = readonly [name: string, help: string];

/** The flags, what they mean, and what they send where they are given without a value: `excluded`. Default: `true`. */
type DocumentedOption = readonly [flags: string, help: string, bare?: string | boolean];

/** A way to call an operation on the command line. `rollcall` derives the command from it and from the schema of the input. */
export interface CommandLine {
  /** The words after `rollcall`: `role add`. */
  readonly words: string;
  /** One line of the help. */
  readonly does: string;
  /** Fields of the input that are given as arguments, in their order. */
  readonly arguments?: Readonly<Record<string, Documented>>;
  /**
   * Fields of the input that are given as options, with their flags: `--scope <scope...>`. `watch.mark` is a field of a field. An
   * empty text removes a field that may be null. Other fields cannot be given.
   */
  readonly options?: Readonly<Record<string, DocumentedOption>>;
  /** What people would have written for options that are not given. */
  readonly usual?: Readonly<Record<string, string>>;
  /** What every call sends in addition. */
  readonly always?: Readonly<Record<string, unknown>>;
  /** Present for a list of which people see the beginning: the option for its length. Absent: the whole list. */
  readonly most?: {
    readonly flags: string;
    readonly help: string;
    readonly usual: number;
    /** Present for a beginning, the newest, that people read from its end. */
    readonly isOldestFirst?: true;
  };
  /** Present for what needs a confirmation: what will happen, in whole sentences. `ask` calls an operation that tells more about it. */
  confirms?(
    given: Pick<ShownWith, 'input' | 'names'>,
    ask: (operation: string, input: object) => Promise<unknown>,
  ): string | Promise<string>;
  /** The answer as text; of a page, its items. */
  text(answer: never, shown: ShownWith): string;
  /** Present where the option `--picture` saves a picture. */
  picture?(answer: never): PictureToSave;
  /** Whether the answer means that the command has failed. Default: no answer does. */
  hasFailed?(answer: never): boolean;
  /** Command lines, each with what it does. */
  readonly examples: readonly (readonly [line: string, does: string])[];
}

/**
 * What people write for a field that programs fill with an ID, a time or a number. A person may be in any state, unless the name says
 * one. A recorded camera may be gone. The end of a period includes a day as a whole.
 */
export type WrittenAs =
  | ('user' | 'person' | 'active person' | 'removed person' | 'stranger' | 'camera' | 'recorded camera')
  | ('day' | 'time' | 'end' | 'minutes');

/** The forms of what people write, for the help. */
export const personForms = 'id, start of an id, name or external id of the person';
export const strangerForms = 'id of the unknown person, or its beginning with at least four characters';
export const timeForms = "8:05, 2026-11-22, '2026-11-22 08:05', today, yesterday, or 1h for an hour ago";
export const dayForms = 'YYYY-MM-DD, today or yesterday at the site';

/** The fields of inputs that people write otherwise than programs. A time (`z.iso.datetime`) and a day (`z.iso.date`) need no entry. */
export const writtenAs = z.registry<{ readonly as: WrittenAs }>();
