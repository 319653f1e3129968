import type { guidedEnrolmentOperations } from '../../contract/guided-enrolment.js';
import type { Handlers } from '../../contract/handlers.js';
import { localDate } from '../../host/local-date.js';
import { systemClock as clock } from '../../host/system-clock.js';
import { matchPolicy } from '../../vision/operating-point.js';
import { notFound } from '../api/not-found.js';
import type { ReadingTrail } from '../audit/reading-trail.js';
import { takeSnapshot } from '../cameras/camera-snapshot.js';
import type { PhotoProcess } from '../cameras/photo-process.js';
import { guidedEnrolmentHandlers } from '../enrolments/enrolment-handlers.js';
import { OpenEnrolments } from '../enrolments/open-enrolments.js';
import type { EnrolledPersons } from '../persons/enrolled-persons.js';
import type { Runtime } from '../runtime/runtime.js';
import type { ComposeContext, Stores } from './stores.js';

interface EnrolmentParts {
  readonly persons: EnrolledPersons;
  readonly photos: PhotoProcess;
  readonly clips: PhotoProcess;
  readonly readings: ReadingTrail;
  readonly runtime: Pick<Runtime, 'config' | 'vision'>;
}

/** Opens the guided enrolments of the box. */
export function composeEnrolments(
  { current, lifetime, logger }: ComposeContext,
  { vault, recogniser }: Stores,
  { persons, photos, clips, readings, runtime }: EnrolmentParts,
): Handlers<typeof guidedEnrolmentOperations> {
  const { audit } = vault;
  const { timeZone } = current().site;
  const open = new OpenEnrolments({
    ...{ photos, clips, audit, readings, clock, logger },
    threshold: () => matchPolicy(current(), recogniser.pack).threshold,
    recogniser: () => vault.gallery().recogniser,
  });
  lifetime.defer('guided enrolments', () => open[Symbol.dispose]());
  return guidedEnrolmentHandlers({
    ...{ open, vault, persons, audit, readings, clock },
    todayIso: () => localDate(clock.wallMs(), timeZone),
    snapshot(id) {
      if (!runtime.config.cameras.some((camera) => camera.id === id)) {
        throw notFound('camera', id, 'rollcall camera list');
      }
      return takeSnapshot(id, runtime.vision.pool, { isMarked: false });
    },
  });
}
