import { configSchema } from '../../daemon/contract/settings/schema.js';
import { PhotoProcess } from '../../daemon/core/cameras/photo-process.js';
import { PhotoWall } from '../../daemon/core/cameras/photo-wall.js';
import { openConfiguredStore } from '../../daemon/host/models/configured-store.js';
import { systemClock as clock } from '../../daemon/host/system-clock.js';
import { systemRandom as random } from '../../daemon/host/system-random.js';
import { silentLogger } from '../../daemon/kernel/logger.js';
import { openVisionLauncher } from '../../daemon/vision/open-vision-launcher.js';
import { matchPolicy } from '../../daemon/vision/operating-point.js';
import { photoPlan } from '../../daemon/vision/plan.js';
import { chooseRecogniser } from '../../daemon/vision/recogniser-in-use.js';
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
  const { name, id, pack, dimensions } = await chooseRecogniser(store, config.vision.recogniser);
  const photos = new PhotoProcess({
    plan: () => photoPlan(config, name),
    logLevel: () => config.logging.level,
    ...{ clock, random, logger: silentLogger },
    wall: new PhotoWall(await openVisionLauncher('preferred')),
    signal: new AbortController().signal,
  });
  await photos.start();
  return {
    recogniser: id,
    dimensions,
    threshold: matchPolicy(config, pack).threshold,
    analysePhoto: (image, faceNumber) => photos.analyse(image, { photograph: 'new', faceNumber }),
    [Symbol.asyncDispose]: () => photos[Symbol.asyncDispose](),
  };
}
