import type { Command } from 'commander';
import type { ProfileChange } from '../../contract/persons.js';
import type { GivenProfile } from '../../kernel/persons/person-profile.js';
import { present } from '../../kernel/present.js';
import { refusal } from '../../words/errors.js';
import { type CommonOptions, withCommonOptions } from '../common-options.js';
import { describeEnrolment, noteOnConsent } from '../person-text.js';
import { showAnswer } from '../show-answer.js';
import { type FaceOptions, faceOf, readPhotographs, withFaceOptions } from './photograph-files.js';
import { type ProfileOptions, readProfile, withProfileOptions } from './profile-options.js';

interface AddOptions extends CommonOptions, ProfileOptions, FaceOptions {
  readonly image: readonly string[];
  readonly dryRun?: boolean;
}

export function registerAdd(person: Command): void {
  const add = withFaceOptions(withProfileOptions(withCommonOptions(person.command('add'))))
    .argument('[name]', 'name of the person; stored encrypted, never published')
    .requiredOption(
      '-i, --image <file...>',
      'photos of this person only: sharp, well lit, looking into the camera',
    )
    .option('--dry-run', 'check everything; store nothing')
    .description('enrol a person from photos; exit code 1 if the person is refused');
  add.action((name: string | undefined, options: AddOptions) =>
    showAnswer(
      options,
      async ({ client, time }) => {
        const profile = givenProfile(name, await readProfile(options, time));
        const result = await client.call('persons.enrol', {
          ...profile,
          photographs: await readPhotographs(options.image),
          ...faceOf(options),
          isDryRun: options.dryRun === true,
        });
        noteOnConsent(profile.consent);
        return result;
      },
      (result, { language }) => describeEnrolment(result, options.image, language),
      ({ outcome }) => outcome !== 'enrolled' && outcome !== 'enrollable',
    ),
  );
}

/** A null value removes a field; for a new person it means absent. */
export function givenProfile(argument: string | undefined, read: ProfileChange): GivenProfile {
  const name = argument ?? read.name;
  if (name === undefined) {
    throw refusal('name-missing');
  }
  const { externalId, notes, fields, consent, groups, validFrom, validUntil, watch } = read;
  return {
    name,
    ...present({
      externalId: externalId ?? undefined,
      notes: notes ?? undefined,
      fields:
        fields && Object.fromEntries(Object.entries(fields).map(([id, value]) => [id, value ?? ''] as const)),
      consent: consent ?? undefined,
      groups: groups ?? undefined,
      validFrom: validFrom ?? undefined,
      validUntil: validUntil ?? undefined,
      watch: watch ?? undefined,
    }),
  };
}
