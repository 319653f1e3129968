import { type Command, InvalidArgumentError } from 'commander';
import { badInput } from '../../base/errors.js';
import { noSuch } from '../../control/no-such.js';
import type { ProfileChange, UpdateResult } from '../../control/person-control.js';
import { type CommonOptions, withCommonOptions } from '../common-options.js';
import { type Box, openBox } from '../daemon-client.js';
import { type ExitCode, exitCodes, print, runAction } from '../output.js';
import type { ShowTime } from '../site-time.js';
import { describePerson, noteOnConsent } from './person-text.js';
import { type ProfileOptions, readProfile, withProfileOptions } from './profile-options.js';
import { personForms, whichPerson } from './which-person.js';

interface SetOptions extends CommonOptions, ProfileOptions {
  readonly name?: string;
  readonly threshold?: number | 'auto';
  readonly reason?: string;
}

export function registerChanges(person: Command): void {
  withCommonOptions(person.command('rename'))
    .argument('<person>', personForms)
    .argument('<name>', 'the new name')
    .description("change a person's name; short for 'set ID --name NAME'")
    .action((given: string, name: string, options: CommonOptions) =>
      runAction(options.json === true, async () =>
        change(await openBox(options.config), given, { name }, options.json === true),
      ),
    );
  withProfileOptions(withCommonOptions(person.command('set')))
    .argument('<person>', personForms)
    .option('--name <name>', 'the new name')
    .option(
      '--threshold <similarity>',
      "similarity from which a face counts as this person, with --reason; 'auto' for the one that calibration finds",
      thresholdOf,
    )
    .option('--reason <text>', 'why the threshold is set by hand')
    .description("change what is written down about a person; an empty text ('') takes a value away")
    .action((given: string, options: SetOptions) =>
      runAction(options.json === true, async () => {
        const { name } = options;
        const box = await openBox(options.config);
        const threshold = givenThreshold(options);
        const wanted = {
          ...(await readProfile(options, box.time)),
          ...(name === undefined ? {} : { name }),
          ...(threshold === undefined ? {} : { threshold }),
        };
        if (Object.keys(wanted).length === 0) {
          throw badInput('nothing-to-change', 'no option says what to change', {
            remedy:
              'give --name, --external-id, --notes, --threshold, the three of --consent-…, or --profile',
          });
        }
        return await change(box, given, wanted, options.json === true);
      }),
    );
}

function thresholdOf(text: string): number | 'auto' {
  if (text === 'auto') return text;
  const similarity = /^-?\d*\.?\d+$/.test(text) ? Number(text) : Number.NaN;
  if (similarity > -1 && similarity < 1) return similarity;
  throw new InvalidArgumentError("must be 'auto' or a number between -1 and 1");
}

/** @throws `reason-missing` */
function givenThreshold({ threshold, reason }: SetOptions): ProfileChange['threshold'] {
  if (threshold === 'auto') return null;
  if ((threshold === undefined) !== (reason === undefined)) {
    throw badInput(
      'reason-missing',
      'A threshold that is set by hand needs a reason, and a reason a threshold.',
      {
        remedy: 'Give --threshold and --reason together.',
      },
    );
  }
  return threshold === undefined || reason === undefined ? undefined : { similarity: threshold, reason };
}

async function change(
  { client, time }: Box,
  given: string,
  wanted: ProfileChange,
  isJson: boolean,
): Promise<ExitCode> {
  const id = await whichPerson(client.persons, { given, show: time.show });
  const result = await client.persons.update(id, wanted);
  if (result.outcome === 'no-such-person') throw noSuch('person', id, 'rollcall person list');
  print(isJson, result, () => describeUpdate(result, time.show));
  if (result.outcome !== 'updated') return exitCodes.failed;
  const note = noteOnConsent(wanted.consent);
  if (note !== undefined) process.stderr.write(`${note}\n`);
  return exitCodes.done;
}

function describeUpdate(
  result: Exclude<UpdateResult, { readonly outcome: 'no-such-person' }>,
  show: ShowTime,
): string {
  switch (result.outcome) {
    case 'updated':
      return describePerson(result.person, show);
    case 'external-id-taken':
      return `nothing was changed: ${result.personId} has that external id`;
  }
}
