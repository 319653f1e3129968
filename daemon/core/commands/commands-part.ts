import type { Handlers } from '../../contract/handlers.js';
import type { ReloadResult } from '../../contract/status.js';
import type { trustOperations } from '../../contract/trust.js';
import type { BoxIds } from '../../kernel/ids.js';
import type { CamerasInUse } from '../cameras/vision-runtime.js';
import type { GalleryVault } from '../gallery/gallery-vault.js';
import type { OpenedIdentity } from '../identity/signing-identity.js';
import type { PartContext } from '../part-context.js';
import type { PhotographHashes } from '../persons/photograph-hashes.js';
import type { Records } from '../records/records.js';
import { type CommandOptions, openCommandReceiver, startCommands } from './centre-commands.js';
import type { CentreOperations } from './command-operations.js';
import type { CommandReceiver } from './command-receiver.js';
import type { CommandRecords } from './command-records.js';
import { GrantWatch, type GrantWatchOptions } from './grant-watch.js';
import { trustHandlers } from './trusted-issuers.js';

interface CommandStores {
  readonly vault: GalleryVault;
  readonly records: Records & {
    readonly commands: CommandRecords;
    readonly photographHashes: PhotographHashes;
  };
}

/** Starts to compare the trusted keys and camera switches with the audit log. */
export async function watchGrants({
  vault,
  records,
  conditions,
  current,
  lifetime,
  clock,
  logger,
}: PartContext & CommandStores & { readonly conditions: GrantWatchOptions['conditions'] }): Promise<{
  readonly grants: GrantWatch;
}> {
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
  return { grants };
}

/** Receives commands from the start. The box executes them after `executeCommands`. */
export function receiveCommands({
  identity,
  records,
  vault: { audit },
  clock,
  logger,
}: PartContext & CommandStores & { readonly identity: BoxIds }): { readonly receiver: CommandReceiver } {
  return { receiver: openCommandReceiver({ identity, records, audit, clock, logger }) };
}

/** Starts to execute commands, with the handlers of the operations that a centre may call. */
export function executeCommands(
  box: PartContext &
    CommandStores & {
      readonly receiver: CommandReceiver;
      readonly grants: GrantWatch;
      readonly keys: CommandOptions['keys'];
      readonly signing: OpenedIdentity;
      readonly events: CommandOptions['outbox'];
      readonly runtime: CamerasInUse;
      readonly reload: () => Promise<ReloadResult>;
      readonly handlers: CentreOperations;
    },
): { readonly handlers: Handlers<typeof trustOperations> } {
  const { receiver, records, vault, keys, runtime, grants, reload, clock, lifetime, signing } = box;
  const trust = startCommands(receiver, {
    ...{ records, vault, keys, runtime, grants, reload, clock, lifetime },
    operations: box.handlers,
    decryption: signing.keys,
    outbox: box.events,
    rotateIdentity: (by) => signing.identity.rotateByCommand(by),
  });
  return { handlers: trustHandlers(trust) };
}
