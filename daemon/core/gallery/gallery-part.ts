import { openConfiguredStore } from '../../host/models/configured-store.js';
import type { RecogniserId } from '../../kernel/ids.js';
import { matchPolicy, ownThreshold } from '../../vision/operating-point.js';
import { type ChosenRecogniser, knownRecognisers, recogniserInUse } from '../../vision/recogniser-in-use.js';
import type { ReadingTrail } from '../audit/reading-trail.js';
import type { PartContext } from '../part-context.js';
import type { Records } from '../records/records.js';
import type { GalleryCalibration } from './gallery-calibration.js';
import { GalleryEvents } from './gallery-events.js';
import { GalleryKeys, keyHandlers } from './gallery-keys.js';
import { GalleryUpkeep, type GalleryUpkeepOptions, galleryHandlers } from './gallery-upkeep.js';
import type { GalleryVault } from './gallery-vault.js';

/** Serves the keys and the upkeep of the gallery. */
export function openUpkeep({
  vault,
  recogniser,
  calibration,
  readings,
  openEmbedder,
  current,
  lifetime,
  clock,
  logger,
}: PartContext &
  Pick<GalleryUpkeepOptions, 'openEmbedder'> & {
    readonly vault: GalleryVault;
    readonly recogniser: ChosenRecogniser;
    readonly calibration: GalleryCalibration;
    readonly readings: ReadingTrail;
  }) {
  const keys = new GalleryKeys({ vault, clock });
  const upkeep = new GalleryUpkeep({
    ...{ vault, keys, openEmbedder, calibration, clock, logger },
    thresholds: () => matchThresholds(current, recogniser),
  });
  lifetime.use('gallery upkeep', upkeep);
  return { keys, handlers: { ...keyHandlers(keys), ...galleryHandlers(upkeep, readings) } };
}

/** The threshold of each recogniser: the configured one for the recogniser in use, that of the manifest for each other one. */
async function matchThresholds(
  current: PartContext['current'],
  recogniser: ChosenRecogniser,
): Promise<ReadonlyMap<RecogniserId, number>> {
  const config = current();
  const store = await openConfiguredStore(config.models.dir);
  const thresholds = new Map<RecogniserId, number>();
  for (const name of knownRecognisers(store)) {
    const { id, pack } = recogniserInUse(store, name);
    const threshold = ownThreshold(pack);
    if (threshold !== undefined) thresholds.set(id, threshold);
  }
  return thresholds.set(recogniser.id, matchPolicy(config, recogniser.pack).threshold);
}

/** Starts to record events about the gallery. */
export function recordGalleryEvents({
  vault,
  records,
  lifetime,
  clock,
  logger,
}: PartContext & { readonly vault: GalleryVault; readonly records: Records }): void {
  const events = new GalleryEvents({ vault, records, clock, logger });
  lifetime.defer('events of the gallery', () => events[Symbol.dispose]());
}
