import { galleryFaults, unfitnessOf } from '../../kernel/identification/expected-rates.js';
import type { Logger } from '../../kernel/logger.js';
import type { ConditionPort } from '../delivery/condition-port.js';
import type { GalleryCalibration } from '../gallery/gallery-calibration.js';

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
