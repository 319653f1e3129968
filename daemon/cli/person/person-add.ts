import type { Command } from 'commander';
import type { ProfileChange } from '../../contract/persons.js';
import { exitCodes, print, runAction } from '../../host/output.js';
import { badInput } from '../../kernel/errors.js';
import type { GivenProfile } from '../../kernel/persons/person-profile.js';
import { present } from '../../kernel/present.js';
import { type CommonOptions, withCommonOptions } from '../common-options.js';
import { openBox } from '../daemon-client.js';
import { describeEnrolment, noteOnConsent } from '../person-text.js';
import { type FaceOptions, readPhotographs, withFaceOptions } from './photograph-files.js';
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
    runAction(options.json === true, async () => {
      const { client, time } = await openBox(options.config);
      const profile = givenProfile(name, await readProfile(options, time));
      const photographs = await readPhotographs(options.image);
      const result = await client.call('persons.enrol', {
        ...profile,
        photographs,
        ...present({ faceNumber: options.face }),
        isDuplicateAllowed: options.allowDuplicate === true,
        isDryRun: options.dryRun === true,
      });
      const note = noteOnConsent(profile.consent);
      if (note !== undefined) process.stderr.write(`${note}\n`);
      print(options.json === true, result, () => describeEnrolment(result, options.image));
      return result.outcome === 'enrolled' || result.outcome === 'enrollable'
        ? exitCodes.done
        : exitCodes.failed;
    }),
  );
}

/** A null value removes a field; for a new person it means absent. */
export function givenProfile(argument: string | undefined, read: ProfileChange): GivenProfile {
  const name = argument ?? read.name;
  if (name === undefined) {
    throw badInput('name-missing', 'the name of the person is missing', {
      remedy: 'Give the name, or put it in the file of --profile.',
    });
  }
  const { externalId, notes, consent, groups, validFrom, validUntil, watch } = read;
  return {
    name,
    ...present({
      externalId: externalId ?? undefined,
      notes: notes ?? undefined,
      consent: consent ?? undefined,
      groups: groups ?? undefined,
      validFrom: validFrom ?? undefined,
      validUntil: validUntil ?? undefined,
      watch: watch ?? undefined,
    }),
  };
}
