import type { OpenDatabase } from '../host/sqlite.js';

/** A browser that shows the prompts of one camera. Before it is paired it has `pairing`, then `token`: hashes. */
export interface ScreenRow {
  readonly id: string;
  readonly camera: string;
  readonly label: string;
  readonly createdBy: string;
  readonly createdAtMs: number;
  readonly pairing: Uint8Array | null;
  readonly token: Uint8Array | null;
  readonly pairedAtMs: number | null;
  /** Of the pairing secret, then of the cookie. */
  readonly expiresAtMs: number;
  readonly lastSeenAtMs: number | null;
  readonly address: string | null;
  readonly agent: string | null;
}

const selected = `id, camera, label, created_by AS createdBy, created_at_ms AS createdAtMs, pairing, token,
  paired_at_ms AS pairedAtMs, expires_at_ms AS expiresAtMs, last_seen_at_ms AS lastSeenAtMs, address, agent`;

/** Screens in accounts.db. Changes run in a transaction of the caller. */
export class ScreensStore {
  readonly #db: OpenDatabase['db'];

  constructor({ db }: OpenDatabase) {
    this.#db = db;
  }

  /** Newest first. */
  list(): readonly ScreenRow[] {
    return this.#db
      .prepare<[], ScreenRow>(`SELECT ${selected} FROM screen ORDER BY created_at_ms DESC, id DESC`)
      .all();
  }

  byId(id: string): ScreenRow | undefined {
    return this.#db.prepare<[string], ScreenRow>(`SELECT ${selected} FROM screen WHERE id = ?`).get(id);
  }

  byPairing(hash: Uint8Array): ScreenRow | undefined {
    return this.#db
      .prepare<[Uint8Array], ScreenRow>(`SELECT ${selected} FROM screen WHERE pairing = ?`)
      .get(hash);
  }

  byToken(hash: Uint8Array): ScreenRow | undefined {
    return this.#db
      .prepare<[Uint8Array], ScreenRow>(`SELECT ${selected} FROM screen WHERE token = ?`)
      .get(hash);
  }

  insert(row: ScreenRow): void {
    this.#db
      .prepare(
        `INSERT INTO screen (id, camera, label, created_by, created_at_ms, pairing, expires_at_ms)
         VALUES (@id, @camera, @label, @createdBy, @createdAtMs, @pairing, @expiresAtMs)`,
      )
      .run(row);
  }

  pair(row: Pick<ScreenRow, 'id' | 'token' | 'pairedAtMs' | 'expiresAtMs' | 'address' | 'agent'>): void {
    this.#db
      .prepare(
        `UPDATE screen SET pairing = NULL, token = @token, paired_at_ms = @pairedAtMs, last_seen_at_ms = @pairedAtMs,
           expires_at_ms = @expiresAtMs, address = @address, agent = @agent WHERE id = @id`,
      )
      .run(row);
  }

  seen(id: string, atMs: number): void {
    this.#db.prepare('UPDATE screen SET last_seen_at_ms = ? WHERE id = ?').run(atMs, id);
  }

  remove(id: string): void {
    this.#db.prepare('DELETE FROM screen WHERE id = ?').run(id);
  }

  sweep(nowMs: number): void {
    this.#db.prepare('DELETE FROM screen WHERE expires_at_ms <= ?').run(nowMs);
  }
}
