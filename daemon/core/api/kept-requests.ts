import { hkdfKey, keyedHash } from '../../host/keyed-hash.js';
import { decrypt, encrypt, KEY_BYTES, NONCE_BYTES, newRandomBytes, wipe } from '../../host/sodium.js';
import type { OpenDatabase } from '../../host/sqlite.js';

/** How long a request is remembered under its key. */
const rememberedMs = 24 * 60 * 60_000;
/** The most remembered requests: some megabytes. */
const mostRemembered = 10_000;

const hashUse = 'rollcall records idempotency keys 1';
const sealUse = 'rollcall records kept answers 1';

/** What a key belongs to: another caller or operation has keys of its own. */
export interface RequestPlace {
  /** The actor. */
  readonly actor: string;
  readonly operation: string;
  /** The caller chose it. */
  readonly key: string;
}

/** What became of a request. */
export interface KeptRequest {
  /** `begun`: nobody knows whether it was done. */
  readonly state: 'begun' | 'done';
  /** A hash of what was sent. */
  readonly content: string;
  /** What was made. */
  readonly objectId?: string | undefined;
  /** Absent if it must not be told again. */
  readonly answer?: string | undefined;
  /** What the caller was allowed to do, where the answer depends on it. */
  readonly rights?: string | undefined;
}

/**
 * Requests that make something, by the key that their caller chose, so that a request that is repeated after a lost answer does
 * not make it again.
 *
 * The file holds a keyed hash of caller and key, and the rest sealed: whoever takes the file learns no answer and cannot try guesses
 * against it, and whoever writes it cannot give an answer.
 */
export interface KeptRequests extends Disposable {
  /** A row that this box did not seal counts as begun: with any content. */
  find(place: RequestPlace, content: string): (KeptRequest & { readonly isSame: boolean }) | undefined;
  /** On the disk when this returns. `persons`: whom the answer is about. Replaces what was kept at this place. */
  keep: (place: RequestPlace, request: KeptRequest, persons?: readonly string[]) => void;
  /** Makes the key free again. */
  free(place: RequestPlace): void;
  /** Forgets the requests that were about a person. */
  forget(personId: string): void;
  /** Forgets what is older than a day, and what a wrong clock wrote. */
  expire(): void;
}

interface Row {
  readonly caller: Uint8Array;
  readonly sealed: Uint8Array;
  readonly atMs: number;
}

interface Keys {
  readonly hash: Uint8Array;
  readonly seal: Uint8Array;
}

/** `auditKeys`: the key in use first, then former ones; the caller wipes them. Without one, keys end with this process. */
export function keptRequestsOf(
  database: OpenDatabase,
  { nowMs, auditKeys }: { readonly nowMs: () => number; readonly auditKeys: readonly Uint8Array[] },
): KeptRequests {
  const { db } = database;
  const keysOf = (auditKey: Uint8Array): Keys => ({
    hash: hkdfKey(auditKey, hashUse),
    seal: hkdfKey(auditKey, sealUse),
  });
  const [current = keysOf(newRandomBytes(KEY_BYTES)), ...former] = auditKeys.map(keysOf);
  const find = db.prepare<[Uint8Array, number, number], Row>(
    'SELECT caller, sealed, at_ms AS atMs FROM kept_request WHERE place = ? AND at_ms > ? AND at_ms <= ?',
  );
  const put = db.prepare<[Record<string, unknown>]>(
    'INSERT INTO kept_request (place, caller, sealed, at_ms) VALUES (@place, @caller, @sealed, @atMs)',
  );
  const putPerson = db.prepare<[string, Uint8Array]>(
    'INSERT OR IGNORE INTO kept_request_person (person_id, place) VALUES (?, ?)',
  );
  const remove = db.prepare<[Uint8Array]>('DELETE FROM kept_request WHERE place = ?');
  const expire = db.prepare<[number, number]>('DELETE FROM kept_request WHERE at_ms <= ? OR at_ms > ?');
  const count = db.prepare<[], number>('SELECT count(*) FROM kept_request').pluck();
  const trim = db.prepare<[number]>(`
    DELETE FROM kept_request WHERE place IN (
      SELECT place FROM kept_request
      WHERE caller = (SELECT caller FROM kept_request GROUP BY caller ORDER BY count(*) DESC LIMIT 1)
      ORDER BY at_ms LIMIT ?)`);
  const forget = db.prepare<[string]>(
    'DELETE FROM kept_request WHERE place IN (SELECT place FROM kept_request_person WHERE person_id = ?)',
  );
  const placeOf = ({ hash }: Keys, { actor, operation, key }: RequestPlace): Buffer =>
    keyedHash(hash, 'place', [actor, operation, key]);

  const removeAll = (place: RequestPlace): void => {
    for (const keys of [current, ...former]) remove.run(placeOf(keys, place));
  };
  return {
    find: (place, content) =>
      database.read(() => {
        for (const keys of [current, ...former]) {
          const where = placeOf(keys, place);
          const row = find.get(where, nowMs() - rememberedMs, nowMs() + rememberedMs);
          if (row === undefined) continue;
          const kept = open(keys, where, row);
          return kept === undefined
            ? { state: 'begun', content, isSame: true }
            : { ...kept, isSame: kept.content === content };
        }
        return undefined;
      }),
    keep: (place, request, persons = []) =>
      database.transaction(() => {
        const atMs = nowMs();
        const where = placeOf(current, place);
        const caller = keyedHash(current.hash, 'caller', [place.actor]);
        removeAll(place);
        put.run({ place: where, caller, atMs, sealed: seal(current, where, { caller, atMs }, request) });
        for (const personId of persons) putPerson.run(personId, where);
        expire.run(atMs - rememberedMs, atMs + rememberedMs);
        const surplus = Number(count.get()) - mostRemembered;
        // Whoever sends the most loses the oldest keys, not the others.
        if (surplus > 0) trim.run(surplus);
      }),
    free: (place) => database.transaction(() => removeAll(place)),
    expire: () => database.transaction(() => void expire.run(nowMs() - rememberedMs, nowMs() + rememberedMs)),
    forget: (personId) => database.transaction(() => void forget.run(personId)),
    [Symbol.dispose]() {
      for (const { hash, seal } of [current, ...former]) {
        wipe(hash);
        wipe(seal);
      }
    },
  };
}

type Beside = Pick<Row, 'caller' | 'atMs'>;

/** What a sealed text opens beside: at no other place, and at no later time. */
const bound = (place: Uint8Array, { caller, atMs }: Beside): Uint8Array =>
  Buffer.concat([place, caller, Buffer.from(String(atMs))]);

function seal(keys: Keys, place: Uint8Array, beside: Beside, request: KeptRequest): Uint8Array {
  const nonce = newRandomBytes(NONCE_BYTES);
  const text = Buffer.from(JSON.stringify(request));
  return Buffer.concat([nonce, encrypt(keys.seal, nonce, text, bound(place, beside))]);
}

/** Undefined for a row that this box did not seal. */
function open(keys: Keys, place: Uint8Array, { sealed, ...beside }: Row): KeptRequest | undefined {
  const nonce = sealed.subarray(0, NONCE_BYTES);
  const text = decrypt(keys.seal, nonce, sealed.subarray(NONCE_BYTES), bound(place, beside));
  return text === undefined ? undefined : (JSON.parse(Buffer.from(text).toString()) as KeptRequest);
}
