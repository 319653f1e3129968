import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { messageOf, operational } from '../base/errors.js';
import type { Lifetime } from '../base/lifetime.js';
import type { Logger } from '../base/logger.js';
import type { Config } from '../config/schema.js';
import type { ReloadStatus } from '../control/box-control.js';
import { refuseSecondDaemon, startControlServer } from '../control/server.js';
import { credentialKeyProvider } from '../gallery/credential-key-provider.js';
import type { Gallery } from '../gallery/gallery.js';
import { openGallery } from '../gallery/open-gallery.js';
import { systemClock as clock } from '../host/system-clock.js';
import { systemRandom as random } from '../host/system-random.js';
import { openConfiguredStore } from '../models/configured-store.js';
import { matchPolicy } from '../models/operating-point.js';
import { encodeEvent } from '../publish/encoding.js';
import { createDecider, type Decider } from '../records/decider.js';
import { openRecords, type Records } from '../records/open-records.js';
import { type RecogniserInUse, recogniserInUse } from '../vision/recogniser-in-use.js';
import { Box } from './box.js';
import { EventLoopWatch } from './event-loop-watch.js';
import { ReplaceableParts } from './parts.js';
import { SightingIntake } from './sighting-intake.js';

export interface ComposeOptions {
  readonly lifetime: Lifetime;
  readonly logger: Logger;
  /** What the latest reload of the configuration came to. */
  readonly lastReload: () => ReloadStatus | undefined;
}

/**
 * Opens every part of the daemon and connects them. What is opened belongs to `lifetime`. Throws what a part throws when it
 * cannot be used: gallery key, gallery, records, models, broker secret, local API.
 */
export async function composeBox(
  config: Config,
  { lifetime, logger, lastReload }: ComposeOptions,
): Promise<ReplaceableParts> {
  const startedAtMs = clock.monotonicMs();
  await refuseSecondDaemon(config.control.socketPath);
  for (const path of [config.gallery.path, config.records.path]) await makeDirectory(dirname(path));
  const recogniser = recogniserInUse(await openConfiguredStore(config.models.dir), config.vision.recogniser);
  const gallery = lifetime.use('gallery', await openBoxGallery(config, recogniser, logger));
  const identity = { siteId: config.site.id, boxId: config.box.id };
  const records = lifetime.use(
    'records',
    openRecords({
      path: config.records.path,
      encode: (event) => encodeEvent(event, identity),
      clock,
      random,
    }),
  );
  // What is read at every decision follows the configuration in force; until the parts run, the one given.
  const current = (): Config => parts?.config ?? config;
  const decider = composeDecider({ current, recogniser, gallery, records });
  const intake = lifetime.use('sighting intake', new SightingIntake({ decider, clock, logger }));
  let parts: ReplaceableParts | undefined;
  parts = lifetime.use(
    'vision processes and publisher',
    await ReplaceableParts.start({ config, identity, intake, records, logger }),
  );
  const box = new Box({
    clock,
    startedAtMs,
    parts,
    gallery,
    records,
    intake,
    lastReload,
    eventLoop: lifetime.use('event loop watch', new EventLoopWatch(clock)),
    threshold: () => matchPolicy(current(), recogniser.pack).threshold,
  });
  const { socketPath } = config.control;
  lifetime.use('control server', await startControlServer({ socketPath, box, logger }));
  return parts;
}

async function makeDirectory(path: string): Promise<void> {
  try {
    await mkdir(path, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw operational('data-directory', `the directory ${path} cannot be made: ${messageOf(error)}`, {
      cause: error,
      remedy: 'correct dataDir (or the path below it), or let the user of rollcalld write there',
    });
  }
}

function openBoxGallery(config: Config, recogniser: RecogniserInUse, logger: Logger): Promise<Gallery> {
  return openGallery({
    path: config.gallery.path,
    keyProvider: credentialKeyProvider(config.gallery.key, { secretsDirectory: config.secretsDir }),
    recogniser: recogniser.id,
    dimensions: recogniser.dimensions,
    clock,
    logger,
  });
}

function composeDecider(options: {
  readonly current: () => Config;
  readonly recogniser: RecogniserInUse;
  readonly gallery: Gallery;
  readonly records: Records;
}): Decider {
  const { current, recogniser, gallery, records } = options;
  return createDecider({
    search: async (embedding, { count, recogniser: made }) => {
      if (made !== gallery.recogniser) throw mismatch(made, gallery.recogniser);
      return gallery.nearest(embedding, { count });
    },
    get policy() {
      return matchPolicy(current(), recogniser.pack);
    },
    get rules() {
      return current().rules;
    },
    directionOf: (id) => current().cameras.find((camera) => camera.id === id)?.direction ?? 'both',
    facts: records,
  });
}

function mismatch(found: string, expected: string) {
  return operational(
    'recogniser-mismatch',
    `a sighting was made with the recogniser ${found}, the gallery with ${expected}`,
    { remedy: 'install one version of rollcall for all its processes and restart it' },
  );
}
