import type { Statement } from 'better-sqlite3';
import type { OpenDatabase } from '../../../host/sqlite.js';
import type { PictureKind } from '../../../kernel/events/evidence.js';
import type { PersonId, RecogniserId, StrangerId } from '../../../kernel/ids.js';
import type { StrangerState } from '../../../kernel/strangers/stranger.js';
import type { DataKeyRow } from '../keys/key-ring.js';
import type { StoredPersonState } from '../places.js';

/** The person whose data key it is. */
export interface OwnerRow {
  readonly id: PersonId;
  readonly revision: number;
  readonly state: StoredPersonState;
  /** Sealed. */
  readonly profile: Uint8Array;
}

export interface VectorRow {
  readonly id: string;
  readonly recogniser: RecogniserId;
  /** Sealed. */
  readonly vector: Uint8Array;
}

export interface EvidenceRow {
  readonly id: string;
  readonly kind: PictureKind;
  readonly eventId: string;
  readonly personId: PersonId | null;
}

export interface StrangerRow {
  readonly id: StrangerId;
  readonly state: StrangerState;
  readonly recogniser: RecogniserId;
  readonly revision: number;
  /** Sealed. */
  readonly content: Uint8Array;
}

/** Everything that is sealed under one data key, as a rotation reads and writes it. Writes are to be called in a transaction. */
export class RotationRows {
  readonly #under: Statement<[string, number], DataKeyRow>;
  readonly #countUnder: Statement<[string], number>;
  readonly #isUnder: Statement<[string, string], number>;
  readonly #owner: Statement<[string], OwnerRow>;
  readonly #vectors: Statement<[string], VectorRow>;
  readonly #photographs: Statement<[string], string>;
  readonly #evidence: Statement<[string], EvidenceRow>;
  readonly #photographJpeg: Statement<[string], Uint8Array>;
  readonly #evidenceJpeg: Statement<[string], Uint8Array>;
  readonly #rewrap: Statement<[DataKeyRow]>;
  readonly #insertKey: Statement<[DataKeyRow]>;
  readonly #deleteKey: Statement<[string]>;
  readonly #setOwner: Statement<[{ id: string; dataKeyId: string; profile: Uint8Array }]>;
  readonly #setVector: Statement<[Uint8Array, string, string]>;
  readonly #setPhotograph: Statement<[Uint8Array, string]>;
  readonly #setEvidence: Statement<[Uint8Array, string, string]>;
  readonly #stranger: Statement<[string], StrangerRow>;
  readonly #setStranger: Statement<[Uint8Array, string, string]>;
  readonly #isPassageKey: Statement<[string], number>;
  readonly #retirePassageKey: Statement<[string]>;

  constructor({ db }: OpenDatabase) {
    this.#under = db.prepare(
      'SELECT id, kek_id AS kekId, wrapped FROM data_key WHERE kek_id = ? ORDER BY id LIMIT ?',
    );
    this.#countUnder = db.prepare<[string], number>('SELECT count(*) FROM data_key WHERE kek_id = ?').pluck();
    this.#isUnder = db
      .prepare<[string, string], number>('SELECT 1 FROM data_key WHERE id = ? AND kek_id = ?')
      .pluck();
    this.#owner = db.prepare('SELECT id, revision, state, profile FROM person WHERE data_key_id = ?');
    this.#vectors = db.prepare('SELECT id, recogniser, vector FROM template WHERE person_id = ? ORDER BY id');
    this.#photographs = db
      .prepare<[string], string>('SELECT id FROM photograph WHERE person_id = ? ORDER BY id')
      .pluck();
    this.#evidence = db.prepare(
      `SELECT id, kind, event_id AS eventId, person_id AS personId FROM evidence WHERE data_key_id = ? ORDER BY id`,
    );
    this.#photographJpeg = db
      .prepare<[string], Uint8Array>('SELECT jpeg FROM photograph WHERE id = ?')
      .pluck();
    this.#evidenceJpeg = db.prepare<[string], Uint8Array>('SELECT jpeg FROM evidence WHERE id = ?').pluck();
    this.#rewrap = db.prepare('UPDATE data_key SET kek_id = @kekId, wrapped = @wrapped WHERE id = @id');
    this.#insertKey = db.prepare('INSERT INTO data_key (id, kek_id, wrapped) VALUES (@id, @kekId, @wrapped)');
    this.#deleteKey = db.prepare('DELETE FROM data_key WHERE id = ?');
    this.#setOwner = db.prepare(
      'UPDATE person SET data_key_id = @dataKeyId, profile = @profile WHERE id = @id',
    );
    this.#setVector = db.prepare('UPDATE template SET vector = ? WHERE person_id = ? AND id = ?');
    this.#setPhotograph = db.prepare('UPDATE photograph SET jpeg = ? WHERE id = ?');
    this.#setEvidence = db.prepare('UPDATE evidence SET jpeg = ?, data_key_id = ? WHERE id = ?');
    this.#stranger = db.prepare(
      'SELECT id, state, recogniser, revision, content FROM stranger WHERE data_key_id = ?',
    );
    this.#setStranger = db.prepare('UPDATE stranger SET content = ?, data_key_id = ? WHERE id = ?');
    this.#isPassageKey = db.prepare('SELECT 1 FROM passage_key WHERE data_key_id = ?');
    this.#retirePassageKey = db.prepare('UPDATE passage_key SET is_retired = 1 WHERE data_key_id = ?');
  }

  /** Up to `limit` data keys under a key-encryption key, in order of their ids. */
  under(kekId: string, limit: number): readonly DataKeyRow[] {
    return this.#under.all(kekId, limit);
  }

  countUnder(kekId: string): number {
    return this.#countUnder.get(kekId) ?? 0;
  }

  /** Whether the data key is still there, and under that key-encryption key. */
  isUnder(row: DataKeyRow): boolean {
    return this.#isUnder.get(row.id, row.kekId) !== undefined;
  }

  owner(dataKeyId: string): OwnerRow | undefined {
    return this.#owner.get(dataKeyId);
  }

  vectorsOf(id: PersonId): readonly VectorRow[] {
    return this.#vectors.all(id);
  }

  photographsOf(id: PersonId): readonly string[] {
    return this.#photographs.all(id);
  }

  evidenceUnder(dataKeyId: string): readonly EvidenceRow[] {
    return this.#evidence.all(dataKeyId);
  }

  /** The stranger whose data key it is. */
  stranger(dataKeyId: string): StrangerRow | undefined {
    return this.#stranger.get(dataKeyId);
  }

  isPassageKey(dataKeyId: string): boolean {
    return this.#isPassageKey.get(dataKeyId) !== undefined;
  }

  retirePassageKey(dataKeyId: string): void {
    this.#retirePassageKey.run(dataKeyId);
  }

  /** Sealed; undefined where it was deleted. */
  photographJpeg(id: string): Uint8Array | undefined {
    return this.#photographJpeg.get(id);
  }

  /** Sealed; undefined where it was deleted. */
  evidenceJpeg(id: string): Uint8Array | undefined {
    return this.#evidenceJpeg.get(id);
  }

  rewrap(row: DataKeyRow): void {
    this.#rewrap.run(row);
  }

  insertKey(row: DataKeyRow): void {
    this.#insertKey.run(row);
  }

  deleteKey(id: string): void {
    this.#deleteKey.run(id);
  }

  setOwner(id: PersonId, dataKeyId: string, profile: Uint8Array): void {
    this.#setOwner.run({ id, dataKeyId, profile });
  }

  setVector(personId: PersonId, id: string, vector: Uint8Array): void {
    this.#setVector.run(vector, personId, id);
  }

  setPhotograph(id: string, jpeg: Uint8Array): void {
    this.#setPhotograph.run(jpeg, id);
  }

  setStranger(id: StrangerId, dataKeyId: string, content: Uint8Array): void {
    this.#setStranger.run(content, dataKeyId, id);
  }

  setEvidence(id: string, dataKeyId: string, jpeg: Uint8Array): void {
    this.#setEvidence.run(jpeg, dataKeyId, id);
  }
}
