import { hkdfKey, keyedHash } from '../host/keyed-hash.js';
import { areEqual, KEY_BYTES, newRandomBytes, wipe } from '../host/sodium.js';
import type { OpenDatabase } from '../host/sqlite.js';

/** How long an enrolment is remembered under its key. */
const rememberedMs = 24 * 60 * 60_000;
/** The most remembered enrolments: some megabytes. The oldest are forgotten first. */
const mostRemembered = 10_000;

const use = 'rollcall records idempotency keys 1';

/** What an enrolment under a key did. Without names: they are read again for the answer. */
export interface RememberedEnrolment {
  readonly personId: string;
  /** What the answer said beside the person. */
  readonly answer: string;
}

/**
 * Enrolments by the key that the caller chose, so that a request that is repeated after a lost answer does not enrol the person
 * again. Each caller has keys of their own. `content` is a hash of all that was sent.
 *
 * The file holds keyed hashes only: whoever takes it cannot try guesses of a name or of a photograph against it.
 */
export interface EnrolmentKeys extends Disposable {
  /** `isSame`: whether the same content was sent. */
  find(
    actor: string,
    key: string,
    content: string,
  ): (RememberedEnrolment & { readonly isSame: boolean }) | undefined;
  /** On the disk when this returns. Call it before the person is stored: a kill between the two loses neither. */
  remember: (
    actor: string,
    key: string,
    enrolment: RememberedEnrolment & { readonly content: string },
  ) => void;
  /** Forgets the enrolments of a person. */
  forget(personId: string): void;
}

interface Row extends RememberedEnrolment {
  readonly content: Uint8Array;
}

/** `auditKeys`: the key in use first, then former ones; the caller wipes them. Without one, keys end with this process. */
export function enrolmentKeysOf(
  database: OpenDatabase,
  { nowMs, auditKeys }: { readonly nowMs: () => number; readonly auditKeys: readonly Uint8Array[] },
): EnrolmentKeys {
  const { db } = database;
  const [current = newRandomBytes(KEY_BYTES), ...former] = auditKeys.map((each) => hkdfKey(each, use));
  const find = db.prepare<[Uint8Array, number], Row>(
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
  const placeOf = (hashKey: Uint8Array, actor: string, key: string): Uint8Array =>
    keyedHash(hashKey, 'place', [actor, key]);
  const contentHash = (hashKey: Uint8Array, content: string): Uint8Array =>
    keyedHash(hashKey, 'content', [content]);
  return {
    find: (actor, key, content) =>
      database.read(() => {
        for (const hashKey of [current, ...former]) {
          const row = find.get(placeOf(hashKey, actor, key), nowMs() - rememberedMs);
          if (row === undefined) continue;
          const { personId, answer } = row;
          return { personId, answer, isSame: areEqual(contentHash(hashKey, content), row.content) };
        }
        return undefined;
      }),
    remember: (actor, key, { personId, answer, content }) =>
      database.transaction(() => {
        const atMs = nowMs();
        const place = placeOf(current, actor, key);
        put.run({ place, content: contentHash(current, content), personId, answer, atMs });
        expire.run(atMs - rememberedMs);
        trim.run(mostRemembered);
      }),
    forget: (personId) => database.transaction(() => void forget.run(personId)),
    [Symbol.dispose]() {
      for (const hashKey of [current, ...former]) wipe(hashKey);
    },
  };
}
