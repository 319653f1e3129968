import type { EvidenceKind } from '../domain/events/evidence.js';
import type { PersonId } from '../domain/ids.js';
import { wipe } from '../host/sodium.js';
import type { OpenDatabase } from '../host/sqlite.js';
import { reading } from './gallery-file.js';
import type { DataKeyRow, KeyRing } from './keys/key-ring.js';
import { dataKeyOf, type PersonRows } from './persons/person-rows.js';
import { places } from './places.js';
import { newRowId } from './row-id.js';
import { openField, sealField } from './sealing.js';
import type { QuarantinedRow } from './verify/quarantine.js';

/** A picture of a face that belongs to an event. */
export interface NewEvidence {
  readonly kind: EvidenceKind;
  readonly eventId: string;
  /** Who was recognised; absent where nobody was. */
  readonly personId?: PersonId;
  readonly cameraId: string;
  /** Wall clock, milliseconds since the epoch. */
  readonly takenAtMs: number;
  readonly jpeg: Uint8Array;
}

export interface HeldEvidence {
  readonly id: string;
  readonly kind: EvidenceKind;
  readonly eventId: string;
  readonly cameraId: string;
  readonly takenAtMs: number;
  readonly jpeg: Uint8Array;
}

export interface EvidenceRow extends Omit<HeldEvidence, 'jpeg'> {
  readonly personId: PersonId | null;
  readonly dataKeyId: string;
  /** Sealed. */
  readonly jpeg: Uint8Array;
}

type KeyedEvidenceRow = EvidenceRow & Omit<DataKeyRow, 'id'>;

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
 * Pictures kept with events: of a person, sealed under their data key and gone with it; of anybody else, under a key of
 * their own that goes with the picture.
 */
export class Evidence {
  readonly #options: EvidenceOptions;

  constructor(options: EvidenceOptions) {
    this.#options = options;
  }

  /** False where the person is gone: nothing is kept then. */
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

  /** What is kept of a person, oldest first. What does not open is left out and quarantined. */
  ofPerson(personId: PersonId): readonly HeldEvidence[] {
    const { database } = this.#options;
    const held = database.db.prepare<[string], KeyedEvidenceRow>(
      `SELECT ${COLUMNS}, kek_id AS kekId, wrapped FROM evidence JOIN data_key ON data_key.id = data_key_id
         WHERE person_id = ? ORDER BY taken_at_ms`,
    );
    return reading(database, () => held.all(personId)).flatMap((row) => this.#open(row) ?? []);
  }

  /**
   * The picture kept with an event of `kind`; undefined where there is none or it does not open. It was taken within a day of
   * `aboutMs`, wall clock: pictures are found by their age.
   */
  ofEvent(kind: EvidenceKind, eventId: string, aboutMs: number): HeldEvidence | undefined {
    const { database } = this.#options;
    const held = database.db.prepare<[string, number, number, string], KeyedEvidenceRow>(
      `SELECT ${COLUMNS}, kek_id AS kekId, wrapped FROM evidence JOIN data_key ON data_key.id = data_key_id
         WHERE kind = ? AND taken_at_ms BETWEEN ? AND ? AND event_id = ?`,
    );
    const row = reading(database, () => held.get(kind, aboutMs - dayMs, aboutMs + dayMs, eventId));
    return row && this.#open(row);
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

  #open({ dataKeyId, kekId, wrapped, personId, ...row }: KeyedEvidenceRow): HeldEvidence | undefined {
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
