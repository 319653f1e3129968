import type { Command } from 'commander';
import { loadConfig } from '../config/load.js';
import { formatProblem } from '../config/problem.js';
import { type CommonOptions, withCommonOptions } from './common-options.js';
import { exitCodes, print, runAction } from './output.js';

export function registerCheckConfig(program: Command): void {
  withCommonOptions(program.command('check-config'))
    .description(
      'check the configuration file and list every problem with its line; exit code 1 if there is one',
    )
    .action((options: CommonOptions) =>
      runAction(options.json === true, async () => {
        const loaded = await loadConfig(options.config);
        if (loaded.ok) {
          const cameras = loaded.config.cameras.length;
          print(
            options.json === true,
            { ok: true, cameras },
            () => `${options.config}: valid, ${cameras} cameras`,
          );
          return exitCodes.done;
        }
        print(options.json === true, { ok: false, problems: loaded.problems }, () =>
          loaded.problems.map((problem) => formatProblem(options.config, problem)).join('\n'),
        );
        return exitCodes.failed;
      }),
    );
}
