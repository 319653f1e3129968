import type { Handlers } from '../../contract/handlers.js';
import type { Operations } from '../../contract/operations.js';
import { attendanceProof } from '../../contract/settings/schema.js';
import type { ReloadResult, ReloadStatus } from '../../contract/status.js';
import { localDate } from '../../host/local-date.js';
import { localTimeOf } from '../../host/local-time.js';
import { openConfiguredStore } from '../../host/models/configured-store.js';
import type { RecentLog } from '../../host/recent-log.js';
import { systemClock as clock } from '../../host/system-clock.js';
import { systemRandom as random } from '../../host/system-random.js';
import type { MatchPolicy } from '../../kernel/identification/match.js';
import type { RecogniserId } from '../../kernel/ids.js';
import { falseMatchesIn } from '../../kernel/passages/mark.js';
import { matchPolicy, ownThreshold } from '../../vision/operating-point.js';
import { clipPlan, photoPlan } from '../../vision/plan.js';
import { knownRecognisers, recogniserInUse } from '../../vision/recogniser-in-use.js';
import type { Accounts } from '../accounts/open-accounts.js';
import { alertHandlers } from '../alerts/alert-handlers.js';
import { Attendance, attendanceHandlers } from '../attendance/attendance-handlers.js';
import { enrolledPersons } from '../attendance/attendance-persons.js';
import { PassageCorrections } from '../attendance/passage-corrections.js';
import { auditHandlers } from '../audit/audit-handlers.js';
import { ReadingTrail } from '../audit/reading-trail.js';
import { backupHandlers } from '../backups/backup-handlers.js';
import { GalleryBackups } from '../backups/gallery-backups.js';
import { cameraHandlers } from '../cameras/camera-handlers.js';
import { clipHandlers } from '../cameras/clip-handlers.js';
import { liveHandlers } from '../cameras/live-watches.js';
import type { OwnCameras } from '../cameras/own-cameras.js';
import { PhotoProcess } from '../cameras/photo-process.js';
import { challengeHandlers, type PromptScreens } from '../challenges/prompt-screens.js';
import type { Prompts } from '../challenges/prompts.js';
import { startCommands } from '../commands/centre-commands.js';
import type { CommandReceiver } from '../commands/command-receiver.js';
import type { GrantWatch } from '../commands/grant-watch.js';
import { trustHandlers } from '../commands/trusted-issuers.js';
import type { ClockWatch } from '../conditions/clock-watch.js';
import type { Conditions } from '../conditions/conditions.js';
import { eventHandlers, RecordedEvents } from '../events/recorded-events.js';
import type { GalleryCalibration } from '../gallery/gallery-calibration.js';
import { GalleryKeys, keyHandlers } from '../gallery/gallery-keys.js';
import { GalleryUpkeep, galleryHandlers } from '../gallery/gallery-upkeep.js';
import type { GateHandover } from '../gate/gate-handover.js';
import { identityHandlers, type OpenedIdentity } from '../identity/signing-identity.js';
import type { EventDurations } from '../metrics/event-durations.js';
import type { MetricFormat } from '../metrics/metric-families.js';
import { metricsText } from '../metrics/metrics.js';
import type { RecentPassages } from '../passages/passage-counts.js';
import { PassageMarks } from '../passages/passage-marks.js';
import { pictureOfPassage } from '../passages/passage-picture.js';
import { PassageReferences } from '../passages/passage-references.js';
import { reportHandlers } from '../passages/recognition-report.js';
import { recordedMarks } from '../passages/recorded-marks.js';
import { passageHandlers, RecordedPassages } from '../passages/recorded-passages.js';
import { EnrolledPersons, type EnrolledPersonsOptions } from '../persons/enrolled-persons.js';
import { OpenImports } from '../persons/open-imports.js';
import { personHandlers } from '../persons/person-handlers.js';
import { personNames } from '../persons/person-names.js';
import { embedderSource } from '../persons/photo-embedder.js';
import { accuracyHandlers } from '../recognition/gallery-accuracy.js';
import { recognitionHandlers } from '../recognition/recognition-handlers.js';
import { outboxLimiter } from '../records/outbox/outbox-limiter.js';
import { Retention, retentionHandlers } from '../retention/retention.js';
import { ageingKinds, emptyLogs, type RetentionSources } from '../retention/retention-kinds.js';
import type { Runtime } from '../runtime/runtime.js';
import type { OwnSettings } from '../settings/own-settings.js';
import { configurationHandlers } from '../settings/own-settings.js';
import type { SightingIntake } from '../sightings/sighting-intake.js';
import { EventLoopWatch } from '../status/event-loop-watch.js';
import { healthHandlers } from '../status/health.js';
import { hostHandlers } from '../status/host-handlers.js';
import { modelsHandlers } from '../status/models-handlers.js';
import { healthOf, type StatusOptions, statusHandlers } from '../status/status.js';
import { startAlerts } from './compose-alerts.js';
import { composeEnrolments } from './compose-enrolments.js';
import { metricSources } from './compose-metrics.js';
import { composeStrangers } from './compose-strangers.js';
import type { ComposeContext, Stores } from './stores.js';

export interface ControlOptions {
  readonly startedAtMs: number;
  readonly runtime: Runtime;
  readonly conditions: Conditions;
  readonly intake: SightingIntake;
  readonly calibration: GalleryCalibration;
  readonly signing: OpenedIdentity;
  readonly receiver: CommandReceiver;
  readonly grants: GrantWatch;
  readonly prompts: Prompts;
  readonly screens: PromptScreens;
  readonly accounts: Pick<Accounts, 'handlers'>;
  /** Undefined where the gate is disabled or cannot be let in. */
  readonly gate: GateHandover | undefined;
  readonly clockWatch: ClockWatch;
  /** Outcome of the latest reload. */
  readonly lastReload: () => ReloadStatus | undefined;
  /** Reads the configuration again. */
  readonly reload: () => Promise<ReloadResult>;
  readonly ownCameras: OwnCameras;
  readonly ownSettings: OwnSettings;
  readonly configPath: string;
  readonly log: RecentLog;
  readonly eventDurations: EventDurations;
  readonly recentPassages: RecentPassages;
}

/**
 * Builds the parts that serve the local API and the commands of centres, and those that do daily work: retention, backups,
 * upkeep.
 */
export function composeControl(context: ComposeContext, stores: Stores, options: ControlOptions) {
  const { current, lifetime, logger } = context;
  const { identity, recogniser, auditKeys, vault, records } = stores;
  const { audit } = vault;
  const { runtime, conditions, intake, calibration, signing, receiver, grants } = options;
  const { startedAtMs, prompts, lastReload, reload } = options;
  const { site, dataDir, gallery } = current();
  const forgetPerson: SightingIntake['forgetPerson'] = (id) => intake.forgetPerson(id);
  const forgetCopies: EnrolledPersonsOptions['forgetCopies'] = (by) => backups.forgetCopies(by);
  const readings = lifetime.use('readings of names', new ReadingTrail({ audit, clock, logger }));
  const photos = lifetime.use('photographs', openPhotoProcess(context, stores, conditions, photoPlan));
  const clips = lifetime.use('clips', openPhotoProcess(context, stores, conditions, clipPlan));
  const policy = (): MatchPolicy => ({
    ...matchPolicy(current(), recogniser.pack),
    thresholdOf: (id) => calibration.thresholdOf(id),
    marginBetween: (a, b) => calibration.marginBetween(a, b),
    isInseparable: (a, b) => calibration.isInseparable(a, b),
  });
  const persons = new EnrolledPersons({
    ...{ vault, records, forgetPerson, forgetCopies, readings },
    policy,
    ownThresholdOf: (id) => calibration.ownThresholdOf(id),
    falseMatches: () => falseMatchesIn(recordedMarks(records), recogniser.id),
    todayIso: () => localDate(clock.wallMs(), site.timeZone),
    analysePhoto: (image, faceNumber) => photos.analyse(image, { photograph: 'new', faceNumber }),
  });
  const backups = lifetime.use(
    'backups',
    new GalleryBackups({
      ...{ vault, auditKeys, identity, dataDir, forgetPerson, clock, logger },
      galleryPath: gallery.path,
      recogniser: recogniser.id,
    }),
  );
  const retention = startRetention(context, stores, { forgetPerson, forgetCopies });
  const keys = new GalleryKeys({ vault, clock });
  const openEmbedder = embedderSource({ current, logger, clock, random });
  const thresholds = () => matchThresholds(context, stores);
  const upkeep = new GalleryUpkeep({ vault, keys, openEmbedder, calibration, thresholds, clock, logger });
  const events = startOutbox(context, stores, runtime, retention, readings);
  const attendance = new Attendance({
    ...{ current, site, audit, readings, clock },
    records: records.attendance,
    persons: () => enrolledPersons(vault),
    localTime: localTimeOf(site.timeZone),
  });
  const passageMarks = new PassageMarks({
    ...{ records, vault, audit, clock },
    corrections: new PassageCorrections({
      ...{ records: records.attendance, current, localTime: localTimeOf(site.timeZone), audit, clock },
    }),
    hasCamera: (id) => runtime.config.cameras.some((camera) => camera.id === id),
    onMarked: () => calibration.followMarks(),
    effectOf: (id, falseMatch) => calibration.effectOf(id, falseMatch),
  });
  const alerts = startAlerts({
    ...{ current, identity, records, lifetime, clock, random, logger },
    audit: (entry) => void audit.append(entry),
  });
  const nameOf = personNames(() => vault.open?.gallery);
  const pictureOf = pictureOfPassage(records, () => vault.open?.gallery);
  // What centres may call, too.
  const operations = {
    ...alertHandlers(alerts),
    ...attendanceHandlers(attendance),
    ...cameraHandlers({
      ...{
        runtime,
        photos,
        switches: records.commands.cameras,
        audit,
        readings,
        clock,
        signal: lifetime.signal,
      },
      passages: options.recentPassages,
      own: options.ownCameras,
    }),
    ...eventHandlers(events),
    ...keyHandlers(keys),
    ...passageHandlers(
      new RecordedPassages({
        ...{ journal: records.passages, vault, readings, clock },
        ...{ nameOf, pictureOf },
        marks: passageMarks,
        references: new PassageReferences({
          ...{ photographs: persons.photographs, vault, pictureOf },
          arePicturesKept: () => current().evidence.attendance,
        }),
      }),
    ),
    ...personHandlers(persons),
    ...composeStrangers(context, stores, { persons, readings }),
  };
  const trust = startCommands(receiver, {
    ...{ records, vault, keys, runtime, grants, reload, clock, lifetime },
    operations,
    decryption: signing.keys,
    outbox: events,
    rotateIdentity: (by) => signing.identity.rotateByCommand(by),
  });
  const status: StatusOptions = {
    ...{ clock, startedAtMs, runtime, vault, keys, records, recogniser, intake, events, alerts },
    ...{
      calibration,
      conditions,
      photos,
      prompts,
      lastReload,
      gate: options.gate,
      passages: options.recentPassages,
    },
    clockWatch: options.clockWatch,
    retention: lifetime.use('retention', retention),
    eventLoop: lifetime.use('event loop watch', new EventLoopWatch(clock)),
  };
  const sources = metricSources(context, stores, status, options);
  const metrics = (format: MetricFormat) => metricsText(sources, format);
  const handlers: Handlers<Operations> = {
    ...options.accounts.handlers,
    ...operations,
    ...backupHandlers(backups),
    ...new OpenImports(persons, clock, logger),
    ...clipHandlers(clips),
    ...configurationHandlers(options.ownSettings),
    ...composeEnrolments(context, stores, { persons, photos, clips, readings, runtime }),
    ...identityHandlers(signing.identity, () => options.gate?.status().certificate),
    ...trustHandlers(trust),
    ...auditHandlers({ log: audit, identity, clock, keys: () => vault.keySlots }),
    ...galleryHandlers(lifetime.use('gallery upkeep', upkeep), readings),
    ...retentionHandlers(retention),
    ...reportHandlers({
      ...{ journal: records.passages, records, vault, readings, site },
      nameOf,
      localTime: localTimeOf(site.timeZone),
      inForce: () => {
        const { identification, liveness } = current();
        const { minimumBlinks, attackAfterS } = liveness;
        return { minimumProbes: identification.minimumProbes, minimumBlinks, attackAfterS };
      },
    }),
    ...accuracyHandlers({ calibration, readings, nameOf, marks: () => recordedMarks(records) }),
    ...recognitionHandlers({
      ...{ vault, photos, clips, readings },
      policy,
    }),
    ...liveHandlers({
      ...{ ...runtime.vision, current: () => runtime.config, readings, clock, nameOf },
      openPassages: (id) => intake.openPassages(id),
    }),
    ...challengeHandlers(options.screens, (id) => cameraOfScreen(runtime, id)),
    ...hostHandlers({
      ...{ current: () => runtime.config, clock, audit, configPath: options.configPath, log: options.log },
      status: statusHandlers(status)['status.show'],
    }),
    ...modelsHandlers({ current: () => runtime.config.models }),
    ...statusHandlers(status),
    ...healthHandlers({ ...healthOf(status), metrics }),
  };
  return { handlers, attendance, retention, metrics };
}

/** What a screen shows beside the prompts of a camera. */
function cameraOfScreen({ config, vision, cameras }: Runtime, id: string) {
  const camera = config.cameras.find((each) => each.id === id);
  if (camera === undefined) return undefined;
  const [state] = vision.board.status(
    cameras.filter((each) => each.id === id),
    { isEnrolling: false },
  );
  const isAsking = attendanceProof(config, camera).require === 'challenge';
  return { name: camera.name, isStreaming: state?.state === 'streaming', isAsking };
}

/** Opens the process that analyses enrolment photographs (`photoPlan`) or the one that judges clips (`clipPlan`). */
function openPhotoProcess(
  { current, lifetime, logger }: ComposeContext,
  { recogniser }: Stores,
  conditions: Conditions,
  planOf: typeof photoPlan,
): PhotoProcess {
  const subjects = ['photographs'];
  return new PhotoProcess({
    plan: () => planOf(current(), recogniser.name),
    logLevel: () => current().logging.level,
    ...{ clock, random, logger },
    onMisbehaviour: () => conditions.change('vision-misbehaving', {}, { active: subjects }),
    onTrusted: () => conditions.change('vision-misbehaving', {}, { over: subjects }),
    signal: lifetime.signal,
  });
}

/** Starts retention over the records and the gallery. It runs while the gallery is sealed, too. */
function startRetention(
  { current, logger }: ComposeContext,
  { vault, records }: Stores,
  forgetting: Pick<EnrolledPersonsOptions, 'forgetPerson' | 'forgetCopies'>,
): Retention {
  const { site, gallery, records: recordsConfig } = current();
  const sources: RetentionSources = {
    file: () => vault.fileIfOpen,
    gallery: () => vault.open?.gallery,
    ...forgetting,
    records: records.retention,
    databasePaths: [gallery.path, recordsConfig.path],
    clock,
  };
  return new Retention({
    kinds: (by) => ageingKinds(sources, by),
    rules() {
      const { retention } = current();
      // Strangers who are not remembered cannot be ignored either.
      return retention.strangers === 0 ? { ...retention, ignoredStrangers: 0 } : retention;
    },
    timeZone: site.timeZone,
    newestRecordMs: () => records.list({ limit: 1 })[0]?.recordedAtMs,
    emptyLogs: () => emptyLogs(sources),
    audit: vault.audit,
    database: () => vault.fileIfOpen?.database,
    clock,
    logger,
  }).start();
}

/** Starts to enforce the limits of the outbox. Returns the events as the local API and centres see them. */
function startOutbox(
  { current, lifetime, logger }: ComposeContext,
  { vault, records }: Stores,
  runtime: Runtime,
  retention: Retention,
  readings: ReadingTrail,
): RecordedEvents {
  const publisher = () => runtime.publisher;
  const limiter = outboxLimiter({
    ...{ records, clock, logger },
    rules: () => current().outbox,
    inFlight: () => publisher()?.onTheWay() ?? [],
    isClockTrusted: () => retention.summary.clockDoubt === undefined,
  });
  lifetime.use('limits of the outbox', limiter.start());
  return new RecordedEvents({
    ...{ records, current, publisher, readings, clock },
    audit: (entry) => void vault.audit.append(entry),
    gallery: () => vault.gallery(),
  });
}

/** The threshold of each recogniser: the configured one for the recogniser in use, that of the manifest for each other one. */
async function matchThresholds(
  { current }: ComposeContext,
  { recogniser }: Stores,
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
