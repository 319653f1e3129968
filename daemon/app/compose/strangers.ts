import { systemClock as clock } from '../../host/system-clock.js';
import { matchPolicy } from '../../models/operating-point.js';
import type { ReadingTrail } from '../audit/reading-trail.js';
import type { SightingIntake } from '../events/sighting-intake.js';
import type { BoxPersons } from '../gallery/box-persons.js';
import { pictureOfPassage } from '../passages/passage-picture.js';
import { BoxStrangers, strangerHandlers } from '../strangers/box-strangers.js';
import { Loitering, publishedStay } from '../strangers/loitering.js';
import { StrangerEnrolment } from '../strangers/stranger-enrolment.js';
import type { BoxContext, Stores } from './stores.js';

/** The operations on strangers. */
export function composeStrangers(
  { current }: BoxContext,
  { vault, records, recogniser }: Stores,
  { persons, readings }: { readonly persons: BoxPersons; readonly readings: ReadingTrail },
) {
  const journal = records.passages;
  const pictureOf = pictureOfPassage(records, () => vault.open?.gallery);
  const strangers = new BoxStrangers({
    ...{ journal, pictureOf, readings },
    gallery: () => vault.gallery(),
    enrolment: new StrangerEnrolment({ persons, journal, pictureOf }),
    threshold: () => matchPolicy(current(), recogniser.pack).threshold,
  });
  return strangerHandlers(strangers);
}

/** The newest events about stays that a start reads. A stay that was published before them is over. */
const readStays = 1_000;

/** Starts to look for strangers who stay. While the gallery is sealed, no stranger is known. */
export function startLoitering(
  { current, lifetime, logger }: BoxContext,
  { vault, records }: Stores,
  intake: Pick<SightingIntake, 'openPassages'>,
): void {
  const stays = records.list({ kind: 'loitering', limit: readStays });
  const loitering = new Loitering({
    strangers: () => vault.open?.gallery.strangers,
    openPassages: () => current().cameras.flatMap((camera) => intake.openPassages(camera.id)),
    published: stays.flatMap(publishedStay),
    record: (notice) => void records.record(notice),
    loiteringAfterS: () => current().rules.loiteringAfterS,
    ...{ clock, logger },
  });
  lifetime.defer('strangers who stay', () => loitering[Symbol.dispose]());
  loitering.start();
}
