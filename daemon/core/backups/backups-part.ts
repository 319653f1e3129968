import type { Actor } from '../../kernel/actor.js';
import type { BoxIds, PersonId } from '../../kernel/ids.js';
import type { ChosenRecogniser } from '../../vision/recogniser-in-use.js';
import type { AuditKeyRing } from '../audit/audit-key-ring.js';
import type { GalleryVault } from '../gallery/gallery-vault.js';
import type { PartContext } from '../part-context.js';
import { backupHandlers } from './backup-handlers.js';
import { GalleryBackups } from './gallery-backups.js';

/** Makes and restores backups of the gallery. */
export function openBackups({
  vault,
  auditKeys,
  identity,
  recogniser,
  records: { review },
  forgetPerson,
  current,
  lifetime,
  clock,
  logger,
}: PartContext & {
  readonly vault: GalleryVault;
  readonly auditKeys: AuditKeyRing;
  readonly identity: BoxIds;
  readonly recogniser: ChosenRecogniser;
  readonly records: { readonly review: { forgetPerson(id: PersonId): void } };
  readonly forgetPerson: (id: PersonId) => void;
}) {
  const { dataDir, gallery } = current();
  const backups = new GalleryBackups({
    ...{ vault, auditKeys, identity, dataDir, review, forgetPerson, clock, logger },
    galleryPath: gallery.path,
    recogniser: recogniser.id,
  });
  lifetime.use('backups', backups);
  return {
    forgetCopies: (by: Actor) => backups.forgetCopies(by),
    handlers: backupHandlers(backups),
  };
}
