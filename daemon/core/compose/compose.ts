import type { LoadedConfig, LoadOptions } from '../../contract/settings/load.js';
import type { Config } from '../../contract/settings/schema.js';
import type { ReloadResult, ReloadStatus } from '../../contract/status.js';
import type { RecentLog } from '../../host/recent-log.js';
import { systemClock as clock } from '../../host/system-clock.js';
import { systemRandom as random } from '../../host/system-random.js';
import type { Lifetime } from '../../kernel/lifetime.js';
import type { Logger } from '../../kernel/logger.js';
import { openBoxAccounts } from '../accounts/accounts-part.js';
import { serveChannels, startAlerts } from '../alerts/alerts-part.js';
import { serveLocalApi } from '../api/api-part.js';
import { refuseSecondDaemon } from '../api/server.js';
import { openAttendance, summariseDays } from '../attendance/attendance-part.js';
import { auditReloads, followAudit, openAudit } from '../audit/audit-part.js';
import { openBackups } from '../backups/backups-part.js';
import { openOwnCameras, openPhotoProcesses, openWalls, serveCameras } from '../cameras/cameras-part.js';
import { openChallenges, serveChallenges } from '../challenges/challenges-part.js';
import { executeCommands, receiveCommands, watchGrants } from '../commands/commands-part.js';
import type { Conditions } from '../conditions/conditions.js';
import {
  openConditions,
  reportDamagedKeys,
  watchBox,
  watchClock,
  watchIntrusions,
} from '../conditions/conditions-part.js';
import { serveEnrolments } from '../enrolments/enrolments-part.js';
import { openEvents } from '../events/events-part.js';
import { openUpkeep, recordGalleryEvents } from '../gallery/gallery-part.js';
import { serveGate, startHandover, watchGateWall } from '../gate/gate-part.js';
import type { WithoutSigning } from '../identity/identity-keys.js';
import { openSigning, serveIdentity } from '../identity/identity-part.js';
import { measureDelivery, serveMetrics } from '../metrics/metrics-part.js';
import { openClips, readPassages, servePassages } from '../passages/passages-part.js';
import { namePersons, openPersons } from '../persons/persons-part.js';
import { calibrateGallery, openIntake, serveRecognition } from '../recognition/recognition-part.js';
import { startRetention } from '../retention/retention-part.js';
import { serveReview } from '../review/review-part.js';
import type { Runtime } from '../runtime/runtime.js';
import { startRuntime } from '../runtime/runtime-part.js';
import { openOwnSettings } from '../settings/settings-part.js';
import { serveStatus } from '../status/status-part.js';
import { serveStrangers, watchLoitering } from '../strangers/strangers-part.js';
import { PartList } from './part-list.js';
import { openStores } from './stores.js';

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
 * Opens every part of the daemon, in the order in which they need each other. `lifetime` closes them in reverse. Throws when a
 * part cannot be used: gallery key, gallery, records, models, broker secret, local API.
 */
export async function composeBox(config: Config, options: ComposeOptions): Promise<ComposedBox> {
  await refuseSecondDaemon(config.control.socketPath);
  let running: Runtime | undefined;
  const withoutSigning: WithoutSigning = (work) =>
    running === undefined ? work() : running.withoutSigning(work);
  const start = {
    ...{ ...options, clock, random, startedAtMs: clock.monotonicMs() },
    withoutSigning,
    current: () => running?.config ?? config,
  };
  return (
    PartList.startingWith(start)
      // Before the gallery, which may be moving to another recogniser: that takes a vision process.
      .with(openWalls)
      // What is on the disk, and what is wrong with it.
      .with(openStores)
      .with(auditReloads)
      .with(openConditions)
      .with(watchGrants)
      .with(openSigning)
      .with(openBoxAccounts)
      .with(reportDamagedKeys)
      // From a sighting to an event at the broker.
      .with(calibrateGallery)
      .with(measureDelivery)
      .with(namePersons)
      .with(readPassages)
      .with(openChallenges)
      .with(openIntake)
      .with(watchLoitering)
      .with(receiveCommands)
      .with(startRuntime)
      .with(({ runtime }) => {
        running = runtime;
      })
      .with(openClips)
      // What changes over the API.
      .with(startHandover)
      .with(openOwnCameras)
      .with(openOwnSettings)
      .with(serveChannels)
      .with(watchClock)
      // What readers and writers ask for.
      .with(openAudit)
      .with(openPhotoProcesses)
      .with(openBackups)
      .with(openPersons)
      .with(startRetention)
      .with(openUpkeep)
      .with(openEvents)
      .with(openAttendance)
      .with(servePassages)
      .with(startAlerts)
      .with(serveCameras)
      .with(serveStrangers)
      // Centres call the operations above this line.
      .with(executeCommands)
      .with(serveReview)
      .with(serveEnrolments)
      .with(serveIdentity)
      .with(serveRecognition)
      .with(serveChallenges)
      .with(serveStatus)
      // Doors for callers.
      .with(watchIntrusions)
      .with(watchGateWall)
      .with(serveLocalApi)
      .with(serveMetrics)
      .with(serveGate)
      // Events besides those from cameras.
      .with(watchBox)
      .with(recordGalleryEvents)
      .with(followAudit)
      .with(summariseDays)
      .open()
  );
}
