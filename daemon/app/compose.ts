import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { messageOf, operational } from '../base/errors.js';
import type { Lifetime } from '../base/lifetime.js';
import type { Logger } from '../base/logger.js';
import type { Config } from '../config/schema.js';
import type { ReloadResult, ReloadStatus } from '../control/box-control.js';
import { refuseSecondDaemon, startControlServer } from '../control/server.js';
import { openRequestActor } from '../control/socket-request-actor.js';
import type { NewEvidence } from '../gallery/evidence.js';
import { openGalleryFile } from '../gallery/gallery-file.js';
import { makeKeyProviders } from '../gallery/keys/key-providers.js';
import { sweepWork } from '../gallery/work-directory.js';
import { localDate } from '../host/local-date.js';
import { localTimeOf } from '../host/local-time.js';
import { systemClock as clock } from '../host/system-clock.js';
import { systemRandom as random } from '../host/system-random.js';
import { openConfiguredStore } from '../models/configured-store.js';
import { matchPolicy } from '../models/operating-point.js';
import { encodeEvent } from '../publish/encoding.js';
import type { PublisherOptions } from '../publish/publisher.js';
import { createDecider, type Decider } from '../records/decider.js';
import { openRecords, type Records } from '../records/open-records.js';
import { type RecogniserInUse, recogniserInUse } from '../vision/recogniser-in-use.js';
import { enrolledPersons } from './attendance-persons.js';
import { AuditKeeper } from './audit-keeper.js';
import { AuditKeyRing } from './audit-key-ring.js';
import { trailReload, trailStart, trailStop } from './audit-trail.js';
import { Box } from './box.js';
import { BoxAttendance } from './box-attendance.js';
import { createBoxAudit } from './box-audit.js';
import { BoxBackups } from './box-backups.js';
import { BoxKeys } from './box-keys.js';
import { BoxPersons } from './box-persons.js';
import { startRetention } from './compose-retention.js';
import { embedderSource } from './compose-upkeep.js';
import { EventLoopWatch } from './event-loop-watch.js';
import { EvidenceCapture } from './evidence-capture.js';
import { GalleryAccess } from './gallery-access.js';
import { GalleryUpkeep } from './gallery-upkeep.js';
import { ReplaceableParts } from './parts.js';
import { SightingIntake } from './sighting-intake.js';

export interface ComposeOptions {
  readonly lifetime: Lifetime;
  readonly logger: Logger;
  /** What the latest reload of the configuration came to. */
  readonly lastReload: () => ReloadStatus | undefined;
  /** Calls back with what each reload came to. */
  readonly onReload: (listener: (result: ReloadResult) => void) => void;
}

/**
 * Opens every part of the daemon and connects them. What is opened belongs to `lifetime`. Throws what a part throws when it
 * cannot be used: gallery key, gallery, records, models, broker secret, local API.
 */
export async function composeBox(
  config: Config,
  { lifetime, logger, lastReload, onReload }: ComposeOptions,
): Promise<ReplaceableParts> {
  const startedAtMs = clock.monotonicMs();
  await refuseSecondDaemon(config.control.socketPath);
  for (const path of [config.gallery.path, config.records.path]) await makeDirectory(dirname(path));
  const recogniser = recogniserInUse(await openConfiguredStore(config.models.dir), config.vision.recogniser);
  const { secretsDir, dataDir } = config;
  const auditKeys = await AuditKeyRing.open({ secretsDirectory: secretsDir, dataDir });
  lifetime.defer('audit keys', () => auditKeys[Symbol.dispose]());
  const access = lifetime.use('gallery', await openBoxGallery(config, { recogniser, logger, auditKeys }));
  const { audit } = access;
  lifetime.defer('audit trail', () => trailStop(audit, logger));
  onReload((result) => trailReload(audit, result, logger));
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
  const decider = composeDecider({ current, recogniser, access, records });
  const evidence = lifetime.use('evidence capture', composeEvidence({ access, current, logger }));
  const intake = lifetime.use('sighting intake', new SightingIntake({ decider, evidence, clock, logger }));
  let parts: ReplaceableParts | undefined;
  parts = lifetime.use(
    'vision processes and publisher',
    await ReplaceableParts.start({
      config,
      identity,
      intake,
      records,
      gallery: galleryState(access),
      logger,
    }),
  );
  const running = parts;
  const threshold = (): number => matchPolicy(current(), recogniser.pack).threshold;
  const persons = new BoxPersons({
    access,
    records,
    threshold,
    todayIso: () => localDate(clock.wallMs(), config.site.timeZone),
    analysePhoto: (image) => running.vision.pool.analysePhoto(image),
    forgetPerson: (id) => intake.forgetPerson(id),
  });
  const retention = lifetime.use(
    'retention',
    startRetention({
      access,
      records,
      current,
      forgetPerson: (id) => intake.forgetPerson(id),
      clock,
      logger,
    }),
  );
  const backups = lifetime.use(
    'backups',
    new BoxBackups({
      ...{ access, auditKeys, identity, dataDir, clock, logger },
      galleryPath: config.gallery.path,
      recogniser: recogniser.id,
      forgetPerson: (id) => intake.forgetPerson(id),
    }),
  );
  const keys = new BoxKeys({ access, clock });
  const openEmbedder = embedderSource(current, logger);
  const upkeep = new GalleryUpkeep({ access, keys, openEmbedder, clock, logger });
  const box = new Box({
    clock,
    startedAtMs,
    parts,
    access,
    persons,
    retention,
    attendance: composeAttendance({ access, records, current, site: config.site }),
    keys,
    gallery: lifetime.use('gallery upkeep', upkeep),
    backups,
    audit: createBoxAudit({ log: audit, identity, clock, keys: () => access.keySlots }),
    records,
    intake,
    lastReload,
    eventLoop: lifetime.use('event loop watch', new EventLoopWatch(clock)),
  });
  const { socketPath } = config.control;
  const actorOf = await openRequestActor();
  lifetime.use('control server', await startControlServer({ socketPath, box, logger, actorOf }));
  return parts;
}

function composeAttendance(options: {
  readonly access: GalleryAccess;
  readonly records: Records;
  readonly current: () => Config;
  readonly site: Config['site'];
}): BoxAttendance {
  const { access, records, current, site } = options;
  return new BoxAttendance({
    records: records.attendance,
    persons: () => enrolledPersons(access),
    audit: access.audit,
    current,
    site,
    localTime: localTimeOf(site.timeZone),
    clock,
  });
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

async function openBoxGallery(
  config: Config,
  options: {
    readonly recogniser: RecogniserInUse;
    readonly logger: Logger;
    readonly auditKeys: AuditKeyRing;
  },
): Promise<GalleryAccess> {
  const { recogniser, logger, auditKeys } = options;
  const providers = makeKeyProviders({
    clock,
    secretName: config.gallery.key,
    credentials: { secretsDirectory: config.secretsDir },
    workDirectory: dirname(config.control.socketPath),
  });
  const { path } = config.gallery;
  return GalleryAccess.start({
    path,
    openFile: () =>
      openGalleryFile({ path, auditKey: auditKeys.key, formerAuditKeys: auditKeys.former, clock }),
    audit: new AuditKeeper({ clock, logger }),
    onFile(audit) {
      sweepWork(path);
      trailStart(audit, config, logger);
    },
    providers,
    recogniser,
    openEmbedder: embedderSource(() => config, logger),
    clock,
    logger,
  });
}

function composeEvidence(options: {
  readonly access: GalleryAccess;
  readonly current: () => Config;
  readonly logger: Logger;
}): EvidenceCapture {
  const { access, current, logger } = options;
  const add = async (evidence: NewEvidence): Promise<void> => void access.gallery().addEvidence(evidence);
  return new EvidenceCapture({ store: { add }, wanted: () => current().evidence, logger });
}

function galleryState(access: GalleryAccess): PublisherOptions['gallery'] {
  return {
    state: () => (access.open === undefined ? 'sealed' : 'open'),
    onChanged: (listener) => access.onChanged(listener),
  };
}

function composeDecider(options: {
  readonly current: () => Config;
  readonly recogniser: RecogniserInUse;
  readonly access: GalleryAccess;
  readonly records: Records;
}): Decider {
  const { current, recogniser, access, records } = options;
  return createDecider({
    search: async (embedding, { count, recogniser: made }) => {
      const gallery = access.gallery();
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
