import type { Scope } from '../../contract/scopes.js';
import type { TableForm } from '../../host/table-form.js';
import type { ApprovalState } from '../../kernel/approval-state.js';
import type { SecondPersonClass } from '../../kernel/second-person-classes.js';
import type { AccountLedger } from './account-ledger.js';
import { SealedTable } from './sealed-table.js';

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
  readonly state: ApprovalState;
  /** Actor: `user:…` or `uid:…`. */
  readonly decidedBy: string | null;
}

export const approvalTable: TableForm<ApprovalRow> = {
  name: 'approval',
  key: 'id',
  columns: {
    id: 'id',
    operation: 'operation',
    class: 'class',
    scope: 'scope',
    digest: 'digest',
    shown: 'shown',
    askedBy: 'asked_by',
    askedAtMs: 'asked_at_ms',
    expiresAtMs: 'expires_at_ms',
    state: 'state',
    decidedBy: 'decided_by',
  },
};

/** Requests for approval in accounts.db. Changes run in a transaction of the caller. */
export class ApprovalsStore {
  readonly #approvals: SealedTable<ApprovalRow>;

  constructor(ledger: AccountLedger) {
    this.#approvals = new SealedTable(ledger, approvalTable);
  }

  byId(id: string): ApprovalRow | undefined {
    return this.#approvals.one('WHERE id = ?', id);
  }

  /** The request of a user that is neither used nor refused nor over. */
  open(askedBy: string, digest: Uint8Array, nowMs: number): ApprovalRow | undefined {
    return this.#approvals.one(
      `WHERE asked_by = ? AND digest = ? AND expires_at_ms > ? AND state IN ('waiting', 'approved')`,
      ...[askedBy, digest, nowMs],
    );
  }

  /** Those that are not over, newest first. */
  list(nowMs: number): readonly ApprovalRow[] {
    return this.#approvals.all('WHERE expires_at_ms > ? ORDER BY asked_at_ms DESC, id DESC', nowMs);
  }

  insert(row: ApprovalRow): void {
    this.#approvals.insert(row);
  }

  decide(id: string, state: 'approved' | 'refused', decidedBy: string): void {
    this.#approvals.change(id, { state, decidedBy });
  }

  use(id: string): void {
    this.#approvals.change(id, { state: 'used' });
  }

  /** Keeps the newest of a user. */
  keepNewest(askedBy: string, most: number): void {
    this.#approvals.remove(
      `WHERE asked_by = ? AND id NOT IN
         (SELECT id FROM approval WHERE asked_by = ? ORDER BY asked_at_ms DESC, id DESC LIMIT ?)`,
      ...[askedBy, askedBy, most],
    );
  }

  removeOfUser(askedBy: string): void {
    this.#approvals.remove('WHERE asked_by = ?', askedBy);
  }

  sweep(nowMs: number): void {
    this.#approvals.remove('WHERE expires_at_ms <= ?', nowMs);
  }
}
