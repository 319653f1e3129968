import { badInput } from '../../base/errors.js';
import type { Logger } from '../../base/logger.js';
import type { Config } from '../../config/schema.js';
import { type RecogniserName, recogniserNames } from '../../config/vision-schema.js';
import type { OpenEmbedder } from '../../gallery/re-embedding/re-embed-step.js';
import { systemClock as clock } from '../../host/system-clock.js';
import { systemRandom as random } from '../../host/system-random.js';
import { startPhotoEmbedder } from '../gallery/photo-embedder.js';

/** Starts a vision process of its own for another recogniser, with everything else as configured. */
export function embedderSource(current: () => Config, logger: Logger): OpenEmbedder {
  return async (name, signal) =>
    startPhotoEmbedder({
      config: current(),
      recogniser: recogniserCalled(name),
      logger,
      clock,
      random,
      ...(signal === undefined ? {} : { signal }),
    });
}

/** @throws `unknown-recogniser` */
function recogniserCalled(name: string): RecogniserName {
  const found = recogniserNames.find((known) => known === name);
  if (found !== undefined) return found;
  throw badInput('unknown-recogniser', `there is no recogniser called '${name}'`, {
    remedy: `name one of ${recogniserNames.join(', ')}`,
  });
}
