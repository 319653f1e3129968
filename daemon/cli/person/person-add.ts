import { type Command, InvalidArgumentError } from 'commander';
import { badInput } from '../../base/errors.js';
import type { ProfileChange } from '../../control/person-control.js';
import type { GivenProfile } from '../../domain/persons/person-profile.js';
import { type CommonOptions, withCommonOptions } from '../common-options.js';
import { openBox } from '../daemon-client.js';
import { readPhotograph } from '../import/import-folder.js';
import { exitCodes, print, runAction } from '../output.js';
import { describeEnrolment, noteOnConsent } from './person-text.js';
import { type ProfileOptions, readProfile, withProfileOptions } from './profile-options.js';

interface AddOptions extends CommonOptions, ProfileOptions {
  readonly image: readonly string[];
  readonly face?: number;
  readonly allowDuplicate?: boolean;
  readonly dryRun?: boolean;
}

export function registerAdd(person: Command): void {
  const add = withProfileOptions(withCommonOptions(person.command('add')))
    .argument('[name]', 'name of the person; stored encrypted, never published')
    .requiredOption(
      '-i, --image <file...>',
      'photographs of this one person, which must agree with each other: sharp, lit, looking into the camera',
    )
    .option(
      '--face <number>',
      'take this one of several faces in the photograph, counted from 1, from left to right; with one photograph only',
      faceNumber,
    )
    .option('--allow-duplicate', 'enrol although the face resembles somebody already enrolled')
    .option('--dry-run', 'tell what would happen; store nothing')
    .description('enrol a person from photographs; exit code 1 when they are refused');
  add.action((name: string | undefined, options: AddOptions) =>
    runAction(options.json === true, async () => {
      const { client, time } = await openBox(options.config);
      const profile = givenProfile(name, await readProfile(options, time));
      const photographs = await Promise.all(options.image.map(readPhotograph));
      const result = await client.persons.add({
        ...profile,
        photographs,
        ...(options.face === undefined ? {} : { faceNumber: options.face }),
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

function faceNumber(text: string): number {
  if (/^[1-9]\d{0,2}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('must be a whole number from 1 to 999');
}

/** A new person has nothing that could be taken away: null means absent. */
function givenProfile(argument: string | undefined, read: ProfileChange): GivenProfile {
  const name = argument ?? read.name;
  if (name === undefined) {
    throw badInput('name-missing', 'the person has no name', {
      remedy: 'give it as an argument, or in the file of --profile',
    });
  }
  const { externalId, notes, consent } = read;
  return {
    name,
    ...(typeof externalId === 'string' ? { externalId } : {}),
    ...(typeof notes === 'string' ? { notes } : {}),
    ...(consent === undefined || consent === null ? {} : { consent }),
  };
}
