import type { Command, Option } from 'commander';
import { exitCodeMeanings, rollcallProgram } from '../daemon/cli/commands.js';
import { withCommonOptions } from '../daemon/cli/common-options.js';
import {
  commandsOf,
  type NamedCommand,
  optionMeaning,
  ownOptions,
  sentence,
  usageOf,
} from '../daemon/cli/reference/command-tree.js';
import { examplesOf } from '../daemon/cli/reference/examples.js';

/** Keeps Markdown from reading a text of the help as markup. */
const prose = (text: string): string => text.replaceAll(/[<*_|]/g, String.raw`\$&`);

const optionLine = (option: Option): string => `- \`${option.flags}\`: ${prose(optionMeaning(option))}`;

function commandSection(named: NamedCommand, common: readonly Option[]): string {
  const options = ownOptions(named.command, common).map(optionLine);
  const examples = examplesOf(named).flatMap(([line, does]) => [`# ${does}`, line]);
  return [
    `### \`${usageOf(named)}\``,
    prose(sentence(named.command.description())),
    ...(options.length === 0 ? [] : [options.join('\n')]),
    ...(examples.length === 0 ? [] : [['```', ...examples, '```'].join('\n')]),
  ].join('\n\n');
}

const isLeaf = ({ command }: NamedCommand): boolean => command.commands.length === 0;

/** A command with its subcommands. */
function groupSections(group: Command, root: string, common: readonly Option[]): readonly string[] {
  const leaves = commandsOf(group, [root]).filter(isLeaf);
  return [`## ${group.name()}`, ...leaves.map((leaf) => commandSection(leaf, common))];
}

/** The reference page of the command `rollcall`, Markdown. */
export async function commandLinePage(): Promise<string> {
  const program = await rollcallProgram(undefined);
  const common = withCommonOptions(program.createCommand('any')).options;
  const overview = program.commands.map(
    (group) => `| [\`${group.name()}\`](#${group.name()}) | ${prose(group.description())} |`,
  );
  return `${[
    '# The command line',
    'This page is generated from `daemon/cli/` by `npm run docs`: change the commands, not the page. `rollcall COMMAND --help` and `man rollcall` show the same on a box.',
    'What the box says, and the commands of every day (`status`, `doctor`, `camera list` and `test`, `passages`, `attendance`, `person`, `alerts list`), are in the language of the terminal, as far as the box has it: `LC_ALL`, `LC_MESSAGES`, or `LANG`, such as `LANG=de_DE.UTF-8`. Values that you type back, such as outcomes, help, and `--json` are the same in every language.',
    'Times are in the time zone of the site. A command that cannot be undone asks for confirmation, unless you give `--yes`. In a checkout, write `node dist/program/rollcall.js` instead of `rollcall`.',
    ['| command | what it does |', '|---|---|', ...overview].join('\n'),
    'Most commands have these options:',
    common.map(optionLine).join('\n'),
    [
      '| exit code | meaning |',
      '|---|---|',
      ...exitCodeMeanings.map(([code, meaning]) => `| ${code} | ${meaning} |`),
    ].join('\n'),
    ...program.commands.flatMap((group) => groupSections(group, program.name(), common)),
  ].join('\n\n')}\n`;
}
