import type { Actor } from '../audit/actor.js';
import type { Clock } from '../base/clock.js';
import { operational } from '../base/errors.js';
import { type PersonId, personId, type RecogniserId, recogniserId } from '../domain/ids.js';
import { areEqual, decrypt, NONCE_BYTES, wipe } from '../host/sodium.js';
import type { OpenDatabase } from '../host/sqlite.js';
import { encodePlace, type FieldPlace } from './field-place.js';
import type { GalleryFile } from './gallery-file.js';
import type { KeyEncryptionKey } from './keys/key-encryption-key.js';
import { KeyRing } from './keys/key-ring.js';
import { galleryDamaged, insertKeySlot } from './keys/key-slots.js';
import { sealProfile } from './persons/person-changes.js';
import { PersonRows } from './persons/person-rows.js';
import { places } from './places.js';
import { type SealingKey, sealField } from './sealing.js';

/** Layout of a field of the first form: format version 1, key id (8 bytes), nonce, ciphertext with its tag. */
const FORMAT = 1;
const KEY_ID_BYTES = 8;
const BODY_OFFSET = 1 + KEY_ID_BYTES + NONCE_BYTES;
/** Names were padded to multiples of this, by a byte 0x80 and zeros. */
const NAME_END = 0x80;

interface FirstGalleryRow {
  readonly recogniser: string;
  readonly keyId: string;
  readonly keyCheck: Uint8Array;
  readonly fieldFormat: number;
  readonly seal: Uint8Array;
}

function tableExists({ db }: OpenDatabase): boolean {
  return db.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'first_gallery'").get() !== undefined;
}

function firstGallery(database: OpenDatabase): FirstGalleryRow | undefined {
  if (!tableExists(database)) return undefined;
  return database.db
    .prepare<[], FirstGalleryRow>(
      `SELECT recogniser, key_id AS keyId, key_check AS keyCheck, field_format AS fieldFormat, seal
       FROM first_gallery`,
    )
    .get();
}

/** The id of the key that a gallery of the first form was sealed with; undefined where the file is of the newer form. */
export function firstFormKeyId(database: OpenDatabase): string | undefined {
  return firstGallery(database)?.keyId;
}

/** What the templates of a gallery of the first form were made by; undefined where the file is of the newer form. */
export function firstFormRecogniser(database: OpenDatabase): RecogniserId | undefined {
  const row = firstGallery(database);
  return row === undefined ? undefined : recogniserId(row.recogniser);
}

/** Drops the tables that held the first form. To be called in a transaction. */
export function dropFirstTables({ db }: OpenDatabase): void {
  for (const table of ['first_photograph', 'first_template', 'first_person', 'first_gallery']) {
    db.exec(`DROP TABLE IF EXISTS ${table}`);
  }
}

function openFirst(key: SealingKey, place: FieldPlace, sealed: Uint8Array): Uint8Array | undefined {
  if (sealed.length < BODY_OFFSET || sealed[0] !== FORMAT) return undefined;
  return decrypt(
    key.bytes,
    sealed.subarray(1 + KEY_ID_BYTES, BODY_OFFSET),
    sealed.subarray(BODY_OFFSET),
    encodePlace(FORMAT, key.id, place),
  );
}

export interface Conversion {
  readonly file: GalleryFile;
  readonly key: KeyEncryptionKey;
  readonly by: Actor;
  readonly clock: Clock;
}

/**
 * Gives everybody in a gallery of the first form a data key of their own, in one transaction: all fields were sealed under
 * one key derived from the secret. Rows that do not open are left out and counted in the audit log; the copy of the file
 * from before the migration still has them. Takes `key` over.
 * @throws `wrong-key`, `gallery-damaged`
 */
export function convertFirstForm({ file, key, by, clock }: Conversion): KeyRing {
  const { database, audit } = file;
  const row = firstGallery(database);
  if (row === undefined) throw galleryDamaged('its first form is missing');
  const recogniser = recogniserId(row.recogniser);
  const ring = new KeyRing(key);
  const nowMs = clock.wallMs();
  const first: SealingKey = { id: key.id, bytes: key.firstFormKey() };
  try {
    assertKeyFits(row, key, first);
    database.transaction(() => {
      database.db
        .prepare(
          'INSERT INTO gallery (id, recogniser, created_at_ms) SELECT 1, recogniser, created_at_ms FROM first_gallery',
        )
        .run();
      insertKeySlot(database, { key, provider: 'secret', parameters: {}, recogniser, nowMs });
      const counts = convertPersons(database, { first, ring, nowMs });
      dropFirstTables(database);
      audit.append({ by, action: 'gallery.migrated', details: { version: 2, ...counts } });
    });
    return ring;
  } catch (error) {
    ring[Symbol.dispose]();
    throw error;
  } finally {
    wipe(first.bytes);
  }
}

/** As in the newer form, two witnesses tell a wrong key, with which neither agrees, from a damaged row. */
function assertKeyFits(row: FirstGalleryRow, key: KeyEncryptionKey, first: SealingKey): void {
  const within = [String(row.fieldFormat), row.recogniser];
  const place = { table: 'gallery', column: 'seal', rowId: '1', within };
  const doesSealOpen = openFirst(first, place, row.seal) !== undefined;
  const isCheckRight = areEqual(row.keyCheck, key.checkValue());
  if (doesSealOpen && isCheckRight) return;
  if (doesSealOpen || isCheckRight)
    throw galleryDamaged('what proves its key and its recogniser was altered');
  throw operational('wrong-key', `the gallery was sealed with another key than ${key.id}`, {
    remedy: 'Put back the key that was in use when this gallery was last opened.',
  });
}

interface FirstPersonRow {
  readonly id: PersonId;
  readonly name: Uint8Array;
  readonly enrolledAtMs: number;
}

interface Keys {
  readonly first: SealingKey;
  readonly ring: KeyRing;
  readonly nowMs: number;
}

function convertPersons(
  database: OpenDatabase,
  keys: Keys,
): { readonly persons: number; readonly lost: number } {
  const found = database.db
    .prepare<[], FirstPersonRow>('SELECT id, name, enrolled_at_ms AS enrolledAtMs FROM first_person')
    .all();
  const rows = new PersonRows(database);
  let lost = 0;
  for (const person of found) lost += convertPerson(database, { ...keys, rows, person });
  return { persons: found.length, lost };
}

/** How many of the person's fields did not open. A name that does not is replaced by the id. */
function convertPerson(
  { db }: OpenDatabase,
  options: Keys & { readonly rows: PersonRows; readonly person: FirstPersonRow },
): number {
  const { first, ring, nowMs, rows, person } = options;
  const id = personId(person.id);
  const { row: dataKey, key } = ring.newDataKey();
  let lost = 0;
  const reseal = (from: FieldPlace, to: FieldPlace, sealed: Uint8Array): Uint8Array | undefined => {
    const plaintext = openFirst(first, from, sealed);
    if (plaintext === undefined) {
      lost += 1;
      return undefined;
    }
    const resealed = sealField(key, to, plaintext);
    wipe(plaintext);
    return resealed;
  };
  const padded = openFirst(first, { table: 'person', column: 'name', rowId: id, within: [] }, person.name);
  if (padded === undefined) lost += 1;
  const name =
    padded === undefined
      ? id
      : Buffer.from(padded.subarray(0, padded.lastIndexOf(NAME_END))).toString('utf8');
  const templates = db
    .prepare<[string], { id: string; recogniser: string; vector: Uint8Array; quality: number }>(
      'SELECT id, recogniser, vector, quality FROM first_template WHERE person_id = ?',
    )
    .all(id)
    .flatMap((row) => {
      const place = places.templateVector(id, row.id, recogniserId(row.recogniser));
      const vector = reseal(place, place, row.vector);
      return vector === undefined ? [] : [{ ...row, personId: id, photographId: null, vector }];
    });
  const photographs = db
    .prepare<[string], { id: string; jpeg: Uint8Array }>(
      'SELECT id, jpeg FROM first_photograph WHERE person_id = ?',
    )
    .all(id)
    .flatMap((row) => {
      const place = places.photographJpeg(id, row.id);
      const jpeg = reseal(place, place, row.jpeg);
      return jpeg === undefined ? [] : [{ id: row.id, personId: id, jpeg, addedAtMs: person.enrolledAtMs }];
    });
  const times = { enrolledAtMs: person.enrolledAtMs, changedAtMs: nowMs };
  const profile = sealProfile(key, { id, revision: 1, state: 'active' }, { name });
  rows.insert(
    { id, state: 'active', importId: null, revision: 1, profile, ...times },
    dataKey,
    templates,
    photographs,
  );
  wipe(key.bytes);
  return lost;
}
