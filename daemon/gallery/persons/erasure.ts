import { rmSync } from 'node:fs';
import type { Actor } from '../../audit/actor.js';
import type { AuditLog } from '../../audit/audit-log.js';
import type { Clock } from '../../base/clock.js';
import { operational } from '../../base/errors.js';
import type { PersonId } from '../../domain/ids.js';
import type { PersonProfile } from '../../domain/persons/person-profile.js';
import { wipe } from '../../host/sodium.js';
import type { OpenDatabase } from '../../host/sqlite.js';
import { olderCopiesOf } from '../../host/sqlite-migrations.js';
import type { ErasureCertificate } from '../gallery.js';
import type { KeyRing } from '../keys/key-ring.js';
import { emptyWriteAheadLog } from '../write-ahead-log.js';
import { sealProfile } from './person-changes.js';
import type { PersonCountsRow, PersonRows } from './person-rows.js';

export interface ErasureParts {
  readonly database: OpenDatabase;
  readonly rows: PersonRows;
  readonly audit: AuditLog;
  readonly clock: Clock;
}

/**
 * Deletes a person: rows and data key in one transaction with a tombstone and the audit entry; then empties the
 * write-ahead log and deletes older files beside it, so that neither a plaintext nor a ciphertext stays in any file.
 * @throws `erasure-incomplete` where another program keeps the write-ahead log from being emptied
 */
export function erasePerson(parts: ErasureParts, person: PersonCountsRow, by: Actor): ErasureCertificate {
  const erased = deletePerson(parts, person, by);
  forgetLog(parts.database, erased);
  return erased;
}

/** The same without the write-ahead log, which still holds what was deleted until it is emptied. */
export function deletePerson(parts: ErasureParts, person: PersonCountsRow, by: Actor): ErasureCertificate {
  const { database, rows, audit, clock } = parts;
  const erasedAtMs = clock.wallMs();
  const what = countsOf(person);
  forgetOlderCopies(database);
  const entry = database.transaction(() => {
    rows.delete(person);
    insertTombstone(database, person.id, erasedAtMs);
    return audit.append({
      by,
      action: 'person.erased',
      subject: person.id,
      details: { scope: 'person', ...what },
    });
  });
  return certificate({ personId: person.id, scope: 'person', erasedAtMs, by, entry, what });
}

/**
 * Deletes what a person could be recognised by, and the data key it was sealed under; the profile stays, under a new key.
 * @throws `erasure-incomplete`
 */
export function eraseBiometricData(
  parts: ErasureParts & { readonly ring: KeyRing },
  person: PersonCountsRow,
  { profile, by }: { readonly profile: PersonProfile; readonly by: Actor },
): ErasureCertificate {
  const { database, rows, audit, clock, ring } = parts;
  const erasedAtMs = clock.wallMs();
  const what = countsOf(person);
  const revision = person.revision + 1;
  const { row: dataKey, key } = ring.newDataKey();
  const sealed = sealProfile(key, { id: person.id, revision, state: 'removed' }, profile);
  wipe(key.bytes);
  forgetOlderCopies(database);
  const entry = database.transaction(() => {
    rows.delete(person);
    rows.insert(
      { ...person, state: 'removed', revision, profile: sealed, changedAtMs: erasedAtMs },
      dataKey,
      [],
      [],
    );
    const details = { scope: 'biometric-data', revision, ...what };
    return audit.append({ by, action: 'person.consent-withdrawn', subject: person.id, details });
  });
  const erased = certificate({ personId: person.id, scope: 'biometric-data', erasedAtMs, by, entry, what });
  forgetLog(database, erased);
  return erased;
}

/** To be called in the transaction that deletes the person, and when a backup brings tombstones. */
export function insertTombstone({ db }: OpenDatabase, personId: PersonId, erasedAtMs: number): void {
  db.prepare('INSERT OR REPLACE INTO tombstone (person_id, erased_at_ms) VALUES (?, ?)').run(
    personId,
    erasedAtMs,
  );
}

/**
 * Deletes what migrations left beside the file, and a damaged one that a restore put aside. First of all, so that a power cut never leaves a copy of somebody of whom the
 * gallery itself says that they were erased.
 */
function forgetOlderCopies({ path }: OpenDatabase): void {
  for (const copy of olderCopiesOf(path)) rmSync(copy, { force: true });
}

/**
 * @param erased - goes with the error: the deletion itself is done
 * @throws `erasure-incomplete`
 */
function forgetLog(database: OpenDatabase, erased?: ErasureCertificate): void {
  if (emptyWriteAheadLog(database)) return;
  throw operational(
    'erasure-incomplete',
    'the data was deleted, but the write-ahead log could not be emptied',
    {
      remedy:
        'Wait where `rollcall gallery verify` runs, which empties it in the end; otherwise close every other program that reads the gallery file: the log is emptied when the daemon next stops or starts.',
      details: { path: database.path, ...(erased === undefined ? {} : { certificate: erased }) },
    },
  );
}

function countsOf({
  templateCount,
  photographCount,
  evidenceCount,
}: PersonCountsRow): ErasureCertificate['what'] {
  return { templates: templateCount, photographs: photographCount, evidence: evidenceCount };
}

function certificate(options: {
  readonly personId: PersonId;
  readonly scope: ErasureCertificate['scope'];
  readonly erasedAtMs: number;
  readonly by: Actor;
  readonly entry: { readonly sequence: number; readonly hash: string };
  readonly what: ErasureCertificate['what'];
}): ErasureCertificate {
  const { entry, ...rest } = options;
  return { ...rest, auditSequence: entry.sequence, auditHash: entry.hash };
}
