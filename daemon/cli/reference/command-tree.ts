import type { Argument, Command, Option } from 'commander';

/** A command with the words that call it, from `rollcall` on. */
export interface NamedCommand {
  readonly words: readonly string[];
  readonly command: Command;
}

/** The command and all below it, each before its own, in the order of the help. */
export function commandsOf(command: Command, above: readonly string[] = []): readonly NamedCommand[] {
  const words = [...above, command.name()];
  return [{ words, command }, ...command.commands.flatMap((below) => commandsOf(below, words))];
}

/** Names of values, in the help, for which a file or a folder is given. */
const fileNames: readonly string[] = ['file', 'path'];
const folderNames: readonly string[] = ['folder', 'dir', 'directory'];

/** What can be written for a value: the name of a file or folder, one of a few words, or anything. */
export type ValueKind = 'file' | 'folder' | 'anything' | { readonly choices: readonly string[] };

/** What an option takes; undefined where it takes no value. */
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
