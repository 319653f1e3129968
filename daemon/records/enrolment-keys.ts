import { createHash } from 'node:crypto';
import type { OpenDatabase } from '../host/sqlite.js';

/** How long an enrolment is remembered under its key. */
const rememberedMs = 24 * 60 * 60_000;
/** The most remembered enrolments: some megabytes. The oldest are forgotten first. */
const mostRemembered = 10_000;

/** What an enrolment under a key did. Without names: they are read again for the answer. */
export interface RememberedEnrolment {
  /** A hash of all that was sent. */
  readonly content: string;
  readonly personId: string;
  /** What the answer said beside the person. */
  readonly answer: string;
}

/**
 * Enrolments by the key that the caller chose, so that a request that is repeated after a lost answer does not enrol the person
 * again. Each caller has keys of their own. The file holds a hash of caller and key.
 */
export interface EnrolmentKeys {
  find(actor: string, key: string): RememberedEnrolment | undefined;
  /** On the disk when this returns. Call it before the person is stored: a kill between the two loses neither. */
  remember: (actor: string, key: string, enrolment: RememberedEnrolment) => void;
  /** Forgets the enrolments of a person. */
  forget(personId: string): void;
}

export function enrolmentKeysOf(database: OpenDatabase, nowMs: () => number): EnrolmentKeys {
  const { db } = database;
  const find = db.prepare<[Uint8Array, number], RememberedEnrolment>(
    'SELECT content, person_id AS personId, answer FROM enrolment_key WHERE place = ? AND at_ms > ?',
  );
  const put = db.prepare<[Record<string, unknown>]>(
    `INSERT OR REPLACE INTO enrolment_key (place, content, person_id, answer, at_ms)
     VALUES (@place, @content, @personId, @answer, @atMs)`,
  );
  const expire = db.prepare<[number]>('DELETE FROM enrolment_key WHERE at_ms <= ?');
  const trim = db.prepare<[number]>(
    'DELETE FROM enrolment_key WHERE place IN (SELECT place FROM enrolment_key ORDER BY at_ms DESC LIMIT -1 OFFSET ?)',
  );
  const forget = db.prepare<[string]>('DELETE FROM enrolment_key WHERE person_id = ?');
  return {
    find: (actor, key) => database.read(() => find.get(placeOf(actor, key), nowMs() - rememberedMs)),
    remember: (actor, key, enrolment) =>
      database.transaction(() => {
        const atMs = nowMs();
        put.run({ ...enrolment, place: placeOf(actor, key), atMs });
        expire.run(atMs - rememberedMs);
        trim.run(mostRemembered);
      }),
    forget: (personId) => database.transaction(() => void forget.run(personId)),
  };
}

const placeOf = (actor: string, key: string): Uint8Array =>
  createHash('sha256').update(`${actor}\n${key}`).digest();
