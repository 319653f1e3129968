import type { Actor } from '../../audit/actor.js';
import type { AuditLog } from '../../audit/audit-log.js';
import type { Clock } from '../../base/clock.js';
import { isRollcallError, operational } from '../../base/errors.js';
import type { EventKind } from '../../domain/events/event.js';
import { eventKinds } from '../../domain/events/event-type.js';
import type { EvidenceKind } from '../../domain/events/evidence.js';
import type { PersonId } from '../../domain/ids.js';
import type { Ageing } from '../../domain/retention/retention.js';
import type { Gallery } from '../../gallery/gallery.js';
import type { GalleryFile } from '../../gallery/gallery-file.js';
import { deletePerson } from '../../gallery/persons/erasure.js';
import { PersonRows } from '../../gallery/persons/person-rows.js';
import {
  ageingImports,
  ageingRemovedPersons,
  ageingTombstones,
} from '../../gallery/retention/retention-persons.js';
import { ageingEvidence, ageingPhotographs } from '../../gallery/retention/retention-pictures.js';
import { emptyWriteAheadLog } from '../../gallery/write-ahead-log.js';
import type { RecordsRetention } from '../../records/retention.js';
import { ageingDatabaseCopies } from './retention-copies.js';
import type { AgeingKinds } from './retention-run.js';

/** Every cut writes an entry about itself and checks what it cuts: larger batches than elsewhere, still a few milliseconds. */
const auditBatch = 200;

/** Kinds of event with a rule of their own. */
const ownRules: readonly EventKind[] = [
  'attendance',
  'recognised-unproven',
  'recognised-ambiguous',
  'unknown',
  'attack',
  'reply',
];

export interface RetentionSources {
  /** Undefined while there is none that could be opened. Another one may take its place at any time. */
  readonly file: () => GalleryFile | undefined;
  /** Undefined while the gallery is sealed: everything is forgotten all the same, for deleting needs no key. */
  readonly gallery: () => Gallery | undefined;
  /** Tracks in sight are no longer taken for this person. */
  readonly forgetPerson: (id: PersonId) => void;
  readonly records: RecordsRetention;
  /** Of gallery and records. */
  readonly databasePaths: readonly string[];
  readonly clock: Clock;
}

/** Everything that ages on this box, to be forgotten in the name of `by`. */
export function ageingKinds(sources: RetentionSources, by: Actor): AgeingKinds {
  const { records, databasePaths } = sources;
  const inGallery = (ageingOf: (file: GalleryFile) => Ageing): Ageing => ageingInFile(sources.file, ageingOf);
  const evidence = (kind: EvidenceKind): Ageing =>
    inGallery(({ database }) => ageingEvidence(database, kind));
  return {
    databaseCopies: ageingDatabaseCopies(databasePaths),
    unfinishedImports: inGallery((file) =>
      ageingImports(file.database, (importId) => abandonImport(sources, file, importId, by)),
    ),
    removedPersons: inGallery((file) =>
      ageingRemovedPersons(file.database, (id) => erase(sources, file, id, by)),
    ),
    photographs: inGallery(({ database }) => ageingPhotographs(database)),
    attendanceEvidence: evidence('attendance'),
    unknownEvidence: evidence('unknown'),
    attackEvidence: evidence('attack'),
    // A summary tells the same of the same people: it never stays longer than what it was made from. Who could be either of
    // two persons is wanted for as long as their attendance may be put right.
    attendanceRecords: records.ageing('attendance', 'recognised-unproven', 'recognised-ambiguous', 'summary'),
    unknownRecords: records.ageing('unknown'),
    attackRecords: records.ageing('attack'),
    replyRecords: records.ageing('reply'),
    otherRecords: records.ageing(...eventKinds.filter((kind) => !ownRules.includes(kind))),
    auditEntries: inGallery(({ audit }) => ageingAudit(audit, by)),
    tombstones: inGallery(({ database }) => ageingTombstones(database)),
  };
}

/** Empties the write-ahead logs; false where another program keeps one from being emptied. */
export function emptyLogs({ file, records }: RetentionSources): boolean {
  const database = file()?.database;
  const isGalleryEmptied = database === undefined || emptyWriteAheadLog(database);
  return records.emptyLog() && isGalleryEmptied;
}

/** What ages in the file that is open when it is asked for. Once another one took its place, nothing more is done to it. */
function ageingInFile(present: RetentionSources['file'], ageingOf: (file: GalleryFile) => Ageing): Ageing {
  const required = (): GalleryFile => {
    const file = present();
    if (file !== undefined) return file;
    throw operational('gallery-not-open', 'the file of the gallery is not open', {
      remedy: 'see `rollcall status` for the reason; the next run forgets what is due',
    });
  };
  return {
    countDue: (beforeMs) => ageingOf(required()).countDue(beforeMs),
    begin(beforeMs) {
      const file = required();
      const step = ageingOf(file).begin(beforeMs);
      return (limit) => {
        if (present() === file) return step(limit);
        throw operational('gallery-replaced', 'another file took the place of the gallery meanwhile', {
          remedy: 'nothing needs to be done: the next run forgets what is due in it',
        });
      };
    },
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

function erase(
  { gallery, forgetPerson, records, clock }: RetentionSources,
  { database, audit }: GalleryFile,
  id: PersonId,
  by: Actor,
): boolean {
  forgetPerson(id);
  records.forgetAbout(id);
  const open = gallery();
  if (open === undefined) {
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

function abandonImport(
  { gallery }: RetentionSources,
  { audit }: GalleryFile,
  importId: string,
  by: Actor,
): number | undefined {
  try {
    const persons = gallery()?.abandonImport(importId);
    if (persons === undefined) return undefined;
    audit.append({ by, action: 'import.discarded', subject: importId, details: { persons } });
    return persons;
  } catch (error) {
    if (isRollcallError(error, 'no-such-import')) return undefined;
    throw error;
  }
}
