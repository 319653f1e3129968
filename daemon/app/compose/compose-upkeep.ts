import { badInput } from '../../base/errors.js';
import type { Logger } from '../../base/logger.js';
import type { Config } from '../../config/schema.js';
import { type RecogniserName, recogniserNames } from '../../config/vision-schema.js';
import type { RecogniserId } from '../../domain/ids.js';
import type { OpenEmbedder } from '../../gallery/re-embedding/re-embed-step.js';
import { systemClock as clock } from '../../host/system-clock.js';
import { systemRandom as random } from '../../host/system-random.js';
import { openConfiguredStore } from '../../models/configured-store.js';
import { matchPolicy, ownThreshold } from '../../models/operating-point.js';
import { type RecogniserInUse, recogniserInUse } from '../../vision/recogniser-in-use.js';
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

/**
 * Similarities from which each recogniser takes two faces for one person: of the one in use as configured, of the others as the
 * manifest has them.
 */
export async function matchThresholds(
  config: Config,
  inUse: RecogniserInUse,
): Promise<ReadonlyMap<RecogniserId, number>> {
  const store = await openConfiguredStore(config.models.dir);
  const thresholds = new Map<RecogniserId, number>();
  for (const name of recogniserNames) {
    const { id, pack } = recogniserInUse(store, name);
    const threshold = ownThreshold(pack);
    if (threshold !== undefined) thresholds.set(id, threshold);
  }
  return thresholds.set(inUse.id, matchPolicy(config, inUse.pack).threshold);
}

/** @throws `unknown-recogniser` */
function recogniserCalled(name: string): RecogniserName {
  const found = recogniserNames.find((known) => known === name);
  if (found !== undefined) return found;
  throw badInput('unknown-recogniser', `there is no recogniser called '${name}'`, {
    remedy: `name one of ${recogniserNames.join(', ')}`,
  });
}
