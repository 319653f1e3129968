import type { Command } from 'commander';
import { type CommonOptions, withCommonOptions } from '../common-options.js';
import { openBox } from '../daemon-client.js';
import { registerExport } from '../export/person-export.js';
import { registerImport } from '../import/person-import.js';
import { exitCodes, print, runAction } from '../output.js';
import { allPersons } from './all-persons.js';
import { registerAdd } from './person-add.js';
import { registerRenameAndSet } from './person-change.js';
import { registerPhoto } from './person-photo.js';
import { registerRemovals } from './person-removal.js';
import { describePerson, personTable } from './person-text.js';
import { personForms, whichPerson } from './which-person.js';

export function registerPerson(program: Command): void {
  const person = program
    .command('person')
    .description('enrol, show, change, remove, erase, export and import persons');
  registerAdd(person);
  registerListAndShow(person);
  registerRenameAndSet(person);
  registerPhoto(person);
  registerRemovals(person);
  registerExport(person);
  registerImport(person);
}

interface ListOptions extends CommonOptions {
  readonly removed?: boolean;
}

function registerListAndShow(person: Command): void {
  withCommonOptions(person.command('list'))
    .option('--removed', 'also list removed persons who are not erased yet')
    .description('list the enrolled persons')
    .action((options: ListOptions) =>
      runAction(options.json === true, async () => {
        const { client, time } = await openBox(options.config);
        const found = await allPersons(client, options.removed === true ? 'included' : 'excluded');
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
        const id = await whichPerson(client, { given, show: time.show });
        const found = await client.call('persons.show', { id });
        print(options.json === true, found, () => describePerson(found, time.show));
        return exitCodes.done;
      }),
    );
}
