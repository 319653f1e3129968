import { localDate } from '../../host/local-date.js';
import type { MatchPolicy } from '../../kernel/identification/match.js';
import { falseMatchesIn } from '../../kernel/passages/mark.js';
import type { ChosenRecogniser } from '../../vision/recogniser-in-use.js';
import type { ReadingTrail } from '../audit/reading-trail.js';
import type { PhotoProcess } from '../cameras/photo-process.js';
import type { GalleryCalibration } from '../gallery/gallery-calibration.js';
import type { GalleryVault } from '../gallery/gallery-vault.js';
import type { PartContext } from '../part-context.js';
import { recordedMarks } from '../passages/recorded-marks.js';
import type { Records } from '../records/records.js';
import { EnrolledPersons, type EnrolledPersonsOptions } from './enrolled-persons.js';
import { OpenImports } from './open-imports.js';
import { personHandlers } from './person-handlers.js';
import { personNames } from './person-names.js';

/** Gives the name of a person to other parts. */
export function namePersons({ vault }: { readonly vault: GalleryVault }): {
  readonly nameOf: (id: string) => string | undefined;
} {
  return { nameOf: personNames(() => vault.open?.gallery) };
}

/** Serves persons and their enrolment from photos. */
export function openPersons({
  vault,
  records,
  recogniser,
  calibration,
  policy,
  photos,
  readings,
  forgetPerson,
  forgetCopies,
  current,
  clock,
  logger,
}: PartContext &
  Pick<EnrolledPersonsOptions, 'forgetPerson' | 'forgetCopies'> & {
    readonly vault: GalleryVault;
    readonly records: Records & EnrolledPersonsOptions['records'];
    readonly recogniser: ChosenRecogniser;
    readonly calibration: GalleryCalibration;
    readonly policy: () => MatchPolicy;
    readonly photos: PhotoProcess;
    readonly readings: ReadingTrail;
  }) {
  const { timeZone } = current().site;
  const persons = new EnrolledPersons({
    ...{ vault, records, policy, readings, forgetPerson, forgetCopies, logger },
    ownThresholdOf: (id) => calibration.ownThresholdOf(id),
    falseMatches: () => falseMatchesIn(recordedMarks(records), recogniser.id),
    todayIso: () => localDate(clock.wallMs(), timeZone),
    definedFields: () => new Set(current().persons.fields.map(({ id }) => id)),
    analysePhoto: (image, faceNumber) => photos.analyse(image, { photograph: 'new', faceNumber }),
  });
  return {
    persons,
    handlers: { ...personHandlers(persons), ...new OpenImports(persons, clock, logger) },
  };
}
