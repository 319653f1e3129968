import type { Command } from 'commander';
import { type CommonOptions, withCommonOptions } from '../common-options.js';
import { openBox } from '../daemon-client.js';
import { exitCodes, print, runAction } from '../output.js';
import { describePerson, personTable } from './person-text.js';
import { personForms, whichPerson } from './which-person.js';

interface ListOptions extends CommonOptions {
  readonly removed?: boolean;
}

export function registerLooks(person: Command): void {
  withCommonOptions(person.command('list'))
    .option('--removed', 'those removed and not yet erased, too')
    .description('list the enrolled persons')
    .action((options: ListOptions) =>
      runAction(options.json === true, async () => {
        const { client, time } = await openBox(options.config);
        const found = await client.persons.list({ isRemovedIncluded: options.removed === true });
        print(options.json === true, found, () => personTable(found, time.show));
        return exitCodes.done;
      }),
    );
  withCommonOptions(person.command('show'))
    .argument('<person>', personForms)
    .description('show one person, with notes and consent')
    .action((given: string, options: CommonOptions) =>
      runAction(options.json === true, async () => {
        const { client, time } = await openBox(options.config);
        const id = await whichPerson(client.persons, { given, show: time.show });
        const found = await client.persons.show(id);
        print(options.json === true, found, () => describePerson(found, time.show));
        return exitCodes.done;
      }),
    );
}
