import { type Command, InvalidArgumentError } from 'commander';
import type { ProfileChange, UpdateResult } from '../../contract/persons.js';
import { type ExitCode, exitCodes, print, runAction } from '../../host/output.js';
import { badInput } from '../../kernel/errors.js';
import { present } from '../../kernel/present.js';
import { type CommonOptions, withCommonOptions } from '../common-options.js';
import { type Box, openBox } from '../daemon-client.js';
import { describePerson, noteOnConsent } from '../person-text.js';
import type { ShowTime } from '../site-time.js';
import { type ProfileOptions, readProfile, withProfileOptions } from './profile-options.js';
import { personForms, whichPerson } from './which-person.js';

interface SetOptions extends CommonOptions, ProfileOptions {
  readonly name?: string;
  readonly threshold?: number | 'auto';
  readonly reason?: string;
}

export function registerRenameAndSet(person: Command): void {
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
      "lowest similarity at which a face is recognised as this person; needs --reason. 'auto' returns to the threshold from calibration",
      thresholdOf,
    )
    .option('--reason <text>', 'why the threshold is set by hand')
    .description("change the profile of a person; an empty text ('') deletes a value")
    .action((given: string, options: SetOptions) =>
      runAction(options.json === true, async () => {
        const { name } = options;
        const box = await openBox(options.config);
        const threshold = givenThreshold(options);
        const wanted = {
          ...(await readProfile(options, box.time)),
          ...present({ name, threshold }),
        };
        if (Object.keys(wanted).length === 0) {
          throw badInput('nothing-to-change', 'no change was given', {
            remedy:
              'Give --name, --external-id, --notes, --group, --valid-from, --valid-until, --watch, --threshold, --profile, or all three --consent-… options.',
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
    throw badInput('reason-missing', '--threshold and --reason must be given together', {
      remedy: 'Give both options.',
    });
  }
  return threshold === undefined || reason === undefined ? undefined : { similarity: threshold, reason };
}

async function change(
  { client, time }: Box,
  given: string,
  wanted: ProfileChange,
  isJson: boolean,
): Promise<ExitCode> {
  const id = await whichPerson(client, { given, show: time.show });
  const result = await client.call('persons.update', { id, ...wanted });
  print(isJson, result, () => describeUpdate(result, time.show));
  if (result.outcome !== 'updated') return exitCodes.failed;
  const note = noteOnConsent(wanted.consent);
  if (note !== undefined) process.stderr.write(`${note}\n`);
  return exitCodes.done;
}

function describeUpdate(result: UpdateResult, show: ShowTime): string {
  switch (result.outcome) {
    case 'updated':
      return describePerson(result.person, show);
    case 'external-id-taken':
      return `Nothing was changed: the person ${result.personId} already has this external id`;
  }
}
