import type { Statement } from 'better-sqlite3';
import type { StrangerId } from '../../domain/ids.js';
import { type Stranger, seenBetween, visitCount } from '../../domain/strangers/stranger.js';
import { wipe } from '../../host/sodium.js';
import type { OpenDatabase } from '../../host/sqlite.js';
import { reading } from '../gallery-file.js';
import type { DataKeyRow, KeyRing } from '../keys/key-ring.js';
import { places } from '../places.js';
import { openField, sealField } from '../sealing.js';
import { decodeStranger, encodeStranger, type StrangerColumns } from './stranger-codec.js';

interface StrangerRow extends StrangerColumns {
  readonly dataKeyId: string;
  /** Counts the changes of the row. */
  readonly revision: number;
  /** Sealed. */
  readonly content: Uint8Array;
  readonly firstSeenMs: number;
  readonly lastSeenMs: number;
  readonly visits: number;
}

type SealedStranger = Pick<StrangerRow, 'dataKeyId' | 'revision' | 'content'>;

type KeyedStrangerRow = StrangerRow & Omit<DataKeyRow, 'id'>;

/** Rows read by one query. */
const slice = 200;

/** The result of opening a row. */
export type OpenedStranger =
  | { readonly outcome: 'open'; readonly stranger: Stranger }
  | {
      readonly outcome: 'damaged';
      readonly reason: 'does-not-open' | 'key-does-not-open' | 'not-a-template';
    };

export interface StrangerRowsOptions {
  readonly database: OpenDatabase;
  readonly ring: KeyRing;
  /** Number of values of an embedding. */
  readonly dimensions: number;
}

/**
 * The sealed rows of strangers. All that is known of one is in one field under one data key, so that deleting the key deletes the
 * stranger. Call writes in a transaction.
 */
export class StrangerRows {
  readonly #options: StrangerRowsOptions;
  readonly #after: Statement<[string], KeyedStrangerRow>;
  readonly #one: Statement<[string], KeyedStrangerRow>;
  readonly #insertKey: Statement<[DataKeyRow]>;
  readonly #put: Statement<[StrangerRow]>;

  constructor(options: StrangerRowsOptions) {
    this.#options = options;
    const { db } = options.database;
    const keyed = `SELECT stranger.id, state, recogniser, data_key_id AS dataKeyId, revision, content,
                          first_seen_ms AS firstSeenMs, last_seen_ms AS lastSeenMs, visits,
                          coalesce(kek_id, '') AS kekId, coalesce(wrapped, x'') AS wrapped
                   FROM stranger LEFT JOIN data_key ON data_key.id = data_key_id`;
    this.#after = db.prepare(`${keyed} WHERE stranger.id > ? ORDER BY stranger.id LIMIT ${slice}`);
    this.#one = db.prepare(`${keyed} WHERE stranger.id = ?`);
    this.#insertKey = db.prepare('INSERT INTO data_key (id, kek_id, wrapped) VALUES (@id, @kekId, @wrapped)');
    this.#put = db.prepare(
      `INSERT OR REPLACE INTO stranger
         (id, state, recogniser, data_key_id, revision, content, first_seen_ms, last_seen_ms, visits)
       VALUES (@id, @state, @recogniser, @dataKeyId, @revision, @content, @firstSeenMs, @lastSeenMs, @visits)`,
    );
  }

  /** The next ids after `previousId`, with what their rows hold. */
  after(
    previousId: string,
  ): readonly { readonly columns: StrangerColumns; readonly open: () => OpenedStranger }[] {
    const rows = reading(this.#options.database, () => this.#after.all(previousId));
    return rows.map((row) => ({ columns: columnsOf(row), open: () => this.#open(row) }));
  }

  put(stranger: Stranger): void {
    const before = this.#one.get(stranger.id);
    const sealed = before === undefined ? this.#sealNew(stranger) : this.#sealAgain(before, stranger);
    const { firstMs = 0, lastMs = 0 } = seenBetween(stranger) ?? {};
    this.#put.run({
      ...columnsOf(stranger),
      ...sealed,
      // Cameras tell times with fractions of a millisecond.
      firstSeenMs: Math.floor(firstMs),
      lastSeenMs: Math.floor(lastMs),
      visits: visitCount(stranger),
    });
  }

  /** Deletes a stranger and the data key. */
  delete(id: StrangerId): void {
    deleteStranger(this.#options.database, id);
  }

  #sealNew(stranger: Stranger): SealedStranger {
    const { row, key } = this.#options.ring.newDataKey();
    this.#insertKey.run(row);
    const plaintext = encodeStranger(stranger);
    const content = sealField(key, placeOf(stranger, 1), plaintext);
    wipe(plaintext);
    wipe(key.bytes);
    return { dataKeyId: row.id, revision: 1, content };
  }

  /** A row whose key no longer opens gets a new key: what it held is lost in any case. */
  #sealAgain(before: KeyedStrangerRow, stranger: Stranger): SealedStranger {
    const revision = before.revision + 1;
    const plaintext = encodeStranger(stranger);
    const { dataKeyId } = before;
    const content = this.#options.ring.using(dataKeyOf(before), (key) =>
      sealField(key, placeOf(stranger, revision), plaintext),
    );
    wipe(plaintext);
    if (content !== undefined) return { dataKeyId, revision, content };
    this.delete(stranger.id);
    return this.#sealNew(stranger);
  }

  #open(row: KeyedStrangerRow): OpenedStranger {
    const opened = this.#options.ring.using(
      dataKeyOf(row),
      (key) => openField(key, placeOf(row, row.revision), row.content) ?? 'does-not-open',
    );
    if (opened === undefined) return { outcome: 'damaged', reason: 'key-does-not-open' };
    if (opened === 'does-not-open') return { outcome: 'damaged', reason: 'does-not-open' };
    const stranger = decodeStranger(columnsOf(row), opened, this.#options.dimensions);
    return stranger === undefined
      ? { outcome: 'damaged', reason: 'not-a-template' }
      : { outcome: 'open', stranger };
  }
}

/**
 * Forgets again the strangers whom operators discarded, assigned or merged: a restored backup, or a copy of old rows, brings their
 * templates back. Ids are never given twice. Needs no key. The caller empties the write-ahead log.
 */
export function enforceForgottenStrangers(database: OpenDatabase): void {
  const back = database.db
    .prepare<[], StrangerId>(
      `SELECT id FROM stranger WHERE id IN (
         SELECT subject FROM audit
         WHERE action IN ('stranger.discarded', 'stranger.assigned', 'stranger.merged'))`,
    )
    .pluck();
  database.transaction(() => {
    for (const id of back.all()) deleteStranger(database, id);
  });
}

/** Deletes a stranger and the data key. Needs no key; call it in a transaction. */
export function deleteStranger({ db }: OpenDatabase, id: StrangerId): void {
  const keyId = db.prepare<[string], string>('SELECT data_key_id FROM stranger WHERE id = ?').pluck().get(id);
  db.prepare('DELETE FROM stranger WHERE id = ?').run(id);
  if (keyId !== undefined) db.prepare('DELETE FROM data_key WHERE id = ?').run(keyId);
}

const columnsOf = ({ id, state, recogniser }: StrangerColumns): StrangerColumns => ({
  id,
  state,
  recogniser,
});

const placeOf = ({ id, state, recogniser }: StrangerColumns, revision: number) =>
  places.strangerContent({ id, state, recogniser, revision });

const dataKeyOf = ({ dataKeyId, kekId, wrapped }: KeyedStrangerRow): DataKeyRow => ({
  id: dataKeyId,
  kekId,
  wrapped,
});
