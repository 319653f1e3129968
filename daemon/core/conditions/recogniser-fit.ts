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
