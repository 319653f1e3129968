import type { Command } from 'commander';
import { settingsFilePath } from '../contract/settings/changeable-settings.js';
import { loadConfig } from '../contract/settings/load.js';
import { formatProblem } from '../contract/settings/problem.js';
import { exitCodes, print, runAction } from '../host/output.js';
import { counted } from '../kernel/counted.js';
import { badInput } from '../kernel/errors.js';
import { type CommonOptions, withCommonOptions } from './common-options.js';

export function registerCheckConfig(program: Command): void {
  withCommonOptions(program.command('check-config'))
    .argument('[file]', 'configuration file, in place of --config')
    .description(
      'check the configuration file, the settings file and the camera files of the box, and list every problem with its line; exit code 1 if there are problems',
    )
    .action((file: string | undefined, options: CommonOptions, command: Command) =>
      runAction(options.json === true, async () => {
        const isConfigGiven = command.getOptionValueSource('config') === 'cli';
        if (file !== undefined && isConfigGiven && file !== options.config) {
          throw badInput('two-files', `two files are named: ${file} and ${options.config}`, {
            remedy: 'Name one file.',
          });
        }
        return await check(file ?? options.config, options.json === true);
      }),
    );
}

async function check(path: string, isJson: boolean) {
  const loaded = await loadConfig(path);
  const problems = loaded.ok
    ? [...loaded.config.unusableCameraFiles, ...loaded.config.unusableChannelFiles].flatMap(
        (file) => file.problems,
      )
    : loaded.problems;
  if (loaded.ok && problems.length === 0) {
    const cameras = loaded.config.cameras.length;
    const ownSettings = loaded.config.ownSettings;
    const own = counted(ownSettings.length, "setting of the box's own", "settings of the box's own");
    const more = ownSettings.length === 0 ? '' : `, ${own} (${settingsFilePath(loaded.config.dataDir)})`;
    const modelsDir = loaded.config.models.dir ?? null;
    print(isJson, { ok: true, cameras, ownSettings, modelsDir }, () => {
      return `${path}: valid, ${counted(cameras, 'camera')}${more}`;
    });
    return exitCodes.done;
  }
  print(isJson, { ok: false, problems }, () =>
    problems.map((problem) => formatProblem(path, problem)).join('\n'),
  );
  return exitCodes.failed;
}
