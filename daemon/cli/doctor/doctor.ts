import type { Command } from 'commander';
import { paintFor } from '../colour.js';
import { type CommonOptions, withCommonOptions } from '../common-options.js';
import { exitCodes, print, runAction } from '../output.js';
import { examineBox } from './doctor-checks.js';
import { describeFinding } from './doctor-finding.js';

export function registerDoctor(program: Command): void {
  withCommonOptions(program.command('doctor'))
    .description(
      'look at everything the daemon needs and say what is wrong and how to mend it; exit code 1 if so',
    )
    .action((options: CommonOptions) =>
      runAction(options.json === true, async () => {
        const findings = await examineBox(options.config);
        const paint = paintFor(process.stdout);
        print(options.json === true, findings, () =>
          findings.map((finding) => describeFinding(finding, paint)).join('\n'),
        );
        return findings.some(({ outcome }) => outcome === 'failed') ? exitCodes.failed : exitCodes.done;
      }),
    );
}
