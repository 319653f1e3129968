import { localDate } from '../../host/local-date.js';
import { matchPolicy } from '../../vision/operating-point.js';
import type { ChosenRecogniser } from '../../vision/recogniser-in-use.js';
import { notFound } from '../api/not-found.js';
import type { ReadingTrail } from '../audit/reading-trail.js';
import { takeSnapshot } from '../cameras/camera-snapshot.js';
import type { PhotoProcess } from '../cameras/photo-process.js';
import type { CamerasInUse } from '../cameras/vision-runtime.js';
import type { GalleryVault } from '../gallery/gallery-vault.js';
import type { PartContext } from '../part-context.js';
import type { EnrolledPersons } from '../persons/enrolled-persons.js';
import { guidedEnrolmentHandlers } from './enrolment-handlers.js';
import { OpenEnrolments } from './open-enrolments.js';

/** Serves guided enrolments. They live in memory. */
export function serveEnrolments({
  vault,
  recogniser,
  persons,
  photos,
  clips,
  readings,
  runtime,
  current,
  lifetime,
  clock,
  logger,
}: PartContext & {
  readonly vault: GalleryVault;
  readonly recogniser: ChosenRecogniser;
  readonly persons: EnrolledPersons;
  readonly photos: PhotoProcess;
  readonly clips: PhotoProcess;
  readonly readings: ReadingTrail;
  readonly runtime: Pick<CamerasInUse, 'config' | 'vision'>;
}) {
  const { audit } = vault;
  const { timeZone } = current().site;
  const open = new OpenEnrolments({
    ...{ photos, clips, audit, readings, clock, logger },
    threshold: () => matchPolicy(current(), recogniser.pack).threshold,
    recogniser: () => vault.gallery().recogniser,
  });
  lifetime.defer('guided enrolments', () => open[Symbol.dispose]());
  const handlers = guidedEnrolmentHandlers({
    ...{ open, vault, persons, audit, readings, clock },
    todayIso: () => localDate(clock.wallMs(), timeZone),
    snapshot(id) {
      if (!runtime.config.cameras.some((camera) => camera.id === id)) {
        throw notFound('camera', id, 'rollcall camera list');
      }
      return takeSnapshot(id, runtime.vision.pool, { isMarked: false });
    },
  });
  return { handlers };
}
