import type { Statement } from 'better-sqlite3';
import type { OpenDatabase } from '../../host/sqlite.js';
import type { Mark, MarkKind, SealedEntry } from './audit-seal.js';

export interface EntryRow extends SealedEntry {
  readonly hash: Uint8Array;
}

export interface MarkRow extends Mark {
  readonly seal: Uint8Array;
}

/** Selects entries. A missing field excludes nothing. */
export interface AuditFilter {
  /** At or after this time, wall clock in milliseconds. */
  readonly fromMs?: number;
  /** Before this time. */
  readonly toMs?: number;
  /** An action, or a group: `person` means all actions that begin with `person.`. */
  readonly action?: string;
  readonly actor?: string;
  readonly subject?: string;
}

/** The number of actions of one kind by one actor. */
export interface Tally {
  readonly action: string;
  readonly actor: string;
  readonly count: number;
}

const COLUMNS =
  'sequence, at_ms AS atMs, actor, origin, action, subject, details, key_id AS keyId, previous, hash';
const MATCHES = `(@fromMs IS NULL OR at_ms >= @fromMs) AND (@toMs IS NULL OR at_ms < @toMs)
  AND (@action IS NULL OR action = @action OR substr(action, 1, length(@action) + 1) = @action || '.')
  AND (@actor IS NULL OR actor = @actor) AND (@subject IS NULL OR subject = @subject)`;

const IN_RANGE = 'sequence >= @first AND sequence < @end';

const bound = ({ fromMs = null, toMs = null, action = null, actor = null, subject = null }: OpenFilter) => ({
  fromMs,
  toMs,
  action,
  actor,
  subject,
});
type OpenFilter = { readonly [K in keyof AuditFilter]: AuditFilter[K] | null };

/** Entries from `first` up to the one before `end`. */
export interface SequenceRange {
  readonly first: number;
  readonly end: number;
}

/** The statements on the audit log's tables. They do not use the key. */
export class AuditRows {
  readonly #insert: Statement<[EntryRow]>;
  readonly #putMark: Statement<[MarkRow & { readonly kind: MarkKind }]>;
  readonly #mark: Statement<[MarkKind], MarkRow>;
  readonly #last: Statement<[], EntryRow>;
  readonly #after: Statement<[number, number], EntryRow>;
  readonly #cut: Statement<[number]>;
  readonly #list: Statement<[ReturnType<typeof bound> & { readonly limit: number }], EntryRow>;
  readonly #start: Statement<[number, number], number>;
  readonly #within: Statement<
    [ReturnType<typeof bound> & SequenceRange & { readonly limit: number }],
    EntryRow
  >;
  readonly #count: Statement<[ReturnType<typeof bound>], { readonly count: number }>;
  readonly #tally: Statement<[ReturnType<typeof bound> & SequenceRange], Tally>;

  constructor({ db }: OpenDatabase) {
    this.#insert = db.prepare(
      `INSERT INTO audit (sequence, at_ms, actor, origin, action, subject, details, key_id, previous, hash)
       VALUES (@sequence, @atMs, @actor, @origin, @action, @subject, @details, @keyId, @previous, @hash)`,
    );
    this.#putMark = db.prepare(
      `INSERT INTO audit_mark (kind, sequence, hash, key_id, seal) VALUES (@kind, @sequence, @hash, @keyId, @seal)
       ON CONFLICT (kind) DO UPDATE SET sequence = @sequence, hash = @hash, key_id = @keyId, seal = @seal`,
    );
    this.#mark = db.prepare('SELECT sequence, hash, key_id AS keyId, seal FROM audit_mark WHERE kind = ?');
    this.#last = db.prepare(`SELECT ${COLUMNS} FROM audit ORDER BY sequence DESC LIMIT 1`);
    this.#after = db.prepare(`SELECT ${COLUMNS} FROM audit WHERE sequence > ? ORDER BY sequence LIMIT ?`);
    this.#cut = db.prepare('DELETE FROM audit WHERE sequence <= ?');
    this.#list = db.prepare(
      `SELECT ${COLUMNS} FROM audit WHERE ${MATCHES} ORDER BY sequence DESC LIMIT @limit`,
    );
    this.#start = db
      .prepare<[number, number], number>(
        'SELECT sequence FROM audit WHERE sequence < ? ORDER BY sequence DESC LIMIT 1 OFFSET ?',
      )
      .pluck();
    this.#within = db.prepare(
      `SELECT ${COLUMNS} FROM audit WHERE ${IN_RANGE} AND ${MATCHES} ORDER BY sequence DESC LIMIT @limit`,
    );
    this.#count = db.prepare(`SELECT count(*) AS count FROM audit WHERE ${MATCHES}`);
    this.#tally = db.prepare(
      `SELECT action, actor, count(*) AS count FROM audit WHERE ${IN_RANGE} AND ${MATCHES} GROUP BY action, actor`,
    );
  }

  insert(row: EntryRow): void {
    this.#insert.run(row);
  }

  putMark(kind: MarkKind, row: MarkRow): void {
    this.#putMark.run({ kind, ...row });
  }

  mark(kind: MarkKind): MarkRow | undefined {
    return this.#mark.get(kind);
  }

  last(): EntryRow | undefined {
    return this.#last.get();
  }

  /** Up to `limit` entries after `sequence`, oldest first. */
  after(sequence: number, limit: number): readonly EntryRow[] {
    return this.#after.all(sequence, limit);
  }

  /** Deletes every entry up to `sequence`. Its anchor must already be stored. */
  cut(sequence: number): void {
    this.#cut.run(sequence);
  }

  /** The newest `limit` that match, oldest first. */
  list(filter: AuditFilter, limit: number): readonly EntryRow[] {
    return this.#list.all({ ...bound(filter), limit }).reverse();
  }

  /** The sequence of the first of the `count` entries before `end`; undefined if there are fewer. */
  startOf(end: number, count: number): number | undefined {
    return this.#start.get(end, count - 1);
  }

  /** The newest `limit` of the range that match, newest first. */
  within(range: SequenceRange, filter: AuditFilter, limit: number): readonly EntryRow[] {
    return this.#within.all({ ...bound(filter), ...range, limit });
  }

  count(filter: AuditFilter): number {
    return this.#count.get(bound(filter))?.count ?? 0;
  }

  /** The matching entries of the range. */
  tally(range: SequenceRange, filter: AuditFilter): readonly Tally[] {
    return this.#tally.all({ ...bound(filter), ...range });
  }
}
