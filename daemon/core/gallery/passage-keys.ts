import { wipe } from '../../host/sodium.js';
import type { OpenDatabase } from '../../host/sqlite.js';
import type { FieldPlace } from './field-place.js';
import { reading } from './gallery-file.js';
import type { DataKeyRow, KeyRing } from './keys/key-ring.js';
import { openField, sealField } from './sealing.js';

const dayMs = 86_400_000;

/**
 * The keys that seal passages, which are stored elsewhere: one data key for each day (UTC), created when the first passage of
 * the day is sealed. Deleting the key makes every copy of the day's passages unreadable.
 */
export class PassageKeys {
  readonly #database: OpenDatabase;
  readonly #ring: KeyRing;

  constructor(database: OpenDatabase, ring: KeyRing) {
    this.#database = database;
    this.#ring = ring;
  }

  /** Seals under the key of the day of `atMs`. */
  seal(
    atMs: number,
    place: FieldPlace,
    content: Uint8Array,
  ): { readonly keyId: string; readonly sealed: Uint8Array } {
    const day = Math.floor(atMs / dayMs) * dayMs;
    const row = this.#ofDay(day);
    const sealed = row && this.#ring.using(row, (key) => sealField(key, place, content));
    return row !== undefined && sealed !== undefined
      ? { keyId: row.id, sealed }
      : this.#sealWithNewKey(day, place, content);
  }

  /** Undefined if the key was deleted or does not open, or if the content was altered. */
  open(keyId: string, place: FieldPlace, sealed: Uint8Array): Uint8Array | undefined {
    const { db } = this.#database;
    const held = db.prepare<[string], DataKeyRow>(
      `SELECT id, kek_id AS kekId, wrapped FROM passage_key JOIN data_key ON id = data_key_id WHERE data_key_id = ?`,
    );
    const row = reading(this.#database, () => held.get(keyId));
    return row && this.#ring.using(row, (key) => openField(key, place, sealed));
  }

  #ofDay(day: number): DataKeyRow | undefined {
    const held = this.#database.db.prepare<[number], DataKeyRow>(
      `SELECT id, kek_id AS kekId, wrapped FROM passage_key JOIN data_key ON id = data_key_id
       WHERE day_ms = ? AND is_retired = 0`,
    );
    return reading(this.#database, () => held.get(day));
  }

  /** Retires a key of the day that does not open: it may still be repaired for what it sealed. */
  #sealWithNewKey(day: number, place: FieldPlace, content: Uint8Array) {
    const { db } = this.#database;
    const { row, key } = this.#ring.newDataKey();
    try {
      const sealed = sealField(key, place, content);
      this.#database.transaction(() => {
        db.prepare('UPDATE passage_key SET is_retired = 1 WHERE day_ms = ?').run(day);
        db.prepare('INSERT INTO data_key (id, kek_id, wrapped) VALUES (@id, @kekId, @wrapped)').run(row);
        db.prepare('INSERT INTO passage_key (data_key_id, day_ms, is_retired) VALUES (?, ?, 0)').run(
          row.id,
          day,
        );
      });
      return { keyId: row.id, sealed };
    } finally {
      wipe(key.bytes);
    }
  }
}
