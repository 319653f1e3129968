import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { type IntervalHistogram, monitorEventLoopDelay } from 'node:perf_hooks';
import { operational } from '../base/errors.js';
import type { Lifetime } from '../base/lifetime.js';
import type { Logger } from '../base/logger.js';
import type { Config } from '../config/schema.js';
import { startControlServer } from '../control/server.js';
import { cameraId } from '../domain/ids.js';
import { credentialKeyProvider } from '../gallery/credential-key-provider.js';
import type { Gallery } from '../gallery/gallery.js';
import { openGallery } from '../gallery/open-gallery.js';
import { systemClock as clock } from '../host/system-clock.js';
import { systemRandom as random } from '../host/system-random.js';
import { openConfiguredStore } from '../models/configured-store.js';
import { encodeEvent } from '../publish/encoding.js';
import { createDecider } from '../records/decider.js';
import { openRecords } from '../records/open-records.js';
import type { Report } from '../vision/protocol.js';
import { embeddedRecogniser } from '../vision/recogniser-in-use.js';
import { decodeSighting } from '../vision/sighting-codec.js';
import { Box } from './box.js';
import { CameraBoard } from './camera-board.js';
import { startPublishing } from './compose-publisher.js';
import { matchPolicy } from './operating-point.js';
import { SightingIntake } from './sighting-intake.js';
import { planVision } from './vision-plan.js';
import { VisionPool } from './vision-pool.js';

/** How often the event loop's delay is sampled, milliseconds. */
const eventLoopSamplingMs = 10;

/** What main and the watchdog need of the composed box. */
export interface ComposedBox {
  readonly pool: VisionPool;
  readonly board: CameraBoard;
  readonly box: Box;
}

/**
 * Opens every part of the daemon and connects them. What is opened belongs to `lifetime`. Throws what a part throws when it
 * cannot be used: configuration, gallery key, gallery, records, models.
 */
export async function composeBox(config: Config, lifetime: Lifetime, logger: Logger): Promise<ComposedBox> {
  const startedAtMs = clock.monotonicMs();
  await mkdir(config.dataDir, { recursive: true, mode: 0o700 });
  const store = await openConfiguredStore(config.models.dir);
  const recogniser = embeddedRecogniser(store);
  const policy = matchPolicy(config, recogniser.pack);

  const gallery = await openBoxGallery(config, recogniser, logger);
  lifetime.use('gallery', gallery);
  await mkdir(dirname(config.records.path), { recursive: true, mode: 0o700 });
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
  const directions = new Map(config.cameras.map(({ id, direction }) => [id, direction]));
  const decider = createDecider({
    search: async (embedding, { count, recogniser: made }) => {
      if (made !== gallery.recogniser) throw mismatch(made, gallery.recogniser);
      return gallery.nearest(embedding, { count });
    },
    policy,
    rules: config.rules,
    directionOf: (id) => directions.get(id) ?? 'both',
    facts: records,
  });
  const intake = lifetime.use('sighting intake', new SightingIntake({ decider, clock, logger }));
  const publisher = await startPublishing({ config, identity, records, logger });
  if (publisher !== undefined) lifetime.use('publisher', publisher);

  const board = new CameraBoard(config.cameras);
  const pool = await startVision(config, { board, intake, logger });
  lifetime.use('vision processes', pool);
  const eventLoop = watchEventLoop(lifetime);
  const box = new Box({
    config,
    clock,
    startedAtMs,
    pool,
    board,
    gallery,
    records,
    intake,
    publisher,
    eventLoop,
    threshold: policy.threshold,
  });
  const { socketPath } = config.control;
  lifetime.use('control server', await startControlServer({ socketPath, box, logger }));
  return { pool, board, box };
}

async function openBoxGallery(
  config: Config,
  recogniser: ReturnType<typeof embeddedRecogniser>,
  logger: Logger,
): Promise<Gallery> {
  await mkdir(dirname(config.gallery.path), { recursive: true, mode: 0o700 });
  return openGallery({
    path: config.gallery.path,
    keyProvider: credentialKeyProvider(config.gallery.key, { secretsDirectory: config.secretsDir }),
    recogniser: recogniser.id,
    dimensions: recogniser.dimensions,
    clock,
    logger,
  });
}

async function startVision(
  config: Config,
  parts: { readonly board: CameraBoard; readonly intake: SightingIntake; readonly logger: Logger },
): Promise<VisionPool> {
  const { board, intake, logger } = parts;
  const { plan, processes, unplanned } = await planVision(config);
  for (const { id, ...failure } of unplanned) {
    logger.error('a camera cannot be opened', { camera: id, ...failure });
    board.setState(id, { state: 'failed', ...failure, nextTryMs: 0 });
  }
  const onReport = (report: Report): void => {
    if (report.type === 'sighting') intake.take(decodeSighting(report.sighting));
    else if (report.type === 'camera') board.setState(report.cameraId, report.state);
    else if (report.type === 'progress') board.setCounters(report.cameras);
  };
  const onDown = (cameraIds: readonly string[]): void => {
    board.forget(cameraIds);
    for (const id of cameraIds) intake.forgetCamera(cameraId(id));
  };
  const pool = new VisionPool({ processes, plan, clock, random, logger, onReport, onDown });
  pool.start();
  return pool;
}

function mismatch(found: string, expected: string) {
  return operational(
    'recogniser-mismatch',
    `a sighting was made with the recogniser ${found}, the gallery with ${expected}`,
    { remedy: 'install one version of rollcall for all its processes and restart it' },
  );
}

function watchEventLoop(lifetime: Lifetime): IntervalHistogram {
  const histogram = monitorEventLoopDelay({ resolution: eventLoopSamplingMs });
  histogram.enable();
  lifetime.defer('event loop monitor', () => void histogram.disable());
  return histogram;
}
