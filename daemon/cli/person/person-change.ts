import { type Command, InvalidArgumentError } from 'commander';
import { personForms } from '../../contract/command-line.js';
import { describeUpdate, type ProfileChange } from '../../contract/persons.js';
import { badInput } from '../../kernel/errors.js';
import { present } from '../../kernel/present.js';
import { type CommonOptions, withCommonOptions } from '../common-options.js';
import { noteOnConsent } from '../person-text.js';
import { showAnswer } from '../show-answer.js';
import { type ProfileOptions, readProfile, withProfileOptions } from './profile-options.js';
import { whichPerson } from './which-person.js';

interface SetOptions extends CommonOptions, ProfileOptions {
  readonly name?: string;
  readonly threshold?: number | 'auto';
  readonly reason?: string;
}

export function registerSet(person: Command): void {
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
      showAnswer(
        options,
        async ({ client, time }) => {
          const threshold = givenThreshold(options);
          const wanted = {
            ...(await readProfile(options, time)),
            ...present({ name: options.name, threshold }),
          };
          if (Object.keys(wanted).length === 0) throw nothingToChange();
          const id = await whichPerson(client, { given, show: time.show });
          const result = await client.call('persons.update', { id, ...wanted });
          if (result.outcome === 'updated') noteOnConsent(wanted.consent);
          return result;
        },
        describeUpdate,
        ({ outcome }) => outcome !== 'updated',
      ),
    );
}

const nothingToChange = () =>
  badInput('nothing-to-change', 'no change was given', {
    remedy:
      'Give --name, --external-id, --notes, --group, --valid-from, --valid-until, --watch, --threshold, --profile, or all three --consent-… options.',
  });

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
