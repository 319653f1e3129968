import type { Statement } from 'better-sqlite3';
import { wipe } from '../../../host/sodium.js';
import type { OpenDatabase } from '../../../host/sqlite.js';
import type { PersonId, StrangerId } from '../../../kernel/ids.js';
import { type Stranger, seenBetween, visitCount } from '../../../kernel/strangers/stranger.js';
import { reading } from '../gallery-file.js';
import type { DataKeyRow, KeyRing } from '../keys/key-ring.js';
import { places } from '../places.js';
import { openField, sealField } from '../sealing.js';
import {
  type DecodedStranger,
  decodeStranger,
  encodeStranger,
  type StrangerColumns,
  type StrangerFate,
} from './stranger-codec.js';

interface StrangerRow extends StrangerColumns {
  readonly dataKeyId: string;
  /** Counts the changes of the row. */
  readonly revision: number;
  /** Sealed. */
  readonly content: Uint8Array;
  readonly firstSeenMs: number;
  readonly lastSeenMs: number;
  readonly visits: number;
  /** Null unless the stranger is set aside. */
  readonly forgottenAtMs: number | null;
  /** The person whom a stranger who is set aside was said to be. */
  readonly personId: PersonId | null;
}

/** What the readable columns of a row say of a stranger who is set aside. */
export interface AsideRow {
  readonly columns: StrangerColumns &
    Pick<StrangerRow, 'firstSeenMs' | 'lastSeenMs' | 'visits'> & { readonly forgottenAtMs: number };
  readonly open: () => OpenedStranger;
}

type SealedStranger = Pick<StrangerRow, 'dataKeyId' | 'revision' | 'content'>;

type KeyedStrangerRow = StrangerRow & Omit<DataKeyRow, 'id'>;

/** Rows read by one query. */
const slice = 200;

/** The result of opening a row. */
export type OpenedStranger =
  | ({ readonly outcome: 'open' } & DecodedStranger)
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
  readonly #aside: Statement<[], KeyedStrangerRow>;
  readonly #insertKey: Statement<[DataKeyRow]>;
  readonly #put: Statement<[StrangerRow]>;

  constructor(options: StrangerRowsOptions) {
    this.#options = options;
    const { db } = options.database;
    const keyed = `SELECT stranger.id, state, recogniser, data_key_id AS dataKeyId, revision, content,
                          first_seen_ms AS firstSeenMs, last_seen_ms AS lastSeenMs, visits,
                          forgotten_at_ms AS forgottenAtMs, person_id AS personId,
                          coalesce(kek_id, '') AS kekId, coalesce(wrapped, x'') AS wrapped
                   FROM stranger LEFT JOIN data_key ON data_key.id = data_key_id`;
    this.#after = db.prepare(
      `${keyed} WHERE stranger.id > ? AND forgotten_at_ms IS NULL ORDER BY stranger.id LIMIT ${slice}`,
    );
    this.#aside = db.prepare(`${keyed} WHERE forgotten_at_ms IS NOT NULL ORDER BY forgotten_at_ms DESC`);
    this.#one = db.prepare(`${keyed} WHERE stranger.id = ?`);
    this.#insertKey = db.prepare('INSERT INTO data_key (id, kek_id, wrapped) VALUES (@id, @kekId, @wrapped)');
    this.#put = db.prepare(
      `INSERT OR REPLACE INTO stranger
         (id, state, recogniser, data_key_id, revision, content, first_seen_ms, last_seen_ms, visits,
          forgotten_at_ms, person_id)
       VALUES (@id, @state, @recogniser, @dataKeyId, @revision, @content, @firstSeenMs, @lastSeenMs, @visits,
               @forgottenAtMs, @personId)`,
    );
  }

  /** The next ids after `previousId` of strangers who are not set aside, with what their rows hold. */
  after(
    previousId: string,
  ): readonly { readonly columns: StrangerColumns; readonly open: () => OpenedStranger }[] {
    const rows = reading(this.#options.database, () => this.#after.all(previousId));
    return rows.map((row) => ({ columns: columnsOf(row), open: () => this.#open(row) }));
  }

  /** The strangers who are set aside, the last one first. */
  aside(): readonly AsideRow[] {
    const rows = reading(this.#options.database, () => this.#aside.all());
    return rows.flatMap((row) => this.#asideRow(row) ?? []);
  }

  asideOf(id: StrangerId): AsideRow | undefined {
    const row = reading(this.#options.database, () => this.#one.get(id));
    return row && this.#asideRow(row);
  }

  /** `aside`: the stranger is set aside until this time. */
  put(stranger: Stranger, aside?: { readonly fate: StrangerFate; readonly forgottenAtMs: number }): void {
    const before = this.#one.get(stranger.id);
    const encode = () => encodeStranger(stranger, aside?.fate);
    const sealed =
      before === undefined ? this.#sealNew(stranger, encode) : this.#sealAgain(before, stranger, encode);
    const { firstMs = 0, lastMs = 0 } = seenBetween(stranger) ?? {};
    this.#put.run({
      ...columnsOf(stranger),
      ...sealed,
      // Cameras tell times with fractions of a millisecond.
      firstSeenMs: Math.floor(firstMs),
      lastSeenMs: Math.floor(lastMs),
      visits: visitCount(stranger),
      forgottenAtMs: aside?.forgottenAtMs ?? null,
      personId: aside?.fate.change === 'assigned' ? aside.fate.personId : null,
    });
  }

  /** Deletes a stranger and the data key. */
  delete(id: StrangerId): void {
    deleteStranger(this.#options.database, id);
  }

  #asideRow(row: KeyedStrangerRow): AsideRow | undefined {
    const { firstSeenMs, lastSeenMs, visits, forgottenAtMs } = row;
    if (forgottenAtMs === null) return undefined;
    const columns = { ...columnsOf(row), firstSeenMs, lastSeenMs, visits, forgottenAtMs };
    return { columns, open: () => this.#open(row) };
  }

  #sealNew(stranger: Stranger, encode: () => Uint8Array): SealedStranger {
    const { row, key } = this.#options.ring.newDataKey();
    this.#insertKey.run(row);
    const plaintext = encode();
    const content = sealField(key, placeOf(stranger, 1), plaintext);
    wipe(plaintext);
    wipe(key.bytes);
    return { dataKeyId: row.id, revision: 1, content };
  }

  /** A row whose key no longer opens gets a new key: what it held is lost in any case. */
  #sealAgain(before: KeyedStrangerRow, stranger: Stranger, encode: () => Uint8Array): SealedStranger {
    const revision = before.revision + 1;
    const plaintext = encode();
    const { dataKeyId } = before;
    const content = this.#options.ring.using(dataKeyOf(before), (key) =>
      sealField(key, placeOf(stranger, revision), plaintext),
    );
    wipe(plaintext);
    if (content !== undefined) return { dataKeyId, revision, content };
    this.delete(stranger.id);
    return this.#sealNew(stranger, encode);
  }

  #open(row: KeyedStrangerRow): OpenedStranger {
    const opened = this.#options.ring.using(
      dataKeyOf(row),
      (key) => openField(key, placeOf(row, row.revision), row.content) ?? 'does-not-open',
    );
    if (opened === undefined) return { outcome: 'damaged', reason: 'key-does-not-open' };
    if (opened === 'does-not-open') return { outcome: 'damaged', reason: 'does-not-open' };
    const decoded = decodeStranger(columnsOf(row), opened, this.#options.dimensions);
    return decoded === undefined
      ? { outcome: 'damaged', reason: 'not-a-template' }
      : { outcome: 'open', ...decoded };
  }
}

/**
 * Forgets again the strangers whom operators discarded, assigned or merged, and did not restore: a restored backup, or a copy of old
 * rows, brings their templates back. Those who are set aside stay until their time, unless an operator did not want to wait. Ids are
 * never given twice. Needs no key. Returns how many. The caller empties the write-ahead log.
 */
export function enforceForgottenStrangers(database: OpenDatabase): number {
  // With max(), the other columns are those of the row that has it.
  const back = database.db
    .prepare<[], StrangerId>(
      `SELECT id FROM stranger JOIN (
         SELECT subject, action, details, max(sequence) FROM audit
         WHERE action IN ('stranger.discarded', 'stranger.assigned', 'stranger.merged', 'stranger.restored')
         GROUP BY subject) AS last ON last.subject = stranger.id
       WHERE action = 'stranger.merged' OR instr(details, '"isFinal":true') > 0
         OR (action <> 'stranger.restored' AND forgotten_at_ms IS NULL)`,
    )
    .pluck();
  return database.transaction(() => {
    const ids = back.all();
    for (const id of ids) deleteStranger(database, id);
    return ids.length;
  });
}

/** Deletes the strangers who were assigned to a person and are still set aside: they are the person. Needs no key; call it in a transaction. */
export function deleteStrangersOf(database: OpenDatabase, personId: PersonId): void {
  const ids = database.db
    .prepare<[string], StrangerId>('SELECT id FROM stranger WHERE person_id = ?')
    .pluck();
  for (const id of ids.all(personId)) deleteStranger(database, id);
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
