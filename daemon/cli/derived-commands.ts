import { Argument, type Command, InvalidArgumentError, Option } from 'commander';
import { z } from 'zod';
import {
  type CommandLine,
  type PictureToSave,
  type ShownWith,
  type WrittenAs,
  writtenAs,
} from '../contract/command-line.js';
import { loadSubject, type Subject } from '../contract/load-operation.js';
import type { CallOutput, OperationDeclaration, Page } from '../contract/operation.js';
import type { OperationId, Operations } from '../contract/operations.js';
import type { PersonState } from '../contract/person.js';
import { exitCodes, print, runAction } from '../host/output.js';
import { badInput } from '../kernel/errors.js';
import { isoTime } from '../kernel/iso-time.js';
import { present } from '../kernel/present.js';
import { type CommonOptions, withCommonOptions } from './common-options.js';
import { confirm } from './confirm.js';
import { type Box, openBox } from './daemon-client.js';
import { checkPictureOptions, givePicture, type PictureOptions, pictureOption } from './kept-picture.js';
import { firstItems, parseCount } from './pages.js';
import { examplesOfRows } from './reference/examples.js';
import type { SiteTime } from './site-time.js';

/** What a text view gets: of a page, its items. */
type Shown<D extends OperationDeclaration> =
  CallOutput<D> extends Page<infer Item> ? readonly Item[] : CallOutput<D>;

type ViewsOf<D> = D extends { readonly commandLines: readonly (infer Line)[] } ? Line : never;

/** The operations with a text view that does not take what they answer. */
type Misfits = {
  readonly [Id in OperationId]: ViewsOf<Operations[Id]> extends {
    text(answer: infer Taken, shown: ShownWith): string;
  }
    ? Shown<Operations[Id]> extends Taken
      ? never
      : Id
    : never;
}[OperationId];

// Does not compile where there is one, and names it.
const misfits: Readonly<Record<Misfits, never>> = {};
void misfits;

/** An operation that people call with `rollcall`, and one of its ways. */
interface Row {
  readonly id: OperationId;
  readonly declaration: OperationDeclaration;
  readonly line: CommandLine;
}

/** The command lines of the subjects whose first word is one of `groups`. */
async function rowsOf(subjects: readonly Subject[], groups: readonly string[]): Promise<readonly Row[]> {
  const rows: Row[] = [];
  // Subjects of one file give the same operations.
  const operations = Object.assign({}, ...(await Promise.all(subjects.map(loadSubject))));
  for (const [id, declaration] of Object.entries<OperationDeclaration>(operations)) {
    for (const line of declaration.commandLines ?? []) {
      // The loader has the operations of the contract, by their IDs.
      if (groups.includes(line.words.split(' ')[0] ?? ''))
        rows.push({ id: id as OperationId, declaration, line });
    }
  }
  return rows;
}

/** Words of a group and its line in the help: `user key` and what it is about. */
export type Groups = Readonly<Record<string, string>>;

/**
 * Registers the commands of a group that are written by hand. `addDerived` adds the others, at their place in the help: those that are
 * left, or those up to `last`. `groupOf` gives the group with these words: `user key`.
 */
export type RegisterByHand = (
  groupOf: (words: string) => Command,
  addDerived: (last?: string) => void,
) => void;

/** Commands that are derived from the contract, with the groups to which they belong. */
export async function derivedCommands(
  subjects: readonly Subject[],
  groups: Groups,
  register: RegisterByHand = (_, addDerived) => addDerived(),
): Promise<(program: Command) => void> {
  const rows = await rowsOf(subjects, Object.keys(groups));
  return (program) => {
    const groupOf = (words: string) => groupBelow(program, words.split(' '), groups);
    const left = [...rows];
    register(groupOf, (last) => {
      const end = left.findIndex(({ line }) => line.words === last);
      for (const row of left.splice(0, end === -1 ? left.length : end + 1))
        addCommand(groupOf(row.line.words.split(' ').slice(0, -1).join(' ')), row);
    });
  };
}

/** The group with these words below `program`; made where it is missing. */
function groupBelow(program: Command, words: readonly string[], groups: Groups): Command {
  return words.reduce((group, word, index) => {
    const known = group.commands.find((command) => command.name() === word);
    const does = groups[words.slice(0, index + 1).join(' ')] ?? '';
    return known ?? group.command(word).description(does);
  }, program);
}

function addCommand(group: Command, row: Row): void {
  const { line, declaration } = row;
  const command = withCommonOptions(group.command(line.words.split(' ').at(-1) ?? ''));
  const fields = declaration.input?.shape ?? {};
  const given = Object.keys(line.arguments ?? {});
  for (const [field, [name, help]] of Object.entries(line.arguments ?? {})) {
    const { isRequired, ...parts } = partsOf(fieldAt(fields, field));
    // A change may leave out each of its fields, but not the one that a command is for.
    const isNeeded = isRequired || declaration.method === 'PATCH';
    command.addArgument(argumentFor(name, help, { ...parts, isRequired: isNeeded }));
  }
  const chosen = Object.entries(line.options ?? {}).map(([field, [flags, help, bare]]) => {
    const option = optionFor(flags, help, partsOf(fieldAt(fields, field)))
      .preset(bare)
      .default(line.usual?.[field]);
    command.addOption(option);
    return [field, option.attributeName()] as const;
  });
  const most =
    line.most && new Option(line.most.flags, line.most.help).argParser(parseCount).default(line.most.usual);
  if (most !== undefined) command.addOption(most);
  if (line.picture !== undefined) command.option(...pictureOption);
  if (line.confirms !== undefined) command.option('-y, --yes', 'do not ask for confirmation');
  examplesOfRows.set(line.words, line.examples);
  command.description(line.does).action((...all: unknown[]) => {
    // Commander calls an action with the arguments, then the options, then the command.
    const options = all[given.length] as CommonOptions & PictureOptions & Readonly<Record<string, unknown>>;
    const written: Record<string, unknown> = {};
    for (const [index, field] of given.entries()) written[field] = all[index];
    for (const [field, name] of chosen) written[field] = options[name];
    const isYes = options['yes'] === true;
    return runAction(options.json === true, () =>
      run(row, written, { ...options, isYes, most: most && Number(options[most.attributeName()]) }),
    );
  });
}

interface RunOptions extends CommonOptions, PictureOptions {
  readonly isYes: boolean;
  /** How many items of a list; undefined: all. */
  readonly most: number | undefined;
}

/** Carries out a command. `written`: what people wrote, by field of the input. */
async function run(row: Row, written: Readonly<Record<string, unknown>>, options: RunOptions) {
  const { declaration, line } = row;
  const { config, json, isYes, most, picture } = options;
  checkPictureOptions(options);
  const changes = Object.keys(line.options ?? {});
  if (
    declaration.method === 'PATCH' &&
    changes.length > 0 &&
    changes.every((field) => written[field] === undefined)
  )
    throw nothingToChange(Object.values(line.options ?? {}).map(([flags]) => flags));
  const box = await openBox(config);
  const { input, names } = await read(box, declaration.input?.shape ?? {}, written);
  const sent = { ...input, ...line.always };
  if (line.confirms !== undefined && !isYes) {
    const askMore = (id: string, about: object) => call(box, id as OperationId, about);
    await confirm(await line.confirms({ input: sent, names }, askMore), false);
  }
  const answer = await ask(box, row, sent, most);
  const view = line as {
    text(answer: unknown, shown: ShownWith): string;
    picture?(answer: unknown): PictureToSave;
    hasFailed?(answer: unknown): boolean;
  };
  const shown = {
    show: box.time.show,
    say: box.language.say,
    input: sent,
    names,
    isPictureGiven: picture !== undefined,
  };
  print(json === true, answer, () => view.text(answer, shown));
  if (view.picture !== undefined && picture !== undefined) {
    const { operation, input: wanted, name } = view.picture(answer);
    await givePicture(options, () => call(box, operation, wanted) as Promise<Buffer>, name);
  }
  return view.hasFailed?.(answer) === true ? exitCodes.failed : exitCodes.done;
}

/** Calls an operation of which the compiler does not know which. The daemon checks the input. */
function call({ client }: Box, id: OperationId, input: object): Promise<unknown> {
  return (client.call.bind(client) as (id: OperationId, input: object) => Promise<unknown>)(id, input);
}

/** The answer; of a page, the items, read page by page. */
async function ask(
  box: Box,
  { id, declaration, line }: Row,
  input: Readonly<Record<string, unknown>>,
  most = Number.POSITIVE_INFINITY,
): Promise<unknown> {
  if (declaration.answer.kind !== 'page') return await call(box, id, input);
  const read = (page: object) => call(box, id, { ...page, ...input }) as Promise<Page<unknown>>;
  const items = await firstItems(most, read);
  return line.most?.isOldestFirst === true ? items.toReversed() : items;
}

function nothingToChange(flags: readonly string[]) {
  const names = flags.map((each) => each.split(' ').find((word) => word.startsWith('--')));
  return badInput('nothing-to-change', 'no change was given', { remedy: `Give ${names.join(' or ')}.` });
}

/** Turns what people wrote into what the operation takes, such as the name of an account into its ID. */
async function read(
  box: Box,
  fields: Fields,
  written: Readonly<Record<string, unknown>>,
): Promise<Pick<ShownWith, 'input' | 'names'>> {
  const input: Record<string, unknown> = {};
  const names: Record<string, string> = {};
  for (const [field, value] of Object.entries(written)) {
    if (value === undefined) continue;
    const { as, isNullable } = partsOf(fieldAt(fields, field));
    const reader = as === undefined || as === 'minutes' ? undefined : await readers[as]();
    const [outer = '', inner] = field.split('.');
    if (value === '' && isNullable) input[outer] = null;
    else if (inner !== undefined) {
      // An empty text has removed the whole: a reason beside it has nothing to explain.
      if (input[outer] !== null) input[outer] = { ...(input[outer] as object | undefined), [inner]: value };
    } else if (reader === undefined) input[field] = value;
    else if (Array.isArray(value)) {
      input[field] = (await reader(box, value.map(String))).map(({ id }) => id);
    } else {
      const [found] = await reader(box, [String(value)]);
      input[field] = found?.id;
      if (found?.name !== undefined) names[field] = found.name;
    }
  }
  return { input, names };
}

type Fields = Readonly<Record<string, z.core.$ZodType>>;

/**
 * The schema of a field, or of a field of a field: `watch.mark`. Where the outer one may be null, an empty text for its first field
 * means that; an empty text for another one is passed on, and refused by the box.
 */
function fieldAt(fields: Fields, name: string): z.core.$ZodType | undefined {
  const [outer = '', inner] = name.split('.');
  const schema = fields[outer];
  if (inner === undefined || schema === undefined) return schema;
  const { innermost, isNullable } = partsOf(schema);
  if (!(innermost instanceof z.ZodObject)) return undefined;
  const field = innermost.shape[inner] as z.ZodType | undefined;
  const isFirst = Object.keys(innermost.shape)[0] === inner;
  return isNullable && isFirst ? field?.nullable().optional() : field?.optional();
}

interface Read {
  readonly id: string;
  readonly name?: string;
}

/** Finds what each text means, in the same order. */
type Reader = (box: Box, given: readonly string[]) => Promise<readonly Read[]>;

function oneByOne(reader: (box: Box, given: string) => Promise<Read> | Read): Reader {
  return async (box, given) => {
    const found: Read[] = [];
    // A reader may ask on the terminal.
    for (const each of given) found.push(await reader(box, each));
    return found;
  };
}

const personIn = (state?: PersonState) => async (): Promise<Reader> => {
  const { whichPersons } = await import('./person/which-person.js');
  return async ({ client, time }, given) =>
    (await whichPersons(client, given, { ...present({ state }), show: time.show })).map((id) => ({ id }));
};

const timeIn = (read: (time: SiteTime, given: string) => string) => (): Promise<Reader> =>
  Promise.resolve(oneByOne(({ time }, given) => ({ id: read(time, given) })));

/** Each reader is loaded where a command needs it. */
const readers: Readonly<Record<Exclude<WrittenAs, 'minutes'>, () => Promise<Reader>>> = {
  user: async () => oneByOne((await import('./which-user.js')).whichUser),
  person: personIn(),
  'active person': personIn('active'),
  'removed person': personIn('removed'),
  day: timeIn((time, given) => time.readDay(given)),
  time: timeIn((time, given) => isoTime(time.readFrom(given))),
  end: timeIn((time, given) => isoTime(time.readTo(given))),
  camera: async () => {
    const { whichCamera } = await import('./which-camera.js');
    return oneByOne(async ({ client }, given) => ({ id: await whichCamera(client, given) }));
  },
  'recorded camera': async () => {
    const { whichCameraOfRecords } = await import('./which-camera.js');
    return oneByOne(async ({ client }, given) => ({ id: await whichCameraOfRecords(client, given) }));
  },
  stranger: async () => {
    const { whichStranger } = await import('./strangers/which-stranger.js');
    return oneByOne(async ({ client }, given) => ({ id: await whichStranger(client, given) }));
  },
};

interface Range {
  readonly minimum: number;
  readonly maximum: number;
  readonly isWhole: boolean;
}

/** What the help and the reading of a field need to know of its schema. */
interface Parts {
  readonly innermost: z.core.$ZodType | undefined;
  readonly isRequired: boolean;
  readonly isNullable: boolean;
  readonly as?: WrittenAs | undefined;
  readonly choices?: readonly string[] | undefined;
  readonly range?: Range | undefined;
}

function partsOf(schema: z.core.$ZodType | undefined): Parts {
  let at = schema;
  let isRequired = true;
  let isNullable = false;
  let as: WrittenAs | undefined;
  while (at !== undefined) {
    as ??= writtenAs.get(at)?.as;
    if (at instanceof z.ZodArray) at = at.element;
    else if (at instanceof z.ZodOptional || at instanceof z.ZodExactOptional || at instanceof z.ZodDefault) {
      isRequired = false;
      at = at.unwrap();
    } else if (at instanceof z.ZodNullable) {
      isNullable = true;
      at = at.unwrap();
    } else if (at instanceof z.ZodReadonly) at = at.unwrap();
    else break;
  }
  if (at instanceof z.ZodISODateTime) as ??= 'time';
  if (at instanceof z.ZodISODate) as ??= 'day';
  const choices = at instanceof z.ZodEnum ? at.options.map(String) : undefined;
  const range = at instanceof z.ZodNumber ? rangeOf(at) : undefined;
  return { innermost: at, isRequired, isNullable, as, choices, range };
}

/** The numbers that a schema accepts; undefined if it has no limits. */
function rangeOf(schema: z.ZodNumber): Range | undefined {
  const { minValue, maxValue, isInt: isWhole } = schema;
  if (minValue === null || maxValue === null) return undefined;
  // The limit of `positive()` is 0, which it does not accept.
  const isIncluded = !isWhole || schema.safeParse(minValue).success;
  return { minimum: isIncluded ? minValue : minValue + 1, maximum: maxValue, isWhole };
}

function argumentFor(name: string, help: string, { isRequired, choices }: Parts): Argument {
  const argument = new Argument(isRequired ? `<${name}>` : `[${name}]`, help);
  return choices === undefined ? argument : argument.choices(choices);
}

function optionFor(flags: string, help: string, { isRequired, choices, range, as }: Parts): Option {
  const option = new Option(flags, help);
  if (choices !== undefined && !option.isBoolean()) option.choices(choices);
  else if (range !== undefined)
    option.argParser(as === 'minutes' ? minutesReader(range) : numberReader(range));
  return option.makeOptionMandatory(isRequired && /[<[]/.test(flags));
}

function numberReader({ minimum, maximum, isWhole }: Range): (text: string) => number {
  const [form, what] = isWhole ? [/^\d+$/, 'whole number'] : [/^\d+(\.\d+)?$/, 'number'];
  return (text) => {
    const value = Number(text);
    const limits =
      maximum === Number.MAX_SAFE_INTEGER ? `, at least ${minimum}` : ` from ${minimum} to ${maximum}`;
    if (form.test(text) && value >= minimum && value <= maximum) return value;
    throw new InvalidArgumentError(`must be a ${what}${limits}`);
  };
}

const minutesOf: Readonly<Record<string, number>> = { m: 1, h: 60, d: 24 * 60 };

function minutesReader({ minimum, maximum }: Range): (text: string) => number {
  return (text) => {
    const [, count = '', unit = ''] = /^(\d{1,5})([mhd])$/.exec(text) ?? [];
    const minutes = Number(count) * (minutesOf[unit] ?? 0);
    if (minutes >= minimum && minutes <= maximum) return minutes;
    const most = maximum / (24 * 60);
    throw new InvalidArgumentError(`must be minutes, hours or days, such as 30m, 8h or 7d, at most ${most}d`);
  };
}
