import type { Statement } from 'better-sqlite3';
import type { OpenDatabase } from '../../../host/sqlite.js';
import { verifyTables } from '../../../kernel/gallery/gallery-damage.js';
import type { PersonId } from '../../../kernel/ids.js';
import type { EvidenceRow } from '../evidence.js';
import { reading } from '../gallery-file.js';
import { DATA_KEY_HOLDERS } from '../gallery-schema.js';
import type { DataKeyRow } from '../keys/key-ring.js';
import type { StrangerRow } from '../rotation/rotation-rows.js';

/** Ids per query. */
const SLICE = 250;

const listedTables = verifyTables.filter((table) => table !== 'key_slot' && table !== 'template');

export type ListedTable = (typeof listedTables)[number];

export interface PhotographToVerify {
  readonly personId: PersonId;
  readonly jpeg: Uint8Array;
  /** Undefined if the person or the data key does not exist. */
  readonly dataKey: DataKeyRow | undefined;
  readonly hasPerson: boolean;
}

export interface EvidenceToVerify extends EvidenceRow {
  readonly dataKey: DataKeyRow | undefined;
}

export interface StrangerToVerify extends StrangerRow {
  readonly dataKey: DataKeyRow | undefined;
}

interface MaybeKey {
  readonly keyId: string | null;
  readonly kekId: string | null;
  readonly wrapped: Uint8Array | null;
}

function dataKeyIn({ keyId, kekId, wrapped }: MaybeKey): DataKeyRow | undefined {
  return keyId === null || kekId === null || wrapped === null ? undefined : { id: keyId, kekId, wrapped };
}

const isHeld = DATA_KEY_HOLDERS.map(
  (table) => `EXISTS (SELECT 1 FROM ${table} WHERE data_key_id = data_key.id)`,
).join(' OR ');

const KEY_COLUMNS = 'data_key.id AS keyId, kek_id AS kekId, wrapped';

/** Reads rows for `verifyGallery`, one at a time, so that a damaged page affects only its own rows. */
export class VerifyRows {
  readonly #database: OpenDatabase;
  readonly #statements = new Map<string, Statement<[string], unknown>>();

  constructor(database: OpenDatabase) {
    this.#database = database;
  }

  /** The next ids of a table. For tables with pictures, SQLite reads them from an index. */
  idsAfter(table: ListedTable, previousId: string): readonly string[] {
    return this.#read<string>(`SELECT id FROM ${table} WHERE id > ? ORDER BY id LIMIT ${SLICE}`, previousId);
  }

  /** Rows of all listed tables. */
  count(): number {
    const counts = listedTables.map((table) => `(SELECT count(*) FROM ${table})`).join(' + ');
    const statement = `SELECT ${counts}`;
    return reading(this.#database, () => Number(this.#database.db.prepare(statement).pluck().get()));
  }

  /** Undefined if the key was deleted. */
  dataKey(id: string): { readonly key: DataKeyRow; readonly isUsed: boolean } | undefined {
    const row = this.#one<DataKeyRow & { isUsed: number }>(
      `SELECT id, kek_id AS kekId, wrapped, (${isHeld}) AS isUsed FROM data_key WHERE id = ?`,
      id,
    );
    if (row === undefined) return undefined;
    const { kekId, wrapped, isUsed } = row;
    return { key: { id: row.id, kekId, wrapped }, isUsed: isUsed === 1 };
  }

  hasTombstone(personId: string): boolean {
    return this.#one('SELECT 1 AS found FROM tombstone WHERE person_id = ?', personId) !== undefined;
  }

  hasPerson(personId: string): boolean {
    return this.#one('SELECT 1 AS found FROM person WHERE id = ?', personId) !== undefined;
  }

  /** The next owners of templates, also if the person does not exist. */
  templateOwnersAfter(previousId: string): readonly PersonId[] {
    return this.#read<PersonId>(
      `SELECT DISTINCT person_id FROM template WHERE person_id > ? ORDER BY person_id LIMIT ${SLICE}`,
      previousId,
    );
  }

  /** The stored check values of a KEK. */
  keySlot(keyId: string): { readonly checkValue: Uint8Array; readonly seal: Uint8Array } | undefined {
    return this.#one('SELECT check_value AS checkValue, seal FROM key_slot WHERE key_id = ?', keyId);
  }

  photograph(id: string): PhotographToVerify | undefined {
    const row = this.#one<{ personId: PersonId; jpeg: Uint8Array; known: string | null } & MaybeKey>(
      `SELECT person_id AS personId, jpeg, person.id AS known, ${KEY_COLUMNS}
       FROM photograph LEFT JOIN person ON person.id = person_id LEFT JOIN data_key ON data_key.id = data_key_id
       WHERE photograph.id = ?`,
      id,
    );
    if (row === undefined) return undefined;
    const { personId, jpeg, known } = row;
    return { personId, jpeg, dataKey: dataKeyIn(row), hasPerson: known !== null };
  }

  evidence(id: string): EvidenceToVerify | undefined {
    const row = this.#one<EvidenceRow & MaybeKey>(
      `SELECT evidence.id, kind, event_id AS eventId, camera_id AS cameraId, person_id AS personId,
              data_key_id AS dataKeyId, jpeg, taken_at_ms AS takenAtMs, ${KEY_COLUMNS}
       FROM evidence LEFT JOIN data_key ON data_key.id = data_key_id WHERE evidence.id = ?`,
      id,
    );
    return row === undefined ? undefined : { ...row, dataKey: dataKeyIn(row) };
  }

  stranger(id: string): StrangerToVerify | undefined {
    const row = this.#one<Omit<StrangerToVerify, 'dataKey'> & MaybeKey>(
      `SELECT stranger.id, state, recogniser, revision, content, ${KEY_COLUMNS}
       FROM stranger LEFT JOIN data_key ON data_key.id = data_key_id WHERE stranger.id = ?`,
      id,
    );
    return row === undefined ? undefined : { ...row, dataKey: dataKeyIn(row) };
  }

  #one<T>(query: string, id: string): T | undefined {
    return reading(this.#database, () => this.#prepared(query).get(id) as T | undefined);
  }

  #read<T>(query: string, previousId: string): readonly T[] {
    return reading(this.#database, () => this.#prepared(query).pluck().all(previousId) as T[]);
  }

  #prepared(query: string): Statement<[string], unknown> {
    const known = this.#statements.get(query) ?? this.#database.db.prepare<[string], unknown>(query);
    this.#statements.set(query, known);
    return known;
  }
}
