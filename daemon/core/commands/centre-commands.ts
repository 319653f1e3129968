import type { ReloadResult } from '../../contract/status.js';
import type { Actor } from '../../kernel/actor.js';
import type { Clock } from '../../kernel/clock.js';
import type { BoxIds } from '../../kernel/ids.js';
import type { Lifetime } from '../../kernel/lifetime.js';
import type { Logger } from '../../kernel/logger.js';
import type { AuditLog } from '../audit/audit-log.js';
import type { CamerasInUse } from '../cameras/vision-runtime.js';
import type { GalleryVault } from '../gallery/gallery-vault.js';
import type { BoxDecryption } from '../identity/identity-keys.js';
import type { PhotographHashes } from '../persons/photograph-hashes.js';
import type { Records } from '../records/records.js';
import { cameraCommands } from './camera-commands.js';
import type { CommandHandlers } from './command-handlers.js';
import type { CentreOperations } from './command-operations.js';
import { CommandReceiver } from './command-receiver.js';
import type { CommandRecords } from './command-records.js';
import { type OutboxControl, outboxCommands, pictureCommands } from './event-commands.js';
import { storedKeys } from './issuer-keys.js';
import { genericCommand, operationCommands } from './operation-commands.js';
import { personCommands } from './person-commands.js';
import { syncCommands } from './sync-commands.js';
import { TrustedIssuers, type TrustedIssuersOptions } from './trusted-issuers.js';
import { type UpkeepCommandOptions, upkeepCommands } from './upkeep-commands.js';

/** Receives commands from the start. The box executes them after `startCommands`. */
export function openCommandReceiver(options: {
  readonly identity: BoxIds;
  readonly records: Pick<Records, 'record'> & { readonly commands: CommandRecords };
  readonly audit: AuditLog;
  readonly clock: Clock;
  readonly logger: Logger;
}): CommandReceiver {
  const { identity, records, audit, clock, logger } = options;
  const { memory, alarm, trust } = records.commands;
  return new CommandReceiver({
    audience: `${identity.siteId}/${identity.boxId}`,
    keys: storedKeys(trust),
    memory,
    alarm,
    record: (event, alongside) => records.record(event, alongside),
    audit: (entry) => void audit.append(entry),
    clock,
    logger,
  });
}

export interface CommandOptions {
  readonly records: Pick<Records, 'find'> & {
    readonly commands: CommandRecords;
    readonly photographHashes: PhotographHashes;
  };
  readonly vault: Pick<GalleryVault, 'gallery' | 'audit'>;
  /** The same that the local API and the network call. */
  readonly operations: CentreOperations;
  readonly keys: UpkeepCommandOptions['keys'];
  readonly decryption: BoxDecryption;
  readonly outbox: OutboxControl;
  readonly rotateIdentity: (by: Actor) => Promise<{ readonly keyId: string; readonly formerKeyId: string }>;
  readonly runtime: Pick<CamerasInUse, 'cameras' | 'vision' | 'replan'>;
  readonly reload: () => Promise<ReloadResult>;
  /** Aborts when the daemon ends. */
  readonly signal: AbortSignal;
  readonly clock: Clock;
}

/** Starts to execute received commands, until `lifetime` ends. Returns the control of trusted keys. */
export function startCommands(
  receiver: CommandReceiver,
  {
    lifetime,
    ...options
  }: Omit<CommandOptions, 'signal'> & {
    readonly lifetime: Lifetime;
    readonly grants: TrustedIssuersOptions['watch'];
  },
): TrustedIssuers {
  lifetime.use('commands of centres', receiver);
  receiver.start(commandHandlers({ ...options, signal: lifetime.signal }));
  return new TrustedIssuers({
    store: options.records.commands.trust,
    watch: options.grants,
    audit: (entry) => void options.vault.audit.append(entry),
    counts: () => receiver.counts,
    clock: options.clock,
  });
}

/** The handlers of all commands. */
export function commandHandlers(options: CommandOptions): CommandHandlers {
  const { records, vault, operations, keys, decryption, outbox, runtime, reload, signal, clock } = options;
  const { photographHashes: photographs, commands } = records;
  return {
    ...personCommands({ operations, decryption, photographs }),
    ...syncCommands({ gallery: () => vault.gallery(), decryption, photographs }),
    ...operationCommands(operations),
    ...genericCommand(operations, decryption),
    ...outboxCommands(outbox),
    ...cameraCommands({
      switches: commands.cameras,
      cameras: () => runtime.cameras,
      audit: (entry) => void vault.audit.append(entry),
      replan: async () => void (await runtime.replan(signal)),
      takeSnapshot: (cameraId, sealTo) => runtime.vision.pool.takeSnapshot(cameraId, sealTo),
    }),
    ...pictureCommands({ records, gallery: () => vault.gallery(), audit: vault.audit }),
    ...upkeepCommands({ operations, keys, rotateIdentity: options.rotateIdentity, reload, clock }),
  };
}
