import { Recurring } from '../../kernel/recurring.js';
import { matchPolicy } from '../../vision/operating-point.js';
import type { ChosenRecogniser } from '../../vision/recogniser-in-use.js';
import type { ReadingTrail } from '../audit/reading-trail.js';
import type { GalleryVault } from '../gallery/gallery-vault.js';
import type { PartContext } from '../part-context.js';
import type { PassageJournal } from '../passages/passage-journal.js';
import type { EnrolledPersons } from '../persons/enrolled-persons.js';
import type { Records } from '../records/records.js';
import type { SightingIntake } from '../sightings/sighting-intake.js';
import { Loitering, publishedStay } from './loitering.js';
import { SetAside } from './set-aside.js';
import { settleMoves } from './settle-moves.js';
import { StrangerEnrolment } from './stranger-enrolment.js';
import { Strangers, type StrangersOptions, strangerHandlers } from './stranger-handlers.js';

/** How often to look for strangers who can no longer be restored. */
const forgetEveryMs = 30_000;

type StrangerStores = PartContext & {
  readonly vault: GalleryVault;
  readonly records: Records & { readonly passages: PassageJournal };
};

/** Serves the operations on strangers, and ends those who are set aside. */
export function serveStrangers({
  vault,
  records,
  recogniser,
  persons,
  readings,
  pictureOf,
  current,
  lifetime,
  clock,
  logger,
}: StrangerStores & {
  readonly recogniser: ChosenRecogniser;
  readonly persons: EnrolledPersons;
  readonly readings: ReadingTrail;
  readonly pictureOf: StrangersOptions['pictureOf'];
}) {
  const journal = records.passages;
  const gallery = () => vault.gallery();
  const settle = (): void => {
    if (vault.open !== undefined)
      settleMoves({ strangers: gallery().strangers, journal, audit: vault.audit });
  };
  settle();
  lifetime.defer('moves of passages', vault.onChanged(settle));
  const setAside = new SetAside({ gallery, journal, persons, clock });
  lifetime.use(
    'unknown people who are set aside',
    new Recurring({
      ...{ clock, everyMs: forgetEveryMs },
      // While the gallery is sealed, they wait: their templates and pictures cannot be read.
      work: async (signal) => {
        if (vault.open !== undefined) await setAside.forgetDue(signal);
      },
      onFailure: (error) =>
        logger.error('unknown people whom the box was told to forget are not deleted yet; retrying', {
          error,
        }),
    }).start(),
  );
  const strangers = new Strangers({
    ...{ journal, pictureOf, readings, gallery, setAside },
    enrolment: new StrangerEnrolment({ persons, journal, pictureOf }),
    threshold: () => matchPolicy(current(), recogniser.pack).threshold,
  });
  return { handlers: strangerHandlers(strangers) };
}

/** The newest events about stays that a start reads. A stay that was published before them is over. */
const readStays = 1_000;

/** Starts to look for strangers who stay. While the gallery is sealed, no stranger is known. */
export function watchLoitering({
  vault,
  records,
  intake,
  current,
  lifetime,
  clock,
  logger,
}: StrangerStores & { readonly intake: Pick<SightingIntake, 'openPassages'> }): void {
  const stays = records.list({ kind: 'loitering', limit: readStays });
  const loitering = new Loitering({
    strangers: () => vault.open?.gallery.strangers,
    openPassages: () => current().cameras.flatMap((camera) => intake.openPassages(camera.id)),
    published: stays.flatMap(publishedStay),
    record: (notice) => void records.record(notice),
    loiteringAfterS: () => current().rules.loiteringAfterS,
    ...{ clock, logger },
  });
  lifetime.defer('unknown people who stay', () => loitering[Symbol.dispose]());
  loitering.start();
}
