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
