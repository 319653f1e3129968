import type { Command } from 'commander';
import { type CommonOptions, withCommonOptions } from './common-options.js';
import { examineBox } from './doctor-checks.js';
import type { Finding } from './doctor-finding.js';
import { exitCodes, print, runAction } from './output.js';

function line({ check, outcome, message, remedy }: Finding): string {
  return `${outcome.padEnd(8)} ${check}: ${message}${remedy === undefined ? '' : `\n         what to do: ${remedy}`}`;
}

export function registerDoctor(program: Command): void {
  withCommonOptions(program.command('doctor'))
    .description(
      'look at everything the daemon needs and say what is wrong and how to mend it; exit code 1 if so',
    )
    .action((options: CommonOptions) =>
      runAction(options.json === true, async () => {
        const findings = await examineBox(options.config);
        print(options.json === true, findings, () => findings.map(line).join('\n'));
        return findings.some(({ outcome }) => outcome === 'failed') ? exitCodes.failed : exitCodes.done;
      }),
    );
}
