import type { Clock } from '../base/clock.js';
import { badInput, operational } from '../base/errors.js';
import { type RecogniserId, recogniserId } from '../domain/ids.js';
import type { OpenDatabase } from '../host/sqlite.js';
import type { GalleryKey } from './gallery-key.js';
import { places } from './places.js';
import { FIELD_FORMAT } from './sealing.js';

interface GalleryRow {
  readonly fieldFormat: number;
  readonly recogniser: string;
  readonly keyId: string;
  readonly keyCheck: Uint8Array;
  readonly seal: Uint8Array;
}

function readRow({ db }: OpenDatabase): GalleryRow | undefined {
  return db
    .prepare<[], GalleryRow>(
      `SELECT field_format AS fieldFormat, recogniser, key_id AS keyId, key_check AS keyCheck, seal
       FROM gallery WHERE id = 1`,
    )
    .get();
}

function damaged(reason: string): Error {
  return operational('gallery-damaged', `the gallery is damaged: ${reason}`, {
    remedy: 'Put back a copy of the gallery file from a backup; keep the damaged file for examination.',
    details: { table: 'gallery', rowId: '1' },
  });
}

/** Writes the gallery's own row: from now on it belongs to this key and this recogniser. */
function establish({ db }: OpenDatabase, key: GalleryKey, recogniser: RecogniserId, clock: Clock): void {
  const persons = db.prepare<[], { count: number }>('SELECT count(*) AS count FROM person').get();
  if (persons !== undefined && persons.count > 0) throw damaged('its own row is missing');
  db.prepare(
    `INSERT INTO gallery (id, field_format, recogniser, key_id, key_check, seal, created_at_ms)
       VALUES (1, ?, ?, ?, ?, ?, ?)`,
  ).run(
    FIELD_FORMAT,
    recogniser,
    key.id,
    key.checkValue,
    key.seal(places.gallerySeal(FIELD_FORMAT, recogniser), new Uint8Array(0)),
    clock.wallMs(),
  );
}

/**
 * Two independent witnesses of the key, the check value and the seal, tell the cases apart: neither agrees, the key
 * is a wrong one; one agrees, the key is right and the row was damaged.
 */
function assertKeyBelongs(row: GalleryRow, key: GalleryKey): void {
  const doesSealOpen = key.open(places.gallerySeal(row.fieldFormat, row.recogniser), row.seal) !== undefined;
  const isCheckRight = key.hasCheckValue(row.keyCheck);
  if (!doesSealOpen && !isCheckRight) {
    throw operational(
      'wrong-key',
      `the gallery was sealed with another key: it needs ${row.keyId}, this one is ${key.id}`,
      { remedy: 'Put back the key file that was in use when this gallery was made.' },
    );
  }
  if (!doesSealOpen) throw damaged('its own row was altered');
  if (!isCheckRight || row.keyId !== key.id) throw damaged('its key check value was altered');
}

/**
 * Makes sure that the gallery belongs to this key and this recogniser; a new one is bound to them.
 * @throws `wrong-key`, `gallery-damaged`, `recogniser-mismatch`
 */
export function bindGallery(
  database: OpenDatabase,
  key: GalleryKey,
  recogniser: RecogniserId,
  clock: Clock,
): void {
  const row = readRow(database);
  if (row === undefined) {
    establish(database, key, recogniser, clock);
    return;
  }
  assertKeyBelongs(row, key);
  const made = recogniserId(row.recogniser);
  if (made !== recogniser) {
    throw badInput(
      'recogniser-mismatch',
      `the gallery holds templates of the recogniser ${made}, but ${recogniser} is configured; the two cannot be compared`,
      {
        remedy: `Configure the recogniser ${made} again, or start a new gallery and enrol everybody with ${recogniser}.`,
        details: { gallery: made, configured: recogniser },
      },
    );
  }
}
