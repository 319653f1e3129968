import type { Logger } from '../../base/logger.js';
import type { PersonId } from '../../domain/ids.js';
import type { ConditionPort } from '../../publish/condition-port.js';
import type { GalleryCalibration } from '../gallery/gallery-calibration.js';
import type { BoxConditions } from './box-conditions.js';

/** Persons that the condition names, those of the pairs most alike first: its event and the retained state stay small. */
const mostNamed = 50;

/**
 * Says that the recogniser does not fit the people of this site while it cannot tell some of them apart: whenever persons were
 * looked at again, which is at the start, after changes of the gallery and every night. While the gallery is sealed, what was
 * said before goes on. Returns how to stop.
 */
export function watchRecogniserFit(parts: {
  readonly calibration: Pick<GalleryCalibration, 'inseparable' | 'onCalibrated'>;
  readonly conditions: Pick<ConditionPort, 'change'> & Pick<BoxConditions, 'about'>;
  readonly logger: Logger;
}): () => void {
  const { calibration, conditions, logger } = parts;
  // A run before this one may have said it of persons who are gone.
  let named: readonly string[] = conditions.about()['recogniser-unfit'] ?? [];
  return calibration.onCalibrated(() => {
    const pairs = calibration.inseparable;
    const persons = new Set<PersonId>(pairs.flatMap(({ a, b }) => [a, b]));
    const holds = [...persons].slice(0, mostNamed);
    const over = named.filter((id) => !holds.some((held) => held === id));
    if (holds.some((id) => !named.includes(id))) {
      logger.error('the recogniser cannot tell some enrolled persons apart', {
        pairs: pairs.length,
        persons: persons.size,
      });
    }
    named = holds;
    conditions.change('recogniser-unfit', { pairs: pairs.length, persons: persons.size }, { holds, over });
  });
}
