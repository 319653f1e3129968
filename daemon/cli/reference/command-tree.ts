import type { Argument, Command, Option } from 'commander';

/** A command with its words, from `rollcall` on. */
export interface NamedCommand {
  readonly words: readonly string[];
  readonly command: Command;
}

/** The command and all its subcommands, in the order of the help. */
export function commandsOf(command: Command, parents: readonly string[] = []): readonly NamedCommand[] {
  const words = [...parents, command.name()];
  return [{ words, command }, ...command.commands.flatMap((sub) => commandsOf(sub, words))];
}

/** The command with its arguments: `rollcall camera add <id> <url>`. */
export function usageOf({ words, command }: NamedCommand): string {
  const values = command.registeredArguments.map((argument) => {
    const name = `${argument.name()}${argument.variadic ? '...' : ''}`;
    return argument.required ? `<${name}>` : `[${name}]`;
  });
  return [...words, ...values].join(' ');
}

/** The options of a command without those that a page lists once for all commands. */
export function ownOptions(command: Command, common: readonly Option[]): readonly Option[] {
  return command.options.filter(
    (option) =>
      !common.some(({ flags, description }) => flags === option.flags && description === option.description),
  );
}

/** What an option does, with its choices and its default. */
export function optionMeaning(option: Option): string {
  const { description, argChoices, defaultValue, defaultValueDescription } = option;
  const choices = argChoices === undefined ? '' : ` (one of: ${argChoices.join(', ')})`;
  const isShown = typeof defaultValue === 'string' || typeof defaultValue === 'number';
  const initial = isShown ? ` (default: ${defaultValueDescription ?? defaultValue})` : '';
  return `${description}${choices}${initial}`;
}

export function sentence(text: string): string {
  return `${text.slice(0, 1).toUpperCase()}${text.slice(1)}.`;
}

/** Names of values in the help that stand for a file or a folder. */
const fileNames: readonly string[] = ['file', 'path'];
const folderNames: readonly string[] = ['folder', 'dir', 'directory'];

/** The kind of a value: a file, a folder, one of several words, or free text. */
export type ValueKind = 'file' | 'folder' | 'anything' | { readonly choices: readonly string[] };

/** The kind of value of an option; undefined for an option without a value. */
export function optionValue(option: Option): ValueKind | undefined {
  const name = /[<[]([^>\]]*?)(?:\.{3})?[>\]]/.exec(option.flags)?.[1];
  return name === undefined ? undefined : valueKind(name, option.argChoices);
}

export function argumentValue(argument: Argument): ValueKind {
  return valueKind(argument.name(), argument.argChoices);
}

function valueKind(name: string, choices: readonly string[] | undefined): ValueKind {
  if (choices !== undefined) return { choices };
  if (fileNames.includes(name)) return 'file';
  return folderNames.includes(name) ? 'folder' : 'anything';
}
