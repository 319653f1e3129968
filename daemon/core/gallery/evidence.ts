import { wipe } from '../../host/sodium.js';
import type { OpenDatabase } from '../../host/sqlite.js';
import type { PictureKind } from '../../kernel/events/evidence.js';
import type { PersonId } from '../../kernel/ids.js';
import { reading } from './gallery-file.js';
import type { DataKeyRow, KeyRing } from './keys/key-ring.js';
import { dataKeyOf, type PersonRows } from './persons/person-rows.js';
import { places } from './places.js';
import { newRowId } from './row-id.js';
import { openField, sealField } from './sealing.js';
import type { QuarantinedRow } from './verify/quarantine.js';

/** A picture of a face, for an event or a passage. */
export interface NewEvidence {
  readonly kind: PictureKind;
  /** Of the event; for the kind `passage`, of the passage. */
  readonly eventId: string;
  /** The recognised person; absent for a stranger. */
  readonly personId?: PersonId;
  readonly cameraId: string;
  /** Wall clock, milliseconds since the epoch. */
  readonly takenAtMs: number;
  readonly jpeg: Uint8Array;
}

export interface UnsealedEvidence {
  readonly id: string;
  readonly kind: PictureKind;
  readonly eventId: string;
  readonly cameraId: string;
  readonly takenAtMs: number;
  readonly jpeg: Uint8Array;
}

export interface EvidenceRow extends Omit<UnsealedEvidence, 'jpeg'> {
  readonly personId: PersonId | null;
  readonly dataKeyId: string;
  /** Sealed. */
  readonly jpeg: Uint8Array;
}

type KeyedEvidenceRow = EvidenceRow & Omit<DataKeyRow, 'id'>;

/** Wall clock, milliseconds since the epoch. */
interface TimesOfPictures {
  readonly fromMs: number;
  readonly untilMs: number;
}

const dayMs = 86_400_000;

const COLUMNS = `
  evidence.id, kind, event_id AS eventId, camera_id AS cameraId, person_id AS personId, data_key_id AS dataKeyId,
  jpeg, taken_at_ms AS takenAtMs`;

export interface EvidenceOptions {
  readonly database: OpenDatabase;
  readonly rows: PersonRows;
  readonly ring: KeyRing;
  readonly quarantine: (row: QuarantinedRow) => void;
}

/**
 * Pictures of events. A person's picture is sealed under the person's data key; a stranger's picture has a data key of its
 * own, which is deleted with it.
 */
export class Evidence {
  readonly #options: EvidenceOptions;

  constructor(options: EvidenceOptions) {
    this.#options = options;
  }

  /** False, and nothing is stored, if the person is not active. */
  add(evidence: NewEvidence): boolean {
    const { database, rows, ring } = this.#options;
    const { personId, jpeg, ...rest } = evidence;
    if (personId === undefined) {
      const { row: dataKey, key } = ring.newDataKey();
      const row = this.#sealed({ ...rest, personId: null, dataKeyId: key.id }, (place) =>
        sealField(key, place, jpeg),
      );
      wipe(key.bytes);
      database.transaction(() => this.#insert(row, dataKey));
      return true;
    }
    const person = rows.person(personId);
    if (person === undefined || person.state !== 'active') return false;
    const row = ring.using(dataKeyOf(person), (key) =>
      this.#sealed({ ...rest, personId, dataKeyId: key.id }, (place) => sealField(key, place, jpeg)),
    );
    if (row === undefined) return false;
    database.transaction(() => this.#insert(row));
    return true;
  }

  /** The ids of the pictures of a person, oldest picture first. */
  idsOfPerson(personId: PersonId): readonly string[] {
    const { database } = this.#options;
    const ids = database.db
      .prepare<[string], string>('SELECT id FROM evidence WHERE person_id = ? ORDER BY taken_at_ms')
      .pluck();
    return reading(database, () => ids.all(personId));
  }

  /** Undefined for a picture that was deleted, and for one that does not open, which is quarantined. */
  read(id: string): UnsealedEvidence | undefined {
    const { database } = this.#options;
    const held = database.db.prepare<[string], KeyedEvidenceRow>(
      `SELECT ${COLUMNS}, kek_id AS kekId, wrapped FROM evidence JOIN data_key ON data_key.id = data_key_id
         WHERE evidence.id = ?`,
    );
    const row = reading(database, () => held.get(id));
    return row && this.#open(row);
  }

  /**
   * The picture of an event of `kind`; undefined if there is none or it does not open. Searches one day before and after
   * `aboutMs` (wall clock), because the index is by age.
   */
  ofEvent(kind: PictureKind, eventId: string, aboutMs: number): UnsealedEvidence | undefined {
    const { database } = this.#options;
    const held = database.db.prepare<[string, number, number, string], KeyedEvidenceRow>(
      `SELECT ${COLUMNS}, kek_id AS kekId, wrapped FROM evidence JOIN data_key ON data_key.id = data_key_id
         WHERE kind = ? AND taken_at_ms BETWEEN ? AND ? AND event_id = ?`,
    );
    const row = reading(database, () => held.get(kind, aboutMs - dayMs, aboutMs + dayMs, eventId));
    return row && this.#open(row);
  }

  /** Deletes the pictures of these events and passages that show no enrolled person, with their keys. Returns how many. */
  removeOfStrangers(ids: readonly string[], times: TimesOfPictures): number {
    const rows = this.#of(null, ids, times);
    this.#options.database.transaction(() => {
      for (const row of rows) this.#removeOfStranger(row);
    });
    return rows.length;
  }

  /**
   * Seals these pictures under the key of a person, so that they are exported and erased with the person. A picture that does not
   * open is deleted: it would outlive the person. Returns how many there were.
   */
  assignOfStrangers(personId: PersonId, ids: readonly string[], times: TimesOfPictures): number {
    const rows = this.#of(null, ids, times);
    this.#options.database.transaction(() => {
      for (const row of rows) {
        const picture = this.#open(row);
        if (picture !== undefined) this.add({ ...picture, personId });
        this.#removeOfStranger(row);
      }
    });
    return rows.length;
  }

  /** Takes `assignOfStrangers` back: these pictures of a person get keys of their own again. */
  unassignOfStrangers(personId: PersonId, ids: readonly string[], times: TimesOfPictures): void {
    const { database } = this.#options;
    const rows = this.#of(personId, ids, times);
    database.transaction(() => {
      for (const row of rows) {
        const picture = this.#open(row);
        if (picture !== undefined) this.add(picture);
        database.db.prepare('DELETE FROM evidence WHERE id = ?').run(row.id);
      }
    });
  }

  /** `personId` null: of strangers. */
  #of(
    personId: PersonId | null,
    ids: readonly string[],
    { fromMs, untilMs }: TimesOfPictures,
  ): readonly KeyedEvidenceRow[] {
    const { database } = this.#options;
    const found = database.db.prepare<[number, number, string | null, string], KeyedEvidenceRow>(
      `SELECT ${COLUMNS}, coalesce(kek_id, '') AS kekId, coalesce(wrapped, x'') AS wrapped
         FROM evidence LEFT JOIN data_key ON data_key.id = data_key_id
         WHERE kind IN ('unknown', 'passage') AND taken_at_ms BETWEEN ? AND ? AND person_id IS ?
           AND event_id IN (SELECT value FROM json_each(?))`,
    );
    return reading(database, () => found.all(fromMs - dayMs, untilMs + dayMs, personId, JSON.stringify(ids)));
  }

  #removeOfStranger({ id, dataKeyId }: KeyedEvidenceRow): void {
    const { db } = this.#options.database;
    db.prepare('DELETE FROM evidence WHERE id = ?').run(id);
    db.prepare('DELETE FROM data_key WHERE id = ?').run(dataKeyId);
  }

  #sealed(
    row: Omit<EvidenceRow, 'id' | 'jpeg'>,
    seal: (place: ReturnType<typeof places.evidenceJpeg>) => Uint8Array,
  ): EvidenceRow {
    const id = newRowId('e');
    return { ...row, id, jpeg: seal(places.evidenceJpeg(id, row.kind, row.eventId, row.personId)) };
  }

  #insert(row: EvidenceRow, dataKey?: DataKeyRow): void {
    const { db } = this.#options.database;
    if (dataKey !== undefined) {
      db.prepare('INSERT INTO data_key (id, kek_id, wrapped) VALUES (@id, @kekId, @wrapped)').run(dataKey);
    }
    db.prepare(
      `INSERT INTO evidence (id, kind, event_id, camera_id, person_id, data_key_id, jpeg, taken_at_ms)
       VALUES (@id, @kind, @eventId, @cameraId, @personId, @dataKeyId, @jpeg, @takenAtMs)`,
    ).run(row);
  }

  #open({ dataKeyId, kekId, wrapped, personId, ...row }: KeyedEvidenceRow): UnsealedEvidence | undefined {
    const { ring, quarantine } = this.#options;
    const place = places.evidenceJpeg(row.id, row.kind, row.eventId, personId);
    const jpeg = ring.using({ id: dataKeyId, kekId, wrapped }, (key) => openField(key, place, row.jpeg));
    if (jpeg !== undefined) return { ...row, jpeg };
    if (personId !== null) {
      quarantine({ table: 'evidence', rowId: row.id, personId, reason: 'does-not-open' });
    }
    return undefined;
  }
}
