import { operations } from '../../contract/operations.js';
import type { LoadedConfig, LoadOptions } from '../../contract/settings/load.js';
import type { Config } from '../../contract/settings/schema.js';
import type { ReloadResult, ReloadStatus } from '../../contract/status.js';
import type { RecentLog } from '../../host/recent-log.js';
import { systemClock as clock } from '../../host/system-clock.js';
import { isTimeSynchronised } from '../../host/time-synchronisation.js';
import type { RollcallError } from '../../kernel/errors.js';
import type { Lifetime } from '../../kernel/lifetime.js';
import type { Logger } from '../../kernel/logger.js';
import { Creations } from '../api/idempotency.js';
import { openLocalCaller } from '../api/local-caller.js';
import { refuseSecondDaemon, startControlServer } from '../api/server.js';
import { auditReload } from '../audit/audit-trail.js';
import { CameraStore } from '../cameras/camera-store.js';
import { OwnCameras } from '../cameras/own-cameras.js';
import type { Prompts } from '../challenges/prompts.js';
import { openCommandReceiver } from '../commands/centre-commands.js';
import type { CommandReceiver } from '../commands/command-receiver.js';
import { GrantWatch } from '../commands/grant-watch.js';
import { ClockWatch } from '../conditions/clock-watch.js';
import { Conditions } from '../conditions/conditions.js';
import { recordsPlaceWatch } from '../conditions/records-place-watch.js';
import type { EvidenceCapture } from '../events/evidence-capture.js';
import { evidencePictures } from '../events/evidence-pictures.js';
import { type OpenedIdentity, openIdentity } from '../identity/signing-identity.js';
import { EventDurations } from '../metrics/event-durations.js';
import { RecentPassages } from '../passages/passage-counts.js';
import { personNames } from '../persons/person-names.js';
import { boxState } from '../runtime/publishing.js';
import { Runtime } from '../runtime/runtime.js';
import { OwnSettings } from '../settings/own-settings.js';
import type { SightingIntake } from '../sightings/sighting-intake.js';
import { openCameraReporting } from './camera-reporting.js';
import { networkCallers, startAccounts } from './compose-accounts.js';
import { composeControl } from './compose-control.js';
import { startGate, startHandover } from './compose-gate.js';
import { serveMetrics } from './compose-metrics.js';
import { openChallenges, startCalibration, startIntake } from './compose-recognition.js';
import { startLoitering } from './compose-strangers.js';
import { startEventSources } from './event-sources.js';
import { type ComposeContext, openStores, type Stores } from './stores.js';

export interface ComposeOptions {
  readonly configPath: string;
  /** What the daemon has logged lately. */
  readonly log: RecentLog;
  readonly lifetime: Lifetime;
  readonly logger: Logger;
  /** Outcome of the latest reload of the configuration. */
  readonly lastReload: () => ReloadStatus | undefined;
  /** Calls back with the outcome of each reload. */
  readonly onReload: (listener: (result: ReloadResult) => void) => void;
  /** Reads the configuration again. */
  readonly reload: () => Promise<ReloadResult>;
  /** What the files of the configuration say, without putting it in force. */
  readonly load: (options: LoadOptions) => Promise<LoadedConfig>;
  readonly onRecordsDamaged: (error: Error) => void;
}

export interface ComposedBox {
  readonly runtime: Runtime;
  readonly conditions: Conditions;
}

/**
 * Opens every part of the daemon and connects them, in the order in which they need each other. `lifetime` closes them in
 * reverse. Throws when a part cannot be used: gallery key, gallery, records, models, broker secret, local API.
 */
export async function composeBox(config: Config, options: ComposeOptions): Promise<ComposedBox> {
  const { configPath, log, lifetime, logger, lastReload, onReload, reload, load, onRecordsDamaged } = options;
  const startedAtMs = clock.monotonicMs();
  const { socketPath } = config.control;
  await refuseSecondDaemon(socketPath);
  let running: Runtime | undefined;
  const context: ComposeContext = { current: () => running?.config ?? config, lifetime, logger };

  const stores = await openStores(context, onRecordsDamaged);
  const { identity, vault, records } = stores;
  const { audit } = vault;
  // Before this process records anything.
  const lastRecordedMs = records.list({ limit: 1 })[0]?.recordedAtMs;
  onReload((result) => auditReload(audit, result, logger));
  const conditions = lifetime.use('conditions', new Conditions({ records, clock, logger }));
  stores.altered.reportTo(conditions);

  const grants = await startGrantWatch(context, stores, conditions);
  const signing = await openIdentity(context.current, {
    ...{ from: identity, records, audit, lifetime, logger },
    withoutSigning: (work) => (running === undefined ? work() : running.withoutSigning(work)),
  });
  const accounts = await startAccounts(context, stores, conditions);
  const damages = {
    ...{ 'audit-key': stores.auditKeys.damage, 'box-key': signing.damage },
    'accounts-key': accounts.damage,
  };
  reportDamagedKeys(damages, conditions, logger);

  const calibration = startCalibration(context, stores, conditions);
  onReload(() => calibration.followConfiguration());
  const eventDurations = new EventDurations(clock);
  const recentPassages = new RecentPassages(records.passages, clock);
  lifetime.defer('passages of the last day', () => recentPassages[Symbol.dispose]());
  const { prompts, challenges, screens } = openChallenges(context, stores, signing.keys);
  const { intake, evidence } = startIntake(context, stores, { calibration, challenges });
  startLoitering(context, stores, intake);

  const receiver = openCommandReceiver({ identity, records, audit, clock, logger });
  const runtimeOptions = {
    conditions,
    signing,
    intake,
    evidence,
    prompts,
    receiver,
    eventDurations,
    recentPassages,
  };
  const runtime = await startRuntime(context, stores, runtimeOptions);
  running = runtime;

  const gate = await startHandover(context);
  onReload(() => void gate?.handOverSoon());
  const ownCameras = await new OwnCameras({
    ...{ load, reload, audit, logger, current: () => runtime.config },
    store: new CameraStore(config.dataDir),
  }).open();
  const ownSettings = new OwnSettings({ configPath, load, reload, audit, current: () => runtime.config });
  await ownSettings.settle();
  const clockWatch = new ClockWatch({
    ...{ conditions, clock, logger, lastRecordedMs },
    isSynchronised: isTimeSynchronised,
  });
  lifetime.use('clock watch', clockWatch.start());
  const { handlers, attendance, retention, metrics } = composeControl(context, stores, {
    ...{ startedAtMs, runtime, conditions, intake, calibration, signing, receiver, grants, prompts },
    ...{
      screens,
      lastReload,
      reload,
      accounts,
      gate,
      clockWatch,
      ownCameras,
      ownSettings,
      configPath,
      log,
      eventDurations,
      recentPassages,
    },
  });
  const creations = new Creations({ kept: records.requests, logger });
  const server = await startControlServer({
    ...{ socketPath, operations, handlers, creations, logger },
    callerOf: await openLocalCaller(),
  });
  lifetime.use('control server', server);
  await serveMetrics(context, metrics);
  if (gate !== undefined) {
    const callers = networkCallers(context, stores, accounts);
    await startGate(context, { operations, handlers, creations, ...callers });
  }
  lifetime.use(
    'place of the records',
    recordsPlaceWatch({ records, onRemoved: onRecordsDamaged, clock, logger }).start(),
  );
  startEventSources(context, stores, {
    ...{ conditions, runtime, attendance, gate },
    isPastSettled: () => intake.problem === undefined && retention.summary.clockDoubt === undefined,
  });
  return { runtime, conditions };
}

/** Starts to compare the trusted keys and camera switches with the audit log. */
async function startGrantWatch(
  { current, lifetime, logger }: ComposeContext,
  { vault, records }: Stores,
  conditions: Conditions,
): Promise<GrantWatch> {
  const watch = new GrantWatch({
    ...{ audit: vault.audit, conditions, clock, logger },
    grants: records.commands.grants,
    auditKept: () => current().retention.auditEntries,
  });
  const grants = lifetime.use('grants', await watch.start());
  // A restore replaces the gallery file, and the audit log with it.
  lifetime.defer(
    'changes of the gallery',
    vault.onChanged(() => grants.checkSoon()),
  );
  return grants;
}

interface RuntimeOptions {
  readonly conditions: Conditions;
  readonly signing: OpenedIdentity;
  readonly intake: SightingIntake;
  readonly evidence: EvidenceCapture;
  readonly prompts: Prompts;
  readonly receiver: CommandReceiver;
  readonly eventDurations: EventDurations;
  readonly recentPassages: RecentPassages;
}

/** Starts the vision processes and the connection to the broker. */
async function startRuntime(
  context: ComposeContext,
  stores: Stores,
  options: RuntimeOptions,
): Promise<Runtime> {
  const { current, lifetime, logger } = context;
  const { identity, recogniser, vault, records } = stores;
  const { conditions, signing, intake, evidence, prompts, receiver, eventDurations, recentPassages } =
    options;
  const cameras = openCameraReporting({ ...context, stores, signer: signing.keys });
  const openGallery = () => vault.open?.gallery;
  const runtime = await Runtime.start({
    ...{ config: current(), identity, recogniser, intake, records, conditions, logger },
    cameras: cameras.states,
    state: boxState(vault, conditions, () => recentPassages.lastDay()),
    signer: () => signing.keys.current(),
    connectionTasks: (topics, plan) => [
      signing.identity.connectionTask(topics.keys, records.retained),
      ...cameras.connectionTasks(topics, plan),
      prompts.connectionTask(topics),
    ],
    commands: receiver,
    onDelivered: (row) => eventDurations.delivered(row),
    nameOf: personNames(openGallery),
    pictureOf: evidencePictures({ open: openGallery, settled: () => evidence.settled() }),
  });
  return lifetime.use('vision processes and publisher', runtime);
}

/** Reports key files that are damaged since this start, and that the others are whole. */
function reportDamagedKeys(
  damages: Readonly<Record<string, RollcallError | undefined>>,
  conditions: Conditions,
  logger: Logger,
): void {
  const active: string[] = [];
  for (const [name, damage] of Object.entries(damages)) {
    if (damage === undefined) continue;
    const { code, message, remedy } = damage;
    logger.error('a key file cannot be used; the box runs without it', { name, code, message, remedy });
    active.push(name);
  }
  const over = Object.keys(damages).filter((name) => !active.includes(name));
  conditions.change('key-damaged', {}, { active, over });
}
