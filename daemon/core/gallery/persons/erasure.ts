import { rmSync } from 'node:fs';
import { wipe } from '../../../host/sodium.js';
import type { OpenDatabase } from '../../../host/sqlite.js';
import { olderCopiesOf } from '../../../host/sqlite-migrations.js';
import type { Actor } from '../../../kernel/actor.js';
import type { Clock } from '../../../kernel/clock.js';
import type { PersonId } from '../../../kernel/ids.js';
import type { PersonProfile } from '../../../kernel/persons/person-profile.js';
import { failure } from '../../../words/errors.js';
import type { AuditLog } from '../../audit/audit-log.js';
import type { KeyRing } from '../keys/key-ring.js';
import { forgetDeleted } from '../leftovers.js';
import { deleteStrangersOf } from '../strangers/stranger-rows.js';
import { sealProfile } from './person-changes.js';
import type { PersonCountsRow, PersonRows } from './person-rows.js';

/** Proof of an erasure, without personal data. */
export interface Erasure {
  readonly personId: PersonId;
  /** `biometric-data`: consent was withdrawn; the profile stays. */
  readonly scope: 'person' | 'biometric-data';
  readonly erasedAtMs: number;
  readonly by: Actor;
  readonly auditSequence: number;
  /** Hexadecimal. */
  readonly auditHash: string;
  readonly what: {
    readonly templates: number;
    readonly photographs: number;
    readonly evidence: number;
    /** As the caller says, who erased them before. */
    readonly passages: number;
  };
}

export interface ErasureContext {
  readonly database: OpenDatabase;
  readonly rows: PersonRows;
  readonly audit: AuditLog;
  readonly clock: Clock;
}

export interface ErasureOrder {
  readonly by: Actor;
  /** How many passages were erased with the person. */
  readonly passages: number;
}

/**
 * Deletes a person: rows and data key, in one transaction with the tombstone and the audit entry. Deletes older copies of the
 * file and what the deleted rows left (`forgetDeleted`), so that no file keeps the data key, and no small file the ciphertext.
 * @throws `erasure-incomplete` if another program prevents the write-ahead log from being emptied
 */
export function erasePerson(parts: ErasureContext, person: PersonCountsRow, order: ErasureOrder): Erasure {
  const erased = deletePerson(parts, person, order);
  forgetRemains(parts.database, erased);
  return erased;
}

/** As `erasePerson`, but the caller empties the write-ahead log, which still holds the deleted data. */
export function deletePerson(
  parts: ErasureContext,
  person: PersonCountsRow,
  { by, passages }: ErasureOrder,
): Erasure {
  const { database, rows, audit, clock } = parts;
  const erasedAtMs = clock.wallMs();
  const what = countsOf(person, passages);
  forgetOlderCopies(database);
  const entry = database.transaction(() => {
    rows.delete(person);
    deleteStrangersOf(database, person.id);
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

interface WithdrawalOrder extends ErasureOrder {
  readonly profile: PersonProfile;
}

/**
 * Deletes a person's templates and pictures with their data key. The profile stays, under a new key.
 * @throws `erasure-incomplete`
 */
export function eraseBiometricData(
  parts: ErasureContext & { readonly ring: KeyRing },
  person: PersonCountsRow,
  order: WithdrawalOrder,
): Erasure {
  const erased = deleteBiometricData(parts, person, order);
  forgetRemains(parts.database, erased);
  return erased;
}

/** As `eraseBiometricData`, without what the deleted rows leave: the caller calls `forgetDeleted`. */
export function deleteBiometricData(
  parts: ErasureContext & { readonly ring: KeyRing },
  person: PersonCountsRow,
  { profile, by, passages }: WithdrawalOrder,
): Erasure {
  const { database, rows, audit, clock, ring } = parts;
  const erasedAtMs = clock.wallMs();
  const what = countsOf(person, passages);
  const revision = person.revision + 1;
  const { row: dataKey, key } = ring.newDataKey();
  const sealed = sealProfile(key, { id: person.id, revision, state: 'removed' }, profile);
  wipe(key.bytes);
  forgetOlderCopies(database);
  const entry = database.transaction(() => {
    rows.delete(person);
    deleteStrangersOf(database, person.id);
    rows.insert(
      { ...person, state: 'removed', revision, profile: sealed, changedAtMs: erasedAtMs },
      dataKey,
      [],
      [],
    );
    const details = { scope: 'biometric-data', revision, ...what };
    return audit.append({ by, action: 'person.consent-withdrawn', subject: person.id, details });
  });
  return certificate({ personId: person.id, scope: 'biometric-data', erasedAtMs, by, entry, what });
}

/** Call it in the transaction that deletes the person, or that restores the tombstones of a backup. */
export function insertTombstone({ db }: OpenDatabase, personId: PersonId, erasedAtMs: number): void {
  db.prepare('INSERT OR REPLACE INTO tombstone (person_id, erased_at_ms) VALUES (?, ?)').run(
    personId,
    erasedAtMs,
  );
}

/**
 * Deletes the copies of the file that migrations and restores left. Must run before the deletion: after a power cut there must
 * be no copy of a person whom the gallery lists as erased.
 */
function forgetOlderCopies({ path }: OpenDatabase): void {
  for (const copy of olderCopiesOf(path)) rmSync(copy, { force: true });
}

/**
 * @param erased part of the error's details, because the deletion itself succeeded
 * @throws `erasure-incomplete`
 */
function forgetRemains(database: OpenDatabase, erased: Erasure): void {
  if (forgetDeleted(database)) return;
  throw failure('erasure-incomplete', {}, { details: { path: database.path, certificate: erased } });
}

function countsOf(
  { templateCount, photographCount, evidenceCount }: PersonCountsRow,
  passages: number,
): Erasure['what'] {
  return { templates: templateCount, photographs: photographCount, evidence: evidenceCount, passages };
}

function certificate(options: {
  readonly personId: PersonId;
  readonly scope: Erasure['scope'];
  readonly erasedAtMs: number;
  readonly by: Actor;
  readonly entry: { readonly sequence: number; readonly hash: string };
  readonly what: Erasure['what'];
}): Erasure {
  const { entry, ...rest } = options;
  return { ...rest, auditSequence: entry.sequence, auditHash: entry.hash };
}
