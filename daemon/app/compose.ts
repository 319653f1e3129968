import type { RollcallError } from '../base/errors.js';
import type { Lifetime } from '../base/lifetime.js';
import type { Logger } from '../base/logger.js';
import type { Config } from '../config/schema.js';
import type { ReloadResult, ReloadStatus } from '../control/box-control.js';
import { refuseSecondDaemon, startControlServer } from '../control/server.js';
import { openRequestActor } from '../control/socket-request-actor.js';
import { systemClock as clock } from '../host/system-clock.js';
import type { CommandDesk } from '../publish/commands/command-desk.js';
import type { Prompts } from '../publish/prompts.js';
import { trailReload } from './audit/audit-trail.js';
import { openCommandDesk } from './centre/centre-commands.js';
import { openCameraNews } from './compose/compose-cameras.js';
import { openChallenges } from './compose/compose-challenges.js';
import { composeControl } from './compose/compose-control.js';
import { boxState, startEventSources } from './compose/compose-events.js';
import { startCalibration, startIntake } from './compose/compose-intake.js';
import { openStores, type Stores, type StoresOptions } from './compose/compose-stores.js';
import { BoxConditions } from './conditions/box-conditions.js';
import type { EvidenceCapture } from './events/evidence-capture.js';
import { evidencePictures } from './events/evidence-pictures.js';
import type { SightingIntake } from './events/sighting-intake.js';
import { personNames } from './gallery/person-names.js';
import type { OpenedBoxIdentity } from './identity/box-identity-open.js';
import { openBoxIdentity } from './identity/box-identity-open.js';
import { GrantWatch } from './identity/grant-watch.js';
import { ReplaceableParts } from './parts.js';

export interface ComposeOptions {
  readonly lifetime: Lifetime;
  readonly logger: Logger;
  /** What the latest reload of the configuration came to. */
  readonly lastReload: () => ReloadStatus | undefined;
  /** Calls back with what each reload came to. */
  readonly onReload: (listener: (result: ReloadResult) => void) => void;
  /** Reads the configuration again. */
  readonly reload: () => Promise<ReloadResult>;
  readonly onRecordsDamaged: StoresOptions['onRecordsDamaged'];
}

export interface ComposedBox {
  readonly parts: ReplaceableParts;
  readonly conditions: BoxConditions;
}

/**
 * Opens every part of the daemon and connects them. What is opened belongs to `lifetime`. Throws what a part throws when it
 * cannot be used: gallery key, gallery, records, models, broker secret, local API.
 */
export async function composeBox(
  config: Config,
  { lifetime, logger, lastReload, onReload, reload, onRecordsDamaged }: ComposeOptions,
): Promise<ComposedBox> {
  const startedAtMs = clock.monotonicMs();
  const { socketPath } = config.control;
  await refuseSecondDaemon(socketPath);
  let parts: ReplaceableParts | undefined;
  // What is read at every decision follows the configuration in force; until the parts run, the one given.
  const current = (): Config => parts?.config ?? config;
  const stores = await openStores(config, current, { lifetime, logger, onRecordsDamaged });
  const { identity, access, records } = stores;
  const { audit } = access;
  onReload((result) => trailReload(audit, result, logger));
  const conditions = lifetime.use('state of the box', new BoxConditions({ records, clock, logger }));
  const grants = lifetime.use(
    'what grants power',
    await new GrantWatch({
      ...{ audit, conditions, clock, logger },
      grants: records.commands.grants,
      auditKept: () => current().retention.auditEntries,
    }).start(),
  );
  // Another file may have taken the place of the gallery's, with another log.
  lifetime.defer(
    'changes of the gallery',
    access.onChanged(() => grants.lookAgain()),
  );
  const self = await openBoxIdentity(current, {
    ...{ from: identity, records, audit, lifetime, logger },
    inSilence: (work) => (parts === undefined ? work() : parts.inSilence(work)),
  });
  tellDamagedKeys({ 'audit-key': stores.auditKeys.damage, 'box-key': self.damage }, { conditions, logger });
  const calibration = startCalibration(stores, current, { conditions, lifetime, logger });
  onReload(() => calibration.followConfiguration());
  const signer = self.keys;
  const { prompts, challenges } = openChallenges({ identity, records, signer, current, lifetime, logger });
  const { intake, evidence } = startIntake(stores, current, { calibration, challenges, lifetime, logger });
  const desk = openCommandDesk({ identity, records, audit, clock, logger });
  const started = await startParts({
    ...stores,
    config,
    conditions,
    self,
    intake,
    evidence,
    prompts,
    desk,
    lifetime,
    logger,
  });
  parts = started;
  const { box, attendance, retention } = composeControl({
    ...{
      ...stores,
      startedAtMs,
      conditions,
      intake,
      calibration,
      self,
      desk,
      grants,
      lastReload,
      reload,
      lifetime,
      logger,
    },
    parts,
  });
  const actorOf = await openRequestActor();
  lifetime.use('control server', await startControlServer({ socketPath, box, logger, actorOf }));
  startEventSources({
    ...{ lifetime, records, access, conditions, parts, attendance, clock, logger },
    isPastSettled: () => intake.problem === undefined && retention.summary.clockDoubt === undefined,
  });
  return { parts, conditions };
}

interface PartsToStart extends Stores {
  readonly config: Config;
  readonly conditions: BoxConditions;
  readonly self: OpenedBoxIdentity;
  readonly intake: SightingIntake;
  readonly evidence: EvidenceCapture;
  readonly prompts: Prompts;
  readonly desk: CommandDesk;
  readonly lifetime: Lifetime;
  readonly logger: Logger;
}

/** Starts the vision processes and the publisher. */
async function startParts(given: PartsToStart): Promise<ReplaceableParts> {
  const { config, identity, recogniser, access, records, conditions, self, intake, evidence, lifetime } =
    given;
  const { logger } = given;
  const cameras = openCameraNews({
    ...{ records, clock, lifetime, logger },
    cameras: config.cameras,
    site: config.site,
    from: identity,
    signer: self.keys,
  });
  const parts = await ReplaceableParts.start({
    ...{ config, identity, recogniser, intake, records, conditions, logger },
    cameras: cameras.states,
    state: boxState(access, conditions),
    signer: () => self.keys.current(),
    companions: (topics, plan) => [
      self.identity.companion(topics.keys, records.retained),
      ...cameras.companions(topics, plan),
      given.prompts.companion(topics),
    ],
    commands: given.desk,
    nameOf: personNames(() => access.open?.gallery),
    pictureOf: evidencePictures({ open: () => access.open?.gallery, settled: () => evidence.settled() }),
  });
  return lifetime.use('vision processes and publisher', parts);
}

/** Says which files of keys were found damaged at this start, and that those of before are whole again. */
function tellDamagedKeys(
  damages: Readonly<Record<string, RollcallError | undefined>>,
  { conditions, logger }: { readonly conditions: BoxConditions; readonly logger: Logger },
): void {
  const holds: string[] = [];
  for (const [name, damage] of Object.entries(damages)) {
    if (damage === undefined) continue;
    const { code, message, remedy } = damage;
    logger.error('a file of keys cannot be used: the box goes on without it', {
      name,
      code,
      message,
      remedy,
    });
    holds.push(name);
  }
  const over = Object.keys(damages).filter((name) => !holds.includes(name));
  conditions.change('key-damaged', {}, { holds, over });
}
