import type { Command, Option } from 'commander';
import { programVersion } from '../../core/api/program-version.js';
import { exitCodes, runAction } from '../../host/output.js';
import { defaultConfigPath, withCommonOptions } from '../common-options.js';
import {
  commandsOf,
  type NamedCommand,
  optionMeaning,
  ownOptions,
  sentence,
  usageOf,
} from './command-tree.js';
import { type Example, examplesOf } from './examples.js';

type ExitCodeMeanings = readonly (readonly [code: number, meaning: string])[];

/**
 * The command `rollcall man`. It only prints the page: where `man` looks for pages differs between systems.
 * @param wholeProgram - resolves with the program and all its commands
 */
export function manualCommand(
  wholeProgram: () => Promise<Command>,
  meanings: ExitCodeMeanings,
): (program: Command) => void {
  return (program) =>
    program
      .command('man')
      .description("print the manual page, rollcall(1), in roff: 'rollcall man | man -l -' shows it")
      .action(() =>
        runAction(false, async () => {
          process.stdout.write(manualPage(await wholeProgram(), meanings));
          return exitCodes.done;
        }),
      );
}

/** Escapes for characters that roff interprets or replaces by typographic ones. */
const escapes: Readonly<Record<string, string>> = {
  '\\': '\\(rs',
  '-': '\\-',
  "'": '\\(aq',
  '"': '\\(dq',
  '`': '\\(ga',
  '^': '\\(ha',
  '~': '\\(ti',
};

/** Escapes a text so that roff prints it unchanged, on its own line or as the argument of a macro. */
export function roff(text: string): string {
  return text
    .replaceAll(/[\\\-'"`^~]/g, (character) => escapes[character] ?? character)
    .replaceAll(/[^\n -~]/gu, (character) => {
      const code = (character.codePointAt(0) ?? 0).toString(16).toUpperCase();
      return `\\[u${code.padStart(4, '0')}]`;
    })
    .replaceAll(/^(?=\.)/gm, '\\&');
}

function optionEntry(option: Option): string {
  return `.TP\n.B "${roff(option.flags)}"\n${roff(optionMeaning(option))}`;
}

function commandSection(named: NamedCommand, common: readonly Option[]): string {
  return [
    `.SS "${roff(usageOf(named))}"`,
    roff(sentence(named.command.description())),
    ...ownOptions(named.command, common).map(optionEntry),
    ...examplesOf(named).map(exampleEntry),
  ].join('\n');
}

function exampleEntry([line, does]: Example): string {
  return `.PP\nExample: ${roff(does)}\n.PP\n.RS 4\n.nf\n.B "${roff(line)}"\n.fi\n.RE`;
}

/** The manual page of the command line, for the macros of man(7). */
export function manualPage(program: Command, meanings: ExitCodeMeanings): string {
  const name = program.name();
  const common = withCommonOptions(program.createCommand('any')).options;
  const leaves = commandsOf(program).filter(({ command }) => command.commands.length === 0);
  return [
    `.TH ${name.toUpperCase()} 1 "" "${roff(`${name} ${programVersion()}`)}" "User Commands"`,
    '.SH NAME',
    `${name} \\- ${roff(program.description().replace(/\.$/, ''))}`,
    '.SH SYNOPSIS',
    `.B ${name}\n.I command\n[argument...]\n[option...]`,
    '.SH DESCRIPTION',
    roff('Sets up and checks a box that runs rollcalld, and manages the persons whom it recognises.'),
    roff("'rollcall COMMAND --help' shows the help of one command."),
    '.SH OPTIONS',
    'Most commands have these options:',
    ...common.map(optionEntry),
    '.SH COMMANDS',
    ...leaves.map((leaf) => commandSection(leaf, common)),
    '.SH "EXIT STATUS"',
    ...meanings.map(([code, meaning]) => `.TP\n.B ${code}\n${roff(sentence(meaning))}`),
    '.SH FILES',
    `.TP\n.I ${roff(defaultConfigPath)}\nThe configuration of the box.`,
    '',
  ].join('\n');
}
