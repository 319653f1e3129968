import type { Command } from 'commander';
import { parse } from 'yaml';
import type { SettingDifference, ShownSetting } from '../contract/configuration.js';
import { formatProblem } from '../contract/settings/problem.js';
import { exitCodes, print, runAction } from '../host/output.js';
import { counted } from '../kernel/counted.js';
import { badInput, messageOf } from '../kernel/errors.js';
import { table } from '../kernel/text-table.js';
import { type CommonOptions, withCommonOptions } from './common-options.js';
import { confirm } from './confirm.js';
import { openBox } from './daemon-client.js';
import { showAnswer } from './show-answer.js';

interface ShowOptions extends CommonOptions {
  readonly all?: boolean;
}

interface ChangeOptions extends CommonOptions {
  readonly yes?: boolean;
}

export function registerConfig(program: Command): void {
  const config = program
    .command('config')
    .description('the settings in force, and those that the box keeps itself');
  registerShow(config);
  registerSet(config);
  registerReset(config);
}

function registerShow(config: Command): void {
  withCommonOptions(config.command('show'))
    .option('--all', 'also show settings that have their default')
    .description('show the settings in force, and where each comes from')
    .action((options: ShowOptions) =>
      showAnswer(
        options,
        async ({ client }) => {
          const shown = await client.call('config.show');
          const isShown = ({ origin }: ShownSetting) => options.all === true || origin !== 'default';
          return { ...shown, settings: shown.settings.filter(isShown) };
        },
        describeSettings,
      ),
    );
}

function registerSet(config: Command): void {
  withCommonOptions(config.command('set'))
    .argument('<setting>', 'such as rules.unknownAfterS')
    .argument('<value>', 'as in the configuration file; a list in brackets')
    .option('-y, --yes', 'do not ask for confirmation')
    .description('change a setting that the box keeps itself; it takes the place of the configuration file')
    .action((setting: string, value: string, options: ChangeOptions) =>
      runAction(options.json === true, () => change({ [setting]: readValue(value) }, options)),
    );
}

function registerReset(config: Command): void {
  withCommonOptions(config.command('reset'))
    .argument('<setting>', 'such as rules.unknownAfterS')
    .option('-y, --yes', 'do not ask for confirmation')
    .description('give a setting back to the configuration file')
    .action((setting: string, options: ChangeOptions) =>
      runAction(options.json === true, () => change({ [setting]: null }, options)),
    );
}

function readValue(text: string): unknown {
  try {
    const value: unknown = parse(text);
    if (value !== null) return value;
  } catch (error) {
    throw badInput('value-unreadable', `cannot read the value: ${messageOf(error)}`, {
      remedy: 'Write it as in the configuration file; a list as \'["2026-12-25"]\'.',
    });
  }
  throw badInput('value-missing', 'the value is empty', {
    remedy: "Give a value, or run 'rollcall config reset' to give the setting back.",
  });
}

/** Shows the difference, asks, and puts it in force. */
async function change(settings: Readonly<Record<string, unknown>>, options: ChangeOptions) {
  const { client } = await openBox(options.config);
  const { revision, file } = await client.call('config.show');
  const { problems, differences } = await client.call('config.check', { settings });
  if (problems.length > 0) {
    print(options.json === true, { problems }, () =>
      problems.map((problem) => formatProblem(file.path, problem)).join('\n'),
    );
    return exitCodes.failed;
  }
  if (differences.length > 0) {
    await confirm(`${describeDifferences(differences)}\nThis puts the settings in force.`, options.yes);
  }
  const applied = await client.call('config.apply', { settings, ifRevision: revision });
  print(options.json === true, applied, () => describeApplied(applied));
  return exitCodes.done;
}

const shownValue = (value: unknown): string => (value === undefined ? '-' : JSON.stringify(value));

const origins = { console: 'the box', file: 'the configuration file', default: 'default' } as const;

function describeSettings({ settings }: { readonly settings: readonly ShownSetting[] }): string {
  return table(
    ['setting', 'value', 'from'],
    settings.map(({ path, value, origin }) => [path, shownValue(value), origins[origin]]),
  );
}

function describeDifferences(differences: readonly SettingDifference[]): string {
  return table(
    ['setting', 'before', 'after', 'change'],
    differences.map(({ path, before, after, reload }) => [
      path,
      shownValue(before),
      shownValue(after),
      reload,
    ]),
  );
}

function describeApplied({
  differences,
  needRestart,
}: {
  readonly differences: readonly SettingDifference[];
  readonly needRestart: readonly string[];
}): string {
  if (differences.length === 0) return 'nothing has changed';
  const restart =
    needRestart.length === 0 ? '' : `\nthese wait for a restart of the daemon: ${needRestart.join(', ')}`;
  return `${counted(differences.length, 'setting')} changed${restart}`;
}
