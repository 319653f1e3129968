import type { TableForm } from '../../host/table-form.js';
import type { AccountLedger } from './account-ledger.js';
import { SealedTable } from './sealed-table.js';

/** A browser of a user that shows alerts. */
export interface PushDeviceRow {
  readonly id: string;
  readonly userId: string;
  /** The session that added it, which may have expired since. */
  readonly sessionId: string;
  /** The address at the push service. */
  readonly endpoint: string;
  readonly p256dh: Uint8Array;
  readonly auth: Uint8Array;
  /** A JSON array of the ids of rules; null: all rules. */
  readonly rules: string | null;
  readonly agent: string | null;
  readonly createdAtMs: number;
  readonly lastSentAtMs: number | null;
}

export const pushDeviceTable: TableForm<PushDeviceRow> = {
  name: 'push_device',
  key: 'id',
  columns: {
    id: 'id',
    userId: 'user_id',
    sessionId: 'session_id',
    endpoint: 'endpoint',
    p256dh: 'p256dh',
    auth: 'auth',
    rules: 'rules',
    agent: 'agent',
    createdAtMs: 'created_at_ms',
    lastSentAtMs: 'last_sent_at_ms',
  },
  passing: ['lastSentAtMs'],
};

/** Devices that show alerts, in accounts.db. Changes run in a transaction of the caller. */
export class PushDevicesStore {
  readonly #devices: SealedTable<PushDeviceRow>;

  constructor(ledger: AccountLedger) {
    this.#devices = new SealedTable(ledger, pushDeviceTable);
  }

  /** Oldest first. */
  all(): readonly PushDeviceRow[] {
    return this.#devices.all('ORDER BY created_at_ms, id');
  }

  /** Oldest first. */
  ofUser(userId: string): readonly PushDeviceRow[] {
    return this.#devices.all('WHERE user_id = ? ORDER BY created_at_ms, id', userId);
  }

  put(row: PushDeviceRow): void {
    this.remove(row.id);
    this.#devices.insert(row);
  }

  change(id: string, rules: string | null): void {
    this.#devices.change(id, { rules });
  }

  sent(id: string, lastSentAtMs: number): void {
    this.#devices.change(id, { lastSentAtMs });
  }

  /** The number of devices that were removed: 0 or 1. */
  remove(id: string): number {
    return this.#devices.remove('WHERE id = ?', id);
  }

  removeOfSession(sessionId: string): void {
    this.#devices.remove('WHERE session_id = ?', sessionId);
  }

  /** Except those that this session added. */
  removeOfUser(userId: string, exceptSessionId = ''): void {
    this.#devices.remove('WHERE user_id = ? AND session_id <> ?', userId, exceptSessionId);
  }
}
