import type { PassageId } from '../../kernel/ids.js';
import type { ReadingTrail } from '../audit/reading-trail.js';
import type { CamerasInUse } from '../cameras/vision-runtime.js';
import type { GalleryCalibration } from '../gallery/gallery-calibration.js';
import type { GalleryVault } from '../gallery/gallery-vault.js';
import type { PartContext } from '../part-context.js';
import type { PassageJournal } from '../passages/passage-journal.js';
import type { Records } from '../records/records.js';
import { camerasToReview } from './cameras-to-review.js';
import { lookAlikesToReview } from './look-alikes-to-review.js';
import { type PassagesToReviewOptions, passagesToReview } from './passages-to-review.js';
import { Review, reviewHandlers } from './review-handlers.js';
import type { ReviewRecords } from './review-records.js';
import { unknownPeopleToReview } from './unknown-people-to-review.js';

/** Serves the review queue over what other parts have stored. */
export function serveReview({
  vault,
  records,
  runtime,
  calibration,
  readings,
  nameOf,
  pictureOf,
  clock,
}: PartContext & {
  readonly vault: GalleryVault;
  readonly records: Records & { readonly passages: PassageJournal; readonly review: ReviewRecords };
  readonly runtime: Pick<CamerasInUse, 'vision' | 'cameras'>;
  readonly calibration: GalleryCalibration;
  readonly readings: ReadingTrail;
  readonly nameOf: (id: string) => string | undefined;
  readonly pictureOf: PassagesToReviewOptions['pictureOf'];
}) {
  const { review: reviewed, passages: journal } = records;
  const gallery = () => vault.gallery();
  const hasPicture = (id: PassageId): boolean => {
    const passage = journal.find(id)?.passage;
    return passage !== undefined && pictureOf(passage) !== undefined;
  };
  const ofPassages = { journal, records: reviewed, pictureOf };
  const review = new Review({
    sources: [
      camerasToReview({ cameras: () => runtime.vision.board.status(runtime.cameras), records }),
      passagesToReview({ kind: 'unproven', ...ofPassages }),
      passagesToReview({ kind: 'near-match', ...ofPassages }),
      unknownPeopleToReview({ gallery, hasPicture }),
      lookAlikesToReview({ calibration, gallery }),
    ],
    ...{ records: reviewed, gallery, nameOf, readings, audit: vault.audit, clock },
  });
  return { handlers: reviewHandlers(review) };
}
