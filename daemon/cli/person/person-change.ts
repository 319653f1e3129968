import type { Command } from 'commander';
import { badInput } from '../../base/errors.js';
import type { ProfileChange, UpdateResult } from '../../control/person-control.js';
import { type CommonOptions, withCommonOptions } from '../common-options.js';
import { openDaemonClient } from '../daemon-client.js';
import { type ExitCode, exitCodes, print, runAction } from '../output.js';
import { describePerson, noteOnConsent } from './person-text.js';
import { type ProfileOptions, readProfile, withProfileOptions } from './profile-options.js';

interface SetOptions extends CommonOptions, ProfileOptions {
  readonly name?: string;
}

export function registerChanges(person: Command): void {
  withCommonOptions(person.command('rename'))
    .argument('<id>', 'id of the person')
    .argument('<name>', 'the new name')
    .description("change a person's name; short for 'set ID --name NAME'")
    .action((id: string, name: string, options: CommonOptions) =>
      runAction(options.json === true, () => change(id, { name }, options)),
    );
  withProfileOptions(withCommonOptions(person.command('set')))
    .argument('<id>', 'id of the person')
    .option('--name <name>', 'the new name')
    .description("change what is written down about a person; an empty text ('') takes a value away")
    .action((id: string, options: SetOptions) =>
      runAction(options.json === true, async () => {
        const { name } = options;
        const wanted = { ...(await readProfile(options)), ...(name === undefined ? {} : { name }) };
        if (Object.keys(wanted).length === 0) {
          throw badInput('nothing-to-change', 'no option says what to change', {
            remedy: 'give --name, --external-id, --notes, the three of --consent-…, or --profile',
          });
        }
        return await change(id, wanted, options);
      }),
    );
}

async function change(id: string, wanted: ProfileChange, options: CommonOptions): Promise<ExitCode> {
  const { persons } = await openDaemonClient(options.config);
  const result = await persons.update(id, wanted);
  print(options.json === true, result, () => describeUpdate(id, result));
  if (result.outcome !== 'updated') return exitCodes.failed;
  const note = noteOnConsent(wanted.consent);
  if (note !== undefined) process.stderr.write(`${note}\n`);
  return exitCodes.done;
}

function describeUpdate(id: string, result: UpdateResult): string {
  switch (result.outcome) {
    case 'updated':
      return describePerson(result.person);
    case 'external-id-taken':
      return `nothing was changed: ${result.personId} has that external id`;
    case 'no-such-person':
      return `there is no person with id '${id}'\n  what to do: run 'rollcall person list' for the ids`;
  }
}
