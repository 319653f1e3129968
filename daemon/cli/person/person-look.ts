import type { Command } from 'commander';
import { type CommonOptions, withCommonOptions } from '../common-options.js';
import { openDaemonClient } from '../daemon-client.js';
import { exitCodes, print, runAction } from '../output.js';
import { describePerson, personTable } from './person-text.js';

interface ListOptions extends CommonOptions {
  readonly removed?: boolean;
}

export function registerLooks(person: Command): void {
  withCommonOptions(person.command('list'))
    .option('--removed', 'those removed and not yet erased, too')
    .description('list the enrolled persons')
    .action((options: ListOptions) =>
      runAction(options.json === true, async () => {
        const { persons } = await openDaemonClient(options.config);
        const found = await persons.list({ isRemovedIncluded: options.removed === true });
        print(options.json === true, found, () => personTable(found));
        return exitCodes.done;
      }),
    );
  withCommonOptions(person.command('show'))
    .argument('<id>', 'id of the person')
    .description('show one person, with notes and consent')
    .action((id: string, options: CommonOptions) =>
      runAction(options.json === true, async () => {
        const { persons } = await openDaemonClient(options.config);
        const found = await persons.show(id);
        print(options.json === true, found, () => describePerson(found));
        return exitCodes.done;
      }),
    );
}
