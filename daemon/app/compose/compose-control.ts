import type { Lifetime } from '../../base/lifetime.js';
import type { Logger } from '../../base/logger.js';
import type { Config } from '../../config/schema.js';
import type { ReloadResult, ReloadStatus } from '../../control/box-control.js';
import { localDate } from '../../host/local-date.js';
import { systemClock as clock } from '../../host/system-clock.js';
import { systemRandom as random } from '../../host/system-random.js';
import { matchPolicy } from '../../models/operating-point.js';
import type { CommandDesk } from '../../publish/commands/command-desk.js';
import { clipPlan, photoPlan } from '../../vision/plan.js';
import { createBoxAudit } from '../audit/box-audit.js';
import { ReadingTrail } from '../audit/reading-trail.js';
import { Box } from '../box.js';
import { PhotoProcess } from '../cameras/photo-process.js';
import { startCommands } from '../centre/centre-commands.js';
import type { BoxConditions } from '../conditions/box-conditions.js';
import { EventLoopWatch } from '../event-loop-watch.js';
import type { SightingIntake } from '../events/sighting-intake.js';
import { BoxBackups } from '../gallery/box-backups.js';
import { BoxKeys } from '../gallery/box-keys.js';
import { BoxPersons } from '../gallery/box-persons.js';
import type { GalleryCalibration } from '../gallery/gallery-calibration.js';
import { GalleryUpkeep } from '../gallery/gallery-upkeep.js';
import type { OpenedBoxIdentity } from '../identity/box-identity-open.js';
import type { GrantWatch } from '../identity/grant-watch.js';
import type { ReplaceableParts } from '../parts.js';
import { startAlerts } from './compose-alerts.js';
import { composeAttendance } from './compose-attendance.js';
import { startOutbox } from './compose-outbox.js';
import { startRetention } from './compose-retention.js';
import type { Stores } from './compose-stores.js';
import { embedderSource, matchThresholds } from './compose-upkeep.js';

export interface ControlParts extends Stores {
  readonly startedAtMs: number;
  readonly parts: ReplaceableParts;
  readonly conditions: BoxConditions;
  readonly intake: SightingIntake;
  readonly calibration: GalleryCalibration;
  readonly self: OpenedBoxIdentity;
  readonly desk: CommandDesk;
  readonly grants: GrantWatch;
  /** What the latest reload of the configuration came to. */
  readonly lastReload: () => ReloadStatus | undefined;
  /** Reads the configuration again. */
  readonly reload: () => Promise<ReloadResult>;
  readonly lifetime: Lifetime;
  readonly logger: Logger;
}

/** What can be asked of the box, by the local API and by centres, and what it does of its own accord day by day. */
export function composeControl(given: ControlParts) {
  const { identity, recogniser, auditKeys, access, records, parts, conditions, intake, calibration } = given;
  const { self, desk, grants, startedAtMs, lastReload, reload, lifetime, logger } = given;
  const { audit } = access;
  const { site, dataDir, gallery } = parts.config;
  const current = (): Config => parts.config;
  const forgetPerson: SightingIntake['forgetPerson'] = (id) => intake.forgetPerson(id);
  const readings = lifetime.use('readings of names', new ReadingTrail({ audit, clock, logger }));
  const photos = lifetime.use(
    'photographs',
    openPhotoProcess(current, photoPlan, { recogniser, conditions, lifetime, logger }),
  );
  const clips = lifetime.use(
    'clips',
    openPhotoProcess(current, clipPlan, { recogniser, conditions, lifetime, logger }),
  );
  const persons = new BoxPersons({
    ...{ access, records, forgetPerson, readings },
    threshold: () => matchPolicy(current(), recogniser.pack).threshold,
    margin: () => matchPolicy(current(), recogniser.pack).margin,
    todayIso: () => localDate(clock.wallMs(), site.timeZone),
    analysePhoto: (image, faceNumber) => photos.analyse(image, { photograph: 'new', faceNumber }),
  });
  const retention = startRetention({ access, records, current, forgetPerson, clock, logger });
  const backups = new BoxBackups({
    ...{ access, auditKeys, identity, dataDir, forgetPerson, clock, logger },
    galleryPath: gallery.path,
    recogniser: recogniser.id,
  });
  const keys = new BoxKeys({ access, clock });
  const openEmbedder = embedderSource(current, logger);
  const thresholds = () => matchThresholds(current(), recogniser);
  const upkeep = new GalleryUpkeep({ access, keys, openEmbedder, calibration, thresholds, clock, logger });
  const events = startOutbox({
    ...{ records, current, audit, lifetime, clock, logger },
    publisher: () => parts.publisher,
    isClockTrusted: () => retention.summary.clockDoubt === undefined,
  });
  const trust = startCommands(desk, {
    ...{ records, access, persons, keys, parts, grants, reload, clock, lifetime },
    decryption: self.keys,
    outbox: events,
    rotateIdentity: (by) => self.identity.rotateByCommand(by),
  });
  const attendance = composeAttendance({ access, records, current, site, readings });
  const box = new Box({
    ...{ clock, startedAtMs, parts, access, persons, trust, events, attendance, keys },
    alerts: startAlerts({ current, identity, records, lifetime, clock, random, logger }),
    identity: self.identity,
    retention: lifetime.use('retention', retention),
    gallery: lifetime.use('gallery upkeep', upkeep),
    backups: lifetime.use('backups', backups),
    audit: createBoxAudit({ log: audit, identity, clock, keys: () => access.keySlots }),
    ...{ recogniser, records, intake, conditions, lastReload, photos, clips },
    signal: lifetime.signal,
    eventLoop: lifetime.use('event loop watch', new EventLoopWatch(clock)),
  });
  return { box, attendance, retention };
}

/** What looks at the photographs that people are enrolled with, or at clips. */
function openPhotoProcess(
  current: () => Config,
  planOf: typeof photoPlan,
  {
    recogniser,
    conditions,
    lifetime,
    logger,
  }: Pick<ControlParts, 'recogniser' | 'conditions' | 'lifetime' | 'logger'>,
): PhotoProcess {
  const about = ['photographs'];
  return new PhotoProcess({
    plan: () => planOf(current(), recogniser.name),
    logLevel: () => current().logging.level,
    ...{ clock, random, logger },
    onMisbehaviour: () => conditions.change('vision-misbehaving', {}, { holds: about }),
    onTrusted: () => conditions.change('vision-misbehaving', {}, { over: about }),
    signal: lifetime.signal,
  });
}
