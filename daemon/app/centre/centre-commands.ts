import type { Actor } from '../../audit/actor.js';
import type { AuditLog } from '../../audit/audit-log.js';
import type { Clock } from '../../base/clock.js';
import type { Lifetime } from '../../base/lifetime.js';
import type { Logger } from '../../base/logger.js';
import type { ReloadResult } from '../../control/box-control.js';
import type { KeyControl } from '../../control/key-control.js';
import type { PersonControl } from '../../control/person-control.js';
import type { TrustControl } from '../../control/trust-control.js';
import type { BoxIdentity } from '../../domain/events/box-identity.js';
import { CommandDesk } from '../../publish/commands/command-desk.js';
import type { CommandHandlers } from '../../publish/commands/command-handlers.js';
import { keptKeys } from '../../publish/commands/kept-keys.js';
import type { BoxDecryption } from '../../publish/identity/box-decryption.js';
import type { Records } from '../../records/open-records.js';
import type { GalleryAccess } from '../gallery/gallery-access.js';
import { type BoxTrustParts, boxTrust } from '../identity/box-trust.js';
import type { ReplaceableParts } from '../parts.js';
import { centreBox } from './centre-box.js';
import { centreCameras } from './centre-cameras.js';
import { centreEvents, type OutboxControl } from './centre-events.js';
import { centrePersons } from './centre-persons.js';
import { centrePictures } from './centre-pictures.js';
import { centreSync } from './centre-sync.js';

/** Takes commands in from the start; they are executed once `startCommands` was called. */
export function openCommandDesk(options: {
  readonly identity: BoxIdentity;
  readonly records: Records;
  readonly audit: AuditLog;
  readonly clock: Clock;
  readonly logger: Logger;
}): CommandDesk {
  const { identity, records, audit, clock, logger } = options;
  const { memory, alarm, trust } = records.commands;
  return new CommandDesk({
    audience: `${identity.siteId}/${identity.boxId}`,
    keys: keptKeys(trust),
    memory,
    alarm,
    record: (event, alongside) => records.record(event, alongside),
    audit: (entry) => void audit.append(entry),
    clock,
    logger,
  });
}

export interface CentreParts {
  readonly records: Records;
  readonly access: Pick<GalleryAccess, 'gallery' | 'audit'>;
  readonly persons: PersonControl;
  readonly keys: KeyControl;
  readonly decryption: BoxDecryption;
  readonly outbox: OutboxControl;
  readonly rotateIdentity: (by: Actor) => Promise<{ readonly keyId: string; readonly formerKeyId: string }>;
  readonly parts: Pick<ReplaceableParts, 'cameras' | 'vision' | 'replan'>;
  readonly reload: () => Promise<ReloadResult>;
  /** Aborts when the daemon ends. */
  readonly signal: AbortSignal;
  readonly clock: Clock;
}

/** Begins to execute what the desk took in, until `lifetime` ends; gives back whom the box trusts. */
export function startCommands(
  desk: CommandDesk,
  {
    lifetime,
    ...centre
  }: Omit<CentreParts, 'signal'> & {
    readonly lifetime: Lifetime;
    readonly grants: BoxTrustParts['watch'];
  },
): TrustControl {
  lifetime.use('commands of centres', desk);
  desk.start(centreHandlers({ ...centre, signal: lifetime.signal }));
  return boxTrust({
    store: centre.records.commands.trust,
    watch: centre.grants,
    audit: (entry) => void centre.access.audit.append(entry),
    counts: () => desk.counts,
    clock: centre.clock,
  });
}

/** Every command, with the part of the box that executes it. */
export function centreHandlers(centre: CentreParts): CommandHandlers {
  const { records, access, persons, keys, decryption, outbox, parts, reload, signal, clock } = centre;
  const { photographs, cameras } = records.commands;
  return {
    ...centrePersons({ persons, decryption, photographs }),
    ...centreSync({ gallery: () => access.gallery(), decryption, photographs }),
    ...centreEvents(outbox),
    ...centreCameras({
      switches: cameras,
      cameras: () => parts.cameras,
      audit: (entry) => void access.audit.append(entry),
      replan: async () => void (await parts.replan(signal)),
      takeSnapshot: (cameraId, sealTo) => parts.vision.pool.takeSnapshot(cameraId, sealTo),
    }),
    ...centrePictures({ records, gallery: () => access.gallery(), audit: access.audit }),
    ...centreBox({ keys, rotateIdentity: centre.rotateIdentity, reload, clock }),
  };
}
