import type { Scope } from '../contract/scopes.js';
import type { SecondPersonClass } from '../contract/second-person.js';
import type { OpenDatabase } from '../host/sqlite.js';

/** A request for the approval of a second person, as it is stored. */
export interface ApprovalRow {
  readonly id: string;
  readonly operation: string;
  readonly class: SecondPersonClass;
  /** The scope that the operation needs. */
  readonly scope: Scope;
  /** Of the operation and everything that was given to it. */
  readonly digest: Uint8Array;
  /** What a second person sees of it: JSON. */
  readonly shown: string;
  /** Id of a user. */
  readonly askedBy: string;
  readonly askedAtMs: number;
  readonly expiresAtMs: number;
  readonly state: 'waiting' | 'approved' | 'refused' | 'used';
  /** Actor: `user:…` or `uid:…`. */
  readonly decidedBy: string | null;
}

const selected = `id, operation, class, scope, digest, shown, asked_by AS askedBy, asked_at_ms AS askedAtMs,
  expires_at_ms AS expiresAtMs, state, decided_by AS decidedBy`;

/** Requests for approval in accounts.db. Changes run in a transaction of the caller. */
export class ApprovalsStore {
  readonly #db: OpenDatabase['db'];

  constructor({ db }: OpenDatabase) {
    this.#db = db;
  }

  byId(id: string): ApprovalRow | undefined {
    return this.#db.prepare<[string], ApprovalRow>(`SELECT ${selected} FROM approval WHERE id = ?`).get(id);
  }

  /** The request of a user that is neither used nor refused nor over. */
  open(askedBy: string, digest: Uint8Array, nowMs: number): ApprovalRow | undefined {
    return this.#db
      .prepare<[string, Uint8Array, number], ApprovalRow>(
        `SELECT ${selected} FROM approval WHERE asked_by = ? AND digest = ? AND expires_at_ms > ?
           AND state IN ('waiting', 'approved')`,
      )
      .get(askedBy, digest, nowMs);
  }

  /** Those that are not over, newest first. */
  list(nowMs: number): readonly ApprovalRow[] {
    return this.#db
      .prepare<[number], ApprovalRow>(
        `SELECT ${selected} FROM approval WHERE expires_at_ms > ? ORDER BY asked_at_ms DESC, id DESC`,
      )
      .all(nowMs);
  }

  insert(row: ApprovalRow): void {
    this.#db
      .prepare(
        `INSERT INTO approval (id, operation, class, scope, digest, shown, asked_by, asked_at_ms, expires_at_ms, state)
         VALUES (@id, @operation, @class, @scope, @digest, @shown, @askedBy, @askedAtMs, @expiresAtMs, @state)`,
      )
      .run(row);
  }

  decide(id: string, state: 'approved' | 'refused', by: string): void {
    this.#db.prepare('UPDATE approval SET state = ?, decided_by = ? WHERE id = ?').run(state, by, id);
  }

  use(id: string): void {
    this.#db.prepare(`UPDATE approval SET state = 'used' WHERE id = ?`).run(id);
  }

  /** Keeps the newest of a user. */
  keepNewest(askedBy: string, most: number): void {
    this.#db
      .prepare(
        `DELETE FROM approval WHERE asked_by = ? AND id NOT IN
           (SELECT id FROM approval WHERE asked_by = ? ORDER BY asked_at_ms DESC, id DESC LIMIT ?)`,
      )
      .run(askedBy, askedBy, most);
  }

  sweep(nowMs: number): void {
    this.#db.prepare('DELETE FROM approval WHERE expires_at_ms <= ?').run(nowMs);
  }
}
