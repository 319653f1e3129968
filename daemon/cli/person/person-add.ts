import { type Command, InvalidArgumentError } from 'commander';
import { badInput } from '../../base/errors.js';
import { present } from '../../base/present.js';
import { maximumEnrolmentBytes, maximumPhotographs } from '../../contract/enrolment.js';
import type { ProfileChange } from '../../contract/persons.js';
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
      'photographs of this person only: sharp, well lit, looking into the camera',
    )
    .option(
      '--face <number>',
      'which of several faces in the photograph to use, counted from the left, from 1; only with a single photograph',
      faceNumber,
    )
    .option('--allow-duplicate', 'enrol even if the face resembles an enrolled person')
    .option('--dry-run', 'check everything; store nothing')
    .description('enrol a person from photographs; exit code 1 if the person is refused');
  add.action((name: string | undefined, options: AddOptions) =>
    runAction(options.json === true, async () => {
      const { client, time } = await openBox(options.config);
      refuseTooMany(options.image.length);
      const profile = givenProfile(name, await readProfile(options, time));
      const photographs = await Promise.all(options.image.map(readPhotograph));
      refuseTooLarge(photographs);
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

/** @throws `too-many-photographs` */
function refuseTooMany(count: number): void {
  if (count <= maximumPhotographs) return;
  throw badInput(
    'too-many-photographs',
    `${count} photographs were given, but a person is enrolled with at most ${maximumPhotographs} photographs`,
    { remedy: 'leave out some; more views do not improve recognition' },
  );
}

/** @throws `request-too-large` */
function refuseTooLarge(photographs: readonly Buffer[]): void {
  const bytes = photographs.reduce((sum, { length }) => sum + length, 0);
  if (bytes <= maximumEnrolmentBytes) return;
  const mebibytes = maximumEnrolmentBytes / 1024 / 1024;
  throw badInput('request-too-large', `the photographs together are larger than ${mebibytes} MiB`, {
    remedy: 'send fewer or smaller photographs; 2000 pixels on the longer side are enough',
  });
}

function faceNumber(text: string): number {
  if (/^[1-9]\d{0,2}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('must be a whole number from 1 to 999');
}

/** A null value removes a field; for a new person it means absent. */
function givenProfile(argument: string | undefined, read: ProfileChange): GivenProfile {
  const name = argument ?? read.name;
  if (name === undefined) {
    throw badInput('name-missing', 'the name of the person is missing', {
      remedy: 'give the name as an argument, or in the file of --profile',
    });
  }
  const { externalId, notes, consent } = read;
  return {
    name,
    ...present({
      externalId: externalId ?? undefined,
      notes: notes ?? undefined,
      consent: consent ?? undefined,
    }),
  };
}
