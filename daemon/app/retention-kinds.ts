import type { Actor } from '../audit/actor.js';
import type { AuditLog } from '../audit/audit-log.js';
import type { Clock } from '../base/clock.js';
import { isRollcallError } from '../base/errors.js';
import type { PersonId } from '../domain/ids.js';
import type { Ageing } from '../domain/retention.js';
import { deletePerson } from '../gallery/erasure.js';
import type { Gallery } from '../gallery/gallery.js';
import type { GalleryFile } from '../gallery/gallery-file.js';
import { PersonRows } from '../gallery/person-rows.js';
import { ageingImports, ageingRemovedPersons, ageingTombstones } from '../gallery/retention-persons.js';
import { ageingEvidence, ageingPhotographs } from '../gallery/retention-pictures.js';
import type { RecordsRetention } from '../records/retention.js';
import { ageingDatabaseCopies } from './retention-copies.js';
import type { AgeingKinds } from './retention-run.js';

/** Every cut writes an entry about itself and checks what it cuts: larger batches than elsewhere, still a few milliseconds. */
const auditBatch = 200;

export interface RetentionSources {
  readonly file: GalleryFile;
  /** Undefined while the gallery is sealed: everything is forgotten all the same, for deleting needs no key. */
  readonly gallery: () => Gallery | undefined;
  /** Tracks in sight are no longer taken for this person. */
  readonly forgetPerson: (id: PersonId) => void;
  readonly records: RecordsRetention;
  /** Of records.db. */
  readonly recordsPath: string;
  readonly clock: Clock;
}

/** Everything that ages on this box, to be forgotten in the name of `by`. */
export function ageingKinds(sources: RetentionSources, by: Actor): AgeingKinds {
  const { file, records, recordsPath } = sources;
  const { database, audit } = file;
  return {
    databaseCopies: ageingDatabaseCopies([database.path, recordsPath]),
    unfinishedImports: ageingImports(database, (importId) => abandonImport(sources, importId, by)),
    removedPersons: ageingRemovedPersons(database, (id) => erase(sources, id, by)),
    photographs: ageingPhotographs(database),
    attendanceEvidence: ageingEvidence(database, 'attendance'),
    unknownEvidence: ageingEvidence(database, 'unknown'),
    attackEvidence: ageingEvidence(database, 'attack'),
    attendanceRecords: records.ageing('attendance'),
    unknownRecords: records.ageing('unknown'),
    attackRecords: records.ageing('attack'),
    auditEntries: ageingAudit(audit, by),
    tombstones: ageingTombstones(database),
  };
}

function ageingAudit(audit: AuditLog, by: Actor): Ageing {
  return {
    countDue: (beforeMs) => audit.count({ toMs: beforeMs }),
    begin: (beforeMs) => () => {
      const { cutCount, isMoreDue } = audit.prune(beforeMs, by, auditBatch);
      return { count: cutCount, isMoreDue };
    },
  };
}

function erase({ file, gallery, forgetPerson, clock }: RetentionSources, id: PersonId, by: Actor): boolean {
  forgetPerson(id);
  const open = gallery();
  if (open === undefined) {
    const { database, audit } = file;
    const rows = new PersonRows(database);
    const person = rows.person(id);
    if (person === undefined) return false;
    deletePerson({ database, rows, audit, clock }, person, by);
    return true;
  }
  try {
    return open.erasePerson(id, by) !== undefined;
  } catch (error) {
    // Deleted; the end of the run tries again to empty the log, and says so where that fails.
    if (isRollcallError(error, 'erasure-incomplete')) return true;
    throw error;
  }
}

function abandonImport({ file, gallery }: RetentionSources, importId: string, by: Actor): number | undefined {
  try {
    const persons = gallery()?.abandonImport(importId);
    if (persons === undefined) return undefined;
    file.audit.append({ by, action: 'import.discarded', subject: importId, details: { persons } });
    return persons;
  } catch (error) {
    if (isRollcallError(error, 'no-such-import')) return undefined;
    throw error;
  }
}
