import { galleryFaults, unfitnessOf } from '../../kernel/identification/expected-rates.js';
import type { PersonId } from '../../kernel/ids.js';
import type { Logger } from '../../kernel/logger.js';
import type { ConditionPort } from '../delivery/condition-port.js';
import type { GalleryCalibration } from '../gallery/gallery-calibration.js';
import type { Conditions } from './conditions.js';

/**
 * The condition names at most this many persons, so that its event and the retained state stay small. The most alike pairs come
 * first.
 */
const mostNamed = 50;

/**
 * Keeps the condition `recogniser-unfit` active while the recogniser cannot tell some persons of the gallery apart. Checks this
 * after each calibration: when the gallery opens, after changes and every night. There is no calibration while the gallery is
 * sealed, so the condition stays as it is. Returns a function that stops the watch.
 */
export function watchRecogniserFit(options: {
  readonly calibration: Pick<GalleryCalibration, 'inseparable' | 'onCalibrated'>;
  readonly conditions: Pick<ConditionPort, 'change'> & Pick<Conditions, 'about'>;
  readonly logger: Logger;
}): () => void {
  const { calibration, conditions, logger } = options;
  // The persons that an earlier run of the daemon named. Some of them may be erased since.
  let named: readonly string[] = conditions.about()['recogniser-unfit'] ?? [];
  return calibration.onCalibrated(() => {
    const pairs = calibration.inseparable;
    const persons = new Set<PersonId>(pairs.flatMap(({ a, b }) => [a, b]));
    const active = [...persons].slice(0, mostNamed);
    const over = named.filter((id) => !active.some((each) => each === id));
    if (active.some((id) => !named.includes(id))) {
      logger.error('the recogniser cannot tell some enrolled persons apart', {
        pairs: pairs.length,
        persons: persons.size,
      });
    }
    named = active;
    conditions.change('recogniser-unfit', { pairs: pairs.length, persons: persons.size }, { active, over });
  });
}

/**
 * Keeps the condition `gallery-unfit` active while the thresholds in force cannot give what the owner wants of this gallery. Checks
 * this after each calibration, as `watchRecogniserFit` does. Returns a function that stops the watch.
 */
export function watchGalleryFit({
  calibration,
  conditions,
  logger,
}: {
  readonly calibration: Pick<GalleryCalibration, 'expectation' | 'onCalibrated'>;
  readonly conditions: Pick<ConditionPort, 'change'>;
  readonly logger: Logger;
}): () => void {
  let before = '';
  return calibration.onCalibrated(() => {
    const { expectation } = calibration;
    if (expectation === undefined) return;
    const active = unfitnessOf(expectation);
    const over = galleryFaults.filter((fault) => !active.includes(fault));
    const { targetFpir = 0, fpir = 0, fnir = 0 } = expectation;
    const details = { targetFpir, expectedFpir: fpir, expectedFnir: fnir };
    if (active.length > 0 && active.join() !== before)
      logger.warn('the gallery does not allow the wanted error rates', { faults: active, ...details });
    before = active.join();
    conditions.change('gallery-unfit', details, { active, over });
  });
}
