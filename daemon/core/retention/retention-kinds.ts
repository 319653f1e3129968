import { rmSync, statSync } from 'node:fs';
import { explainAccess } from '../../host/file-access.js';
import type { OpenDatabase } from '../../host/sqlite.js';
import { olderCopiesOf } from '../../host/sqlite-migrations.js';
import type { Actor } from '../../kernel/actor.js';
import type { Clock } from '../../kernel/clock.js';
import { isRollcallError, messageOf } from '../../kernel/errors.js';
import type { EventKind } from '../../kernel/events/event.js';
import { eventKinds } from '../../kernel/events/event-type.js';
import type { PictureKind } from '../../kernel/events/evidence.js';
import type { PersonId, StrangerId } from '../../kernel/ids.js';
import type { Ageing, RetentionKind } from '../../kernel/retention/retention-rules.js';
import type { StrangerState } from '../../kernel/strangers/stranger.js';
import { failure } from '../../words/errors.js';
import type { AuditLog } from '../audit/audit-log.js';
import type { Gallery } from '../gallery/gallery.js';
import type { GalleryFile } from '../gallery/gallery-file.js';
import { forgetDeleted } from '../gallery/leftovers.js';
import { deletePerson } from '../gallery/persons/erasure.js';
import { PersonRows } from '../gallery/persons/person-rows.js';
import type { RecordsRetention } from './records-retention.js';
import { ageingImports, ageingRemovedPersons, ageingTombstones } from './retention-persons.js';
import { ageingEvidence, ageingPhotographs } from './retention-pictures.js';
import type { AgeingKinds } from './retention-run.js';
import { ageingStrangers } from './retention-strangers.js';

const dayMs = 86_400_000;

/** Larger than other batches, because each cut of the audit log writes an entry and checks what it cuts. A few milliseconds. */
const auditBatch = 200;

/** The kinds of event under each rule. */
const eventsUnder = {
  // A summary repeats attendance data and must not outlive it. Ambiguous passages and marks are needed as long as the
  // attendance can be corrected.
  attendanceRecords: [
    'attendance',
    'recognised-unproven',
    'recognised-refused',
    'watchlist',
    'recognised-ambiguous',
    'mark',
    'summary',
  ],
  unknownRecords: ['unknown', 'loitering', 'stranger'],
  attackRecords: ['attack'],
  replyRecords: ['reply'],
} as const satisfies Partial<Record<RetentionKind, readonly EventKind[]>>;
const ownRules: readonly EventKind[] = Object.values(eventsUnder).flat();
const otherEvents = eventKinds.filter((kind) => !ownRules.includes(kind));

export interface RetentionSources {
  /** Undefined while no file is open. A restore may replace it at any time. */
  readonly file: () => GalleryFile | undefined;
  /** Undefined while the gallery is sealed. Retention works then, too: deleting needs no key. */
  readonly gallery: () => Gallery | undefined;
  /** Stops to take tracks in sight for this person. */
  readonly forgetPerson: (id: PersonId) => void;
  /** Deletes the copies of the gallery on this box that may hold a person who is erased now. */
  readonly forgetCopies: (by: Actor) => void;
  readonly records: RecordsRetention;
  /** The databases of gallery and records. */
  readonly databasePaths: readonly string[];
  readonly clock: Clock;
}

/** Everything on this box that ages. Audit entries name `by` as the actor. */
export function ageingKinds(sources: RetentionSources, by: Actor): AgeingKinds {
  const { records, databasePaths } = sources;
  const inGallery = (ageingOf: (file: GalleryFile) => Ageing): Ageing => ageingInFile(sources.file, ageingOf);
  const evidence = (kind: PictureKind): Ageing => inGallery(({ database }) => ageingEvidence(database, kind));
  const strangers = (state: StrangerState): Ageing =>
    inGallery(({ database }) => ageingStrangers(database, state, (ids) => forgetStrangers(sources, ids)));
  return {
    databaseCopies: ageingDatabaseCopies(databasePaths),
    unfinishedImports: inGallery((file) =>
      ageingImports(file.database, (importId) => abandonImport(sources, file, importId, by)),
    ),
    removedPersons: inGallery((file) =>
      ageingRemovedPersons(file.database, (id) => erase(sources, file, id, by)),
    ),
    strangers: strangers('active'),
    ignoredStrangers: strangers('ignored'),
    photographs: inGallery(({ database }) => ageingPhotographs(database)),
    attendanceEvidence: evidence('attendance'),
    unknownEvidence: evidence('unknown'),
    attackEvidence: evidence('attack'),
    passagePictures: evidence('passage'),
    clips: records.clips(),
    attendanceRecords: records.ageing(...eventsUnder.attendanceRecords),
    unknownRecords: records.ageing(...eventsUnder.unknownRecords),
    attackRecords: records.ageing(...eventsUnder.attackRecords),
    replyRecords: records.ageing(...eventsUnder.replyRecords),
    otherRecords: records.ageing(...otherEvents),
    passages: thenKeys(
      records.passages(),
      inGallery(({ database }) => ageingPassageKeys(database)),
    ),
    auditEntries: inGallery(({ audit }) => ageingAudit(audit, by)),
    tombstones: inGallery(({ database }) => ageingTombstones(database)),
  };
}

/** Empties the write-ahead logs, and removes what deleted rows left in the gallery. False if another program prevents the former. */
export function emptyLogs({ file, records }: RetentionSources): boolean {
  const database = file()?.database;
  const areRecordsEmptied = records.emptyLog();
  return (database === undefined || forgetDeleted(database)) && areRecordsEmptied;
}

/** Ageing data in the gallery file that is open now. After a restore has replaced the file, it stops. */
function ageingInFile(present: RetentionSources['file'], ageingOf: (file: GalleryFile) => Ageing): Ageing {
  const required = (): GalleryFile => {
    const file = present();
    if (file !== undefined) return file;
    throw failure('gallery-not-open');
  };
  return {
    countDue: (beforeMs) => ageingOf(required()).countDue(beforeMs),
    begin(beforeMs) {
      const file = required();
      const step = ageingOf(file).begin(beforeMs);
      return (limit) => {
        if (present() === file) return step(limit);
        throw failure('gallery-replaced');
      };
    },
  };
}

/** Deletes the passages, then the keys of the days that are over. Counts passages only. */
function thenKeys(passages: Ageing, keys: Ageing): Ageing {
  return {
    countDue: (beforeMs) => passages.countDue(beforeMs),
    begin(beforeMs) {
      const deletePassages = passages.begin(beforeMs);
      let deleteKeys: ReturnType<Ageing['begin']> | undefined;
      return (limit) => {
        if (deleteKeys !== undefined) return { count: 0, isMoreDue: deleteKeys(limit).isMoreDue };
        const { count, isMoreDue } = deletePassages(limit);
        if (!isMoreDue) deleteKeys = keys.begin(beforeMs);
        return { count, isMoreDue: true };
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
  { gallery, forgetPerson, forgetCopies, records, clock }: RetentionSources,
  { database, audit }: GalleryFile,
  id: PersonId,
  by: Actor,
): boolean {
  forgetPerson(id);
  forgetCopies(by);
  const passages = records.forgetAbout(id);
  const open = gallery();
  if (open === undefined) {
    const rows = new PersonRows(database);
    const person = rows.person(id);
    if (person === undefined) return false;
    deletePerson({ database, rows, audit, clock }, person, { by, passages });
    return true;
  }
  // The end of the run removes what this leaves, and reports a failure.
  return open.erasePerson(id, by, passages, 'later') !== undefined;
}

function forgetStrangers({ gallery, records }: RetentionSources, ids: readonly StrangerId[]): void {
  gallery()?.strangers.unload(ids);
  records.forgetStrangers(ids);
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

/** Older copies of these databases, left by migrations and restores. Their age counts from the last write. */
function ageingDatabaseCopies(paths: readonly string[]): Ageing {
  const dueBefore = (beforeMs: number): readonly string[] =>
    paths
      .flatMap((path) => olderCopiesOf(path))
      .filter((copy) => (statSync(copy, { throwIfNoEntry: false })?.mtimeMs ?? beforeMs) < beforeMs);
  return {
    countDue: (beforeMs) => dueBefore(beforeMs).length,
    begin(beforeMs) {
      const waiting = dueBefore(beforeMs).values();
      return () => {
        const { done, value: copy } = waiting.next();
        if (done === true) return { count: 0, isMoreDue: false };
        remove(copy);
        return { count: 1, isMoreDue: true };
      };
    },
  };
}

function remove(copy: string): void {
  try {
    rmSync(copy, { force: true });
  } catch (error) {
    const access = explainAccess(copy, 'written', error);
    throw failure(
      'database-copy',
      { copy, reason: access?.reason ?? messageOf(error) },
      { remedy: access?.remedy ?? 'Check the health of the disk.', cause: error },
    );
  }
}

/** The keys of passages, by the end of their day. */
function ageingPassageKeys(database: OpenDatabase): Ageing {
  const { db } = database;
  const count = db.prepare<[number], number>('SELECT count(*) FROM passage_key WHERE day_ms <= ?').pluck();
  const due = db
    .prepare<[number, number], string>('SELECT data_key_id FROM passage_key WHERE day_ms <= ? LIMIT ?')
    .pluck();
  const remove = db.prepare<[string]>('DELETE FROM passage_key WHERE data_key_id = ?');
  const removeKey = db.prepare<[string]>('DELETE FROM data_key WHERE id = ?');
  return {
    countDue: (beforeMs) => Number(count.get(beforeMs - dayMs)),
    begin: (beforeMs) => (limit) =>
      database.transaction(() => {
        const ids = due.all(beforeMs - dayMs, limit);
        for (const id of ids) {
          remove.run(id);
          removeKey.run(id);
        }
        return { count: ids.length, isMoreDue: ids.length === limit };
      }),
  };
}
