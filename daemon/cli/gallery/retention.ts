import type { Command } from 'commander';
import type { ControlClient } from '../../control/client.js';
import type { RetentionStatus, ShownRetentionReport } from '../../control/retention-control.js';
import { type CommonOptions, withCommonOptions } from '../common-options.js';
import { confirm } from '../confirm.js';
import { openBox } from '../daemon-client.js';
import { exitCodes, print, runAction } from '../output.js';
import { describeDue, describeRetention, describeRun } from './retention-text.js';

interface RunOptions extends CommonOptions {
  readonly dryRun?: boolean;
  readonly yes?: boolean;
}

export function registerRetention(program: Command): void {
  const retention = program
    .command('retention')
    .description('what the box forgets, and when: the daily deletion of what is no longer needed');
  registerShow(retention);
  registerRun(retention);
}

const statusOf = (client: ControlClient): Promise<RetentionStatus> => client.json('GET', '/v1/retention');

function registerShow(retention: Command): void {
  withCommonOptions(retention.command('show'))
    .description('show the rules, how much is due now, and what the last run deleted')
    .action((options: CommonOptions) =>
      runAction(options.json === true, async () => {
        const { client, time } = await openBox(options.config);
        const status = await statusOf(client);
        print(options.json === true, status, () => describeRetention(status, time.show));
        return exitCodes.done;
      }),
    );
}

function registerRun(retention: Command): void {
  withCommonOptions(retention.command('run'))
    .option('--dry-run', 'only show what would be deleted')
    .option('-y, --yes', 'do not ask; also says that the clock of the box is right')
    .description('delete now what is due, for good; exit code 1 when something could not be deleted')
    .action((options: RunOptions) =>
      runAction(options.json === true, async () => {
        const { client, time } = await openBox(options.config);
        const status = await statusOf(client);
        if (options.dryRun === true) {
          print(options.json === true, status, () => describeDue(status));
          return exitCodes.done;
        }
        await confirm(`${describeDue(status)}\nWhat is due is deleted for good.`, options.yes);
        const path = '/v1/retention/runs?clockConfirmed=true';
        const report = await client.json<ShownRetentionReport>('POST', path);
        print(options.json === true, report, () => describeRun(report, time.show));
        return report.failures.length === 0 ? exitCodes.done : exitCodes.failed;
      }),
    );
}
