import { localTimeOf } from '../../host/local-time.js';
import type { OpenDatabase } from '../../host/sqlite.js';
import type { Actor } from '../../kernel/actor.js';
import type { BoxIds, PersonId } from '../../kernel/ids.js';
import type { ChosenRecogniser } from '../../vision/recogniser-in-use.js';
import type { AuditKeyRing } from '../audit/audit-key-ring.js';
import type { Conditions } from '../conditions/conditions.js';
import type { GalleryVault } from '../gallery/gallery-vault.js';
import type { PartContext } from '../part-context.js';
import type { SourceStates } from '../records/source-states.js';
import { backupHandlers } from './backup-handlers.js';
import { BackupSchedule } from './backup-schedule.js';
import { readBoxFiles } from './box-files.js';
import { GalleryBackups } from './gallery-backups.js';

/** Makes backups of the box, and restores its gallery. */
export function openBackups({
  vault,
  auditKeys,
  identity,
  recogniser,
  records: {
    database: records,
    review,
    sources: { states },
  },
  conditions,
  accounts,
  configPath,
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
  readonly records: {
    readonly database: OpenDatabase;
    readonly review: { forgetPerson(id: PersonId): void };
    readonly sources: { readonly states: SourceStates };
  };
  readonly conditions: Conditions;
  readonly accounts: { readonly database: OpenDatabase };
  readonly configPath: string;
  readonly forgetPerson: (id: PersonId) => void;
}) {
  const { dataDir, gallery, site } = current();
  const backups = new GalleryBackups({
    ...{ vault, auditKeys, identity, dataDir, review, forgetPerson, clock, logger },
    galleryPath: gallery.path,
    rest: {
      databases: { records, accounts: accounts.database },
      files: () => readBoxFiles({ configPath, config: current() }),
    },
    recogniser: recogniser.id,
  });
  lifetime.use('backups', backups);
  const schedule = new BackupSchedule({
    ...{ current, backups, identity, states, conditions, clock, logger },
    localTime: localTimeOf(site.timeZone),
  });
  lifetime.use('scheduled backups', schedule.start());
  return {
    forgetCopies: (by: Actor) => backups.forgetCopies(by),
    handlers: backupHandlers(backups, () => schedule.status()),
  };
}
