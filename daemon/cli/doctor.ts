import type { Command } from 'commander';
import { examineBox } from '../core/doctor/doctor.js';
import { terminalLanguage } from '../host/installed-languages.js';
import { exitCodes, print, runAction } from '../host/output.js';
import { paintFor } from './colour.js';
import { type CommonOptions, withCommonOptions } from './common-options.js';
import { describeFinding } from './finding-text.js';

export function registerDoctor(program: Command): void {
  withCommonOptions(program.command('doctor'))
    .description(
      'check everything that the daemon needs; say what is wrong and how to repair it; exit code 1 if something failed',
    )
    .action((options: CommonOptions) =>
      runAction(options.json === true, async () => {
        const findings = await examineBox(options.config);
        const paint = paintFor(process.stdout);
        const language = terminalLanguage();
        print(options.json === true, findings, () =>
          findings.map((finding) => describeFinding(finding, paint, language)).join('\n'),
        );
        return findings.some(({ outcome }) => outcome === 'failed') ? exitCodes.failed : exitCodes.done;
      }),
    );
}
