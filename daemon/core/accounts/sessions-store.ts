import type { TableForm } from '../../host/table-form.js';
import type { AccountLedger } from './account-ledger.js';
import { PushDevicesStore } from './push-devices-store.js';
import { SealedTable } from './sealed-table.js';

/** A session of a browser (`token` is set), or the tokens that came from one login of a program. */
export interface SessionRow {
  readonly id: string;
  readonly userId: string;
  readonly token: Uint8Array | null;
  readonly createdAtMs: number;
  readonly lastSeenAtMs: number;
  readonly expiresAtMs: number;
  readonly provedAtMs: number;
  /** What the user last proved: the password alone, or a second factor or a passkey. */
  readonly provedBy: 'password' | 'second-factor';
  readonly address: string | null;
  readonly agent: string | null;
}

export const sessionTable: TableForm<SessionRow> = {
  name: 'session',
  key: 'id',
  columns: {
    id: 'id',
    userId: 'user_id',
    token: 'token',
    createdAtMs: 'created_at_ms',
    lastSeenAtMs: 'last_seen_at_ms',
    expiresAtMs: 'expires_at_ms',
    provedAtMs: 'proved_at_ms',
    provedBy: 'proved_by',
    address: 'address',
    agent: 'agent',
  },
  passing: ['lastSeenAtMs'],
};

interface RefreshRow {
  readonly hash: Uint8Array;
  readonly sessionId: string;
  readonly expiresAtMs: number;
  readonly usedAtMs: number | null;
}

export const refreshTable: TableForm<RefreshRow> = {
  name: 'refresh_token',
  key: 'hash',
  columns: { hash: 'hash', sessionId: 'session_id', expiresAtMs: 'expires_at_ms', usedAtMs: 'used_at_ms' },
  // A used token gives nothing, and there are many: a forged row can only end its session.
  isIdle: ({ usedAtMs }) => usedAtMs !== null,
};

export interface ApiKeyRow {
  readonly id: string;
  readonly hash: Uint8Array;
  readonly label: string;
  readonly scopes: string;
  readonly cameras: string | null;
  readonly createdBy: string;
  readonly createdAtMs: number;
  readonly expiresAtMs: number;
  readonly lastUsedAtMs: number | null;
}

export const apiKeyTable: TableForm<ApiKeyRow> = {
  name: 'api_key',
  key: 'id',
  columns: {
    id: 'id',
    hash: 'hash',
    label: 'label',
    scopes: 'scopes',
    cameras: 'cameras',
    createdBy: 'created_by',
    createdAtMs: 'created_at_ms',
    expiresAtMs: 'expires_at_ms',
    lastUsedAtMs: 'last_used_at_ms',
  },
  passing: ['lastUsedAtMs'],
};

interface ClaimRow {
  readonly id: number;
  readonly hash: Uint8Array;
  readonly isReset: number;
  readonly expiresAtMs: number;
}

export const claimTable: TableForm<ClaimRow> = {
  name: 'claim',
  key: 'id',
  columns: { id: 'id', hash: 'hash', isReset: 'is_reset', expiresAtMs: 'expires_at_ms' },
};

/**
 * Sessions, refresh tokens, API keys and the claim in accounts.db. A session that is ended takes the devices with it that it added:
 * whoever ends it may have lost the device. One that expires leaves them. Changes run in a transaction of the caller.
 */
export class SessionsStore {
  readonly #sessions: SealedTable<SessionRow>;
  readonly #refreshTokens: SealedTable<RefreshRow>;
  readonly #apiKeys: SealedTable<ApiKeyRow>;
  readonly #claims: SealedTable<ClaimRow>;
  readonly #devices: PushDevicesStore;

  constructor(ledger: AccountLedger) {
    this.#sessions = new SealedTable(ledger, sessionTable);
    this.#refreshTokens = new SealedTable(ledger, refreshTable);
    this.#apiKeys = new SealedTable(ledger, apiKeyTable);
    this.#claims = new SealedTable(ledger, claimTable);
    this.#devices = new PushDevicesStore(ledger);
  }

  byId(id: string): SessionRow | undefined {
    return this.#sessions.one('WHERE id = ?', id);
  }

  byToken(hash: Uint8Array): SessionRow | undefined {
    return this.#sessions.one('WHERE token = ?', hash);
  }

  /** Newest first. */
  ofUser(userId: string): readonly SessionRow[] {
    return this.#sessions.all('WHERE user_id = ? ORDER BY created_at_ms DESC, id DESC', userId);
  }

  insert(row: SessionRow): void {
    this.#sessions.insert(row);
  }

  seen(id: string, lastSeenAtMs: number): void {
    this.#sessions.change(id, { lastSeenAtMs });
  }

  proved(id: string, provedAtMs: number, provedBy: SessionRow['provedBy']): void {
    this.#sessions.change(id, { provedAtMs, provedBy });
  }

  extend(id: string, expiresAtMs: number): void {
    this.#sessions.change(id, { expiresAtMs });
  }

  /** Ends a session, and removes the devices that it added. The number of sessions that ended: 0 or 1. */
  end(id: string): number {
    this.#devices.removeOfSession(id);
    return this.expire(id);
  }

  /** As if its time were up: its devices stay. */
  expire(id: string): number {
    this.#refreshTokens.remove('WHERE session_id = ?', id);
    return this.#sessions.remove('WHERE id = ?', id);
  }

  /** Ends all sessions of a user, except one, and removes the devices that others added. */
  endOfUser(userId: string, except = ''): number {
    this.#devices.removeOfUser(userId, except);
    const others = 'WHERE user_id = ? AND id <> ?';
    this.#refreshTokens.remove(`WHERE session_id IN (SELECT id FROM session ${others})`, userId, except);
    return this.#sessions.remove(others, userId, except);
  }

  /** Ends all sessions as if their time were up, and withdraws a claim. The number of sessions. */
  endAll(): number {
    this.#refreshTokens.remove('WHERE true');
    this.#claims.remove('WHERE true');
    return this.#sessions.remove('WHERE true');
  }

  /** Deletes what is over: sessions that expired or were idle since `idleSinceMs`, old refresh tokens, an old claim. */
  sweep(nowMs: number, idleSinceMs: number): void {
    const over = 'WHERE expires_at_ms <= ? OR (token IS NOT NULL AND last_seen_at_ms <= ?)';
    this.#refreshTokens.remove(`WHERE session_id IN (SELECT id FROM session ${over})`, nowMs, idleSinceMs);
    this.#sessions.remove(over, nowMs, idleSinceMs);
    this.#refreshTokens.remove('WHERE expires_at_ms <= ?', nowMs);
    this.#claims.remove('WHERE expires_at_ms <= ?', nowMs);
  }

  refreshToken(hash: Uint8Array): RefreshRow | undefined {
    return this.#refreshTokens.one('WHERE hash = ?', hash);
  }

  insertRefreshToken(hash: Uint8Array, sessionId: string, expiresAtMs: number): void {
    this.#refreshTokens.insert({ hash, sessionId, expiresAtMs, usedAtMs: null });
  }

  useRefreshToken(hash: Uint8Array, usedAtMs: number): void {
    this.#refreshTokens.change(hash, { usedAtMs });
  }

  apiKey(hash: Uint8Array): ApiKeyRow | undefined {
    return this.#apiKeys.one('WHERE hash = ?', hash);
  }

  apiKeyById(id: string): ApiKeyRow | undefined {
    return this.#apiKeys.one('WHERE id = ?', id);
  }

  /** Newest first. */
  apiKeys(): readonly ApiKeyRow[] {
    return this.#apiKeys.all('ORDER BY created_at_ms DESC, id DESC');
  }

  insertApiKey(row: ApiKeyRow): void {
    this.#apiKeys.insert(row);
  }

  apiKeyUsed(id: string, lastUsedAtMs: number): void {
    this.#apiKeys.change(id, { lastUsedAtMs });
  }

  removeApiKey(id: string): void {
    this.#apiKeys.remove('WHERE id = ?', id);
  }

  /** Returns the ids of the keys. */
  removeApiKeysOf(createdBy: string): readonly string[] {
    const ids = this.#apiKeys.all('WHERE created_by = ?', createdBy).map(({ id }) => id);
    this.#apiKeys.remove('WHERE created_by = ?', createdBy);
    return ids;
  }

  claim(): ClaimRow | undefined {
    return this.#claims.one('');
  }

  putClaim(hash: Uint8Array, isReset: boolean, expiresAtMs: number): void {
    this.removeClaim();
    this.#claims.insert({ id: 1, hash, isReset: Number(isReset), expiresAtMs });
  }

  removeClaim(): void {
    this.#claims.remove('');
  }
}
