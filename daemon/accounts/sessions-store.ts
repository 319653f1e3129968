import type { OpenDatabase } from '../host/sqlite.js';

/** A session of a browser (`token` is set), or the tokens that came from one login of a program. */
export interface SessionRow {
  readonly id: string;
  readonly userId: string;
  readonly token: Uint8Array | null;
  readonly createdAtMs: number;
  readonly lastSeenAtMs: number;
  readonly expiresAtMs: number;
  readonly provedAtMs: number;
  readonly address: string | null;
  readonly agent: string | null;
}

const selected = `id, user_id AS userId, token, created_at_ms AS createdAtMs, last_seen_at_ms AS lastSeenAtMs,
  expires_at_ms AS expiresAtMs, proved_at_ms AS provedAtMs, address, agent`;

interface RefreshRow {
  readonly sessionId: string;
  readonly expiresAtMs: number;
  readonly usedAtMs: number | null;
}

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

const selectedKey = `id, hash, label, scopes, cameras, created_by AS createdBy, created_at_ms AS createdAtMs,
  expires_at_ms AS expiresAtMs, last_used_at_ms AS lastUsedAtMs`;

/** Sessions, refresh tokens, API keys and the claim in accounts.db. Changes run in a transaction of the caller. */
export class SessionsStore {
  readonly #db: OpenDatabase['db'];
  readonly #byId;
  readonly #byToken;
  readonly #keyByHash;

  constructor({ db }: OpenDatabase) {
    this.#db = db;
    this.#byId = db.prepare<[string], SessionRow>(`SELECT ${selected} FROM session WHERE id = ?`);
    this.#byToken = db.prepare<[Uint8Array], SessionRow>(`SELECT ${selected} FROM session WHERE token = ?`);
    this.#keyByHash = db.prepare<[Uint8Array], ApiKeyRow>(
      `SELECT ${selectedKey} FROM api_key WHERE hash = ?`,
    );
  }

  byId(id: string): SessionRow | undefined {
    return this.#byId.get(id);
  }

  byToken(hash: Uint8Array): SessionRow | undefined {
    return this.#byToken.get(hash);
  }

  /** Newest first. */
  ofUser(userId: string): readonly SessionRow[] {
    return this.#db
      .prepare<[string], SessionRow>(
        `SELECT ${selected} FROM session WHERE user_id = ? ORDER BY created_at_ms DESC, id DESC`,
      )
      .all(userId);
  }

  insert(row: SessionRow): void {
    this.#db
      .prepare(
        `INSERT INTO session (id, user_id, token, created_at_ms, last_seen_at_ms, expires_at_ms, proved_at_ms, address, agent)
         VALUES (@id, @userId, @token, @createdAtMs, @lastSeenAtMs, @expiresAtMs, @provedAtMs, @address, @agent)`,
      )
      .run(row);
  }

  seen(id: string, atMs: number): void {
    this.#db.prepare('UPDATE session SET last_seen_at_ms = ? WHERE id = ?').run(atMs, id);
  }

  proved(id: string, atMs: number): void {
    this.#db.prepare('UPDATE session SET proved_at_ms = ? WHERE id = ?').run(atMs, id);
  }

  extend(id: string, expiresAtMs: number): void {
    this.#db.prepare('UPDATE session SET expires_at_ms = ? WHERE id = ?').run(expiresAtMs, id);
  }

  /** The number of sessions that ended: 0 or 1. */
  end(id: string): number {
    return this.#db.prepare('DELETE FROM session WHERE id = ?').run(id).changes;
  }

  /** Ends all sessions of a user, except one. */
  endOfUser(userId: string, except = ''): number {
    return this.#db.prepare('DELETE FROM session WHERE user_id = ? AND id <> ?').run(userId, except).changes;
  }

  /** Deletes what is over: sessions that expired or were idle since `idleSinceMs`, old refresh tokens, an old claim. */
  sweep(nowMs: number, idleSinceMs: number): void {
    this.#db
      .prepare('DELETE FROM session WHERE expires_at_ms <= ? OR (token IS NOT NULL AND last_seen_at_ms <= ?)')
      .run(nowMs, idleSinceMs);
    this.#db.prepare('DELETE FROM refresh_token WHERE expires_at_ms <= ?').run(nowMs);
    this.#db.prepare('DELETE FROM claim WHERE expires_at_ms <= ?').run(nowMs);
  }

  refreshToken(hash: Uint8Array): RefreshRow | undefined {
    return this.#db
      .prepare<[Uint8Array], RefreshRow>(
        'SELECT session_id AS sessionId, expires_at_ms AS expiresAtMs, used_at_ms AS usedAtMs FROM refresh_token WHERE hash = ?',
      )
      .get(hash);
  }

  insertRefreshToken(hash: Uint8Array, sessionId: string, expiresAtMs: number): void {
    this.#db
      .prepare('INSERT INTO refresh_token (hash, session_id, expires_at_ms) VALUES (?, ?, ?)')
      .run(hash, sessionId, expiresAtMs);
  }

  useRefreshToken(hash: Uint8Array, atMs: number): void {
    this.#db.prepare('UPDATE refresh_token SET used_at_ms = ? WHERE hash = ?').run(atMs, hash);
  }

  apiKey(hash: Uint8Array): ApiKeyRow | undefined {
    return this.#keyByHash.get(hash);
  }

  apiKeyById(id: string): ApiKeyRow | undefined {
    return this.#db.prepare<[string], ApiKeyRow>(`SELECT ${selectedKey} FROM api_key WHERE id = ?`).get(id);
  }

  /** Newest first. */
  apiKeys(): readonly ApiKeyRow[] {
    return this.#db
      .prepare<[], ApiKeyRow>(`SELECT ${selectedKey} FROM api_key ORDER BY created_at_ms DESC, id DESC`)
      .all();
  }

  insertApiKey(row: ApiKeyRow): void {
    this.#db
      .prepare(
        `INSERT INTO api_key (id, hash, label, scopes, cameras, created_by, created_at_ms, expires_at_ms)
         VALUES (@id, @hash, @label, @scopes, @cameras, @createdBy, @createdAtMs, @expiresAtMs)`,
      )
      .run(row);
  }

  apiKeyUsed(id: string, atMs: number): void {
    this.#db.prepare('UPDATE api_key SET last_used_at_ms = ? WHERE id = ?').run(atMs, id);
  }

  removeApiKey(id: string): void {
    this.#db.prepare('DELETE FROM api_key WHERE id = ?').run(id);
  }

  removeApiKeysOf(createdBy: string): number {
    return this.#db.prepare('DELETE FROM api_key WHERE created_by = ?').run(createdBy).changes;
  }

  claim(): { readonly hash: Uint8Array; readonly isReset: number; readonly expiresAtMs: number } | undefined {
    return this.#db
      .prepare<[], { readonly hash: Uint8Array; readonly isReset: number; readonly expiresAtMs: number }>(
        'SELECT hash, is_reset AS isReset, expires_at_ms AS expiresAtMs FROM claim',
      )
      .get();
  }

  putClaim(hash: Uint8Array, isReset: boolean, expiresAtMs: number): void {
    this.#db
      .prepare('INSERT OR REPLACE INTO claim (id, hash, is_reset, expires_at_ms) VALUES (1, ?, ?, ?)')
      .run(hash, isReset ? 1 : 0, expiresAtMs);
  }

  removeClaim(): void {
    this.#db.prepare('DELETE FROM claim').run();
  }
}
