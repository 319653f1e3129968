import type { Command } from 'commander';
import type { BoxStatus } from '../control/box-control.js';
import { type CommonOptions, withCommonOptions } from './common-options.js';
import { openDaemonClient } from './daemon-client.js';
import { statusAreas, troubleLines } from './doctor/status-areas.js';
import { exitCodes, print, runAction } from './output.js';

export function describeStatus(status: BoxStatus): string {
  return [
    `rollcalld ${status.version}, site ${status.site}, box ${status.box}, up ${Math.round(status.uptimeS)} s`,
    ...statusAreas(status).flatMap(({ facts, findings }) => [...facts, ...troubleLines(findings)]),
  ].join('\n');
}

export function registerStatus(program: Command): void {
  withCommonOptions(program.command('status'))
    .description('show what the daemon is doing: cameras, vision processes, gallery, broker, outbox')
    .action((options: CommonOptions) =>
      runAction(options.json === true, async () => {
        const client = await openDaemonClient(options.config);
        const status = await client.status();
        print(options.json === true, status, () => describeStatus(status));
        return exitCodes.done;
      }),
    );
}
