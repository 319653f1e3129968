import { photoPlan } from '../../daemon/app/cameras/vision-plan.js';
import { VisionPool } from '../../daemon/app/cameras/vision-pool.js';
import { untilVisionRuns } from '../../daemon/app/cameras/vision-start.js';
import { silentLogger } from '../../daemon/base/logger.js';
import { configSchema } from '../../daemon/config/schema.js';
import { systemClock as clock } from '../../daemon/host/system-clock.js';
import { systemRandom as random } from '../../daemon/host/system-random.js';
import { openConfiguredStore } from '../../daemon/models/configured-store.js';
import { matchPolicy } from '../../daemon/models/operating-point.js';
import { recogniserInUse } from '../../daemon/vision/recogniser-in-use.js';
import type { PhotographReader } from '../../test/support/gallery-persons.js';

/** What `models` says where the program's own place is meant. */
export const ownModels = '';

/** A vision process with the real networks, as a box has one. `models`: as `models.dir` of the configuration. */
export async function startPhotographReader(models: string): Promise<PhotographReader & AsyncDisposable> {
  const config = configSchema.parse({
    site: { id: 'bench', timeZone: 'Etc/UTC' },
    vision: { provider: 'cpu' },
    logging: { level: 'error' },
    ...(models === ownModels ? {} : { models: { dir: models } }),
  });
  const store = await openConfiguredStore(config.models.dir);
  const { id, pack, dimensions } = recogniserInUse(store, config.vision.recogniser);
  const pool = new VisionPool({
    processes: 1,
    plan: photoPlan(config),
    logLevel: config.logging.level,
    clock,
    random,
    logger: silentLogger,
    onReport: () => undefined,
    onRound: () => undefined,
    onDown: () => undefined,
  });
  pool.start();
  await untilVisionRuns(pool, new AbortController().signal);
  return {
    recogniser: id,
    dimensions,
    threshold: matchPolicy(config, pack).threshold,
    analysePhoto: (image, faceNumber) => pool.analysePhoto(image, faceNumber),
    [Symbol.asyncDispose]: () => pool[Symbol.asyncDispose](),
  };
}
