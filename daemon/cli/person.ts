import { type Command, Option } from 'commander';
import { exitCodes, print, runAction } from '../host/output.js';
import { type ConsentState, consentStates } from '../kernel/persons/consent.js';
import { type WatchMark, watchMarks } from '../kernel/persons/person-standing.js';
import { present } from '../kernel/present.js';
import { type CommonOptions, withCommonOptions } from './common-options.js';
import { openBox } from './daemon-client.js';
import type { RegisterByHand } from './derived-commands.js';
import { registerExport } from './export/person-export.js';
import { registerImport } from './import/person-import.js';
import { allPersons } from './person/all-persons.js';
import { registerAdd } from './person/person-add.js';
import { registerRenameAndSet } from './person/person-change.js';
import { registerPhoto } from './person/person-photo.js';
import { registerRemovals } from './person/person-removal.js';
import { registerSimilar } from './person/person-similar.js';
import { personForms, whichPerson } from './person/which-person.js';
import { describePerson, personTable } from './person-text.js';

export function registerPerson(...[groupOf, addDerived]: Parameters<RegisterByHand>): void {
  const person = groupOf('person');
  registerAdd(person);
  registerListAndShow(person);
  registerRenameAndSet(person);
  registerPhoto(person);
  registerSimilar(person);
  registerRemovals(person);
  registerExport(person);
  registerImport(person);
  addDerived();
}

interface ListOptions extends CommonOptions {
  readonly removed?: boolean;
  readonly group?: string;
  readonly watch?: true | WatchMark;
  readonly expired?: boolean;
  readonly consent?: ConsentState;
}

function registerListAndShow(person: Command): void {
  withCommonOptions(person.command('list'))
    .option('--removed', 'also list removed persons who are not erased yet')
    .option('--group <name>', 'only persons of this group')
    .addOption(
      new Option('--watch [mark]', 'only persons who are watched or barred; with a mark, only these').choices(
        watchMarks,
      ),
    )
    .option('--expired', 'only persons whose last valid day is over')
    .addOption(
      new Option(
        '--consent <state>',
        'only persons whose consent is recorded, was withdrawn (with --removed), or neither',
      ).choices(consentStates),
    )
    .description('list the enrolled persons')
    .action((options: ListOptions) =>
      runAction(options.json === true, async () => {
        const { client, time } = await openBox(options.config);
        const { group, watch, expired, consent } = options;
        const filter = present({
          group,
          watch: watch === true ? ('any' as const) : watch,
          validity: expired === true ? ('expired' as const) : undefined,
          consent,
        });
        const found = await allPersons(client, options.removed === true ? 'included' : 'excluded', filter);
        const isFiltered = Object.keys(filter).length > 0;
        print(options.json === true, found, () =>
          isFiltered && found.length === 0 ? 'No person is like that.' : personTable(found, time.show),
        );
        return exitCodes.done;
      }),
    );
  withCommonOptions(person.command('show'))
    .argument('<person>', personForms)
    .description('show one person, with notes, consent, groups and validity')
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
