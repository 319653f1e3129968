import type { OpenDatabase } from '../../host/sqlite.js';
import type { GrantSeal } from '../records/seals/grant-seal.js';

/** A rule that sends nothing for a while. Times are wall clock, milliseconds since the epoch. */
export interface StoredMute {
  readonly ruleId: string;
  readonly untilMs: number;
  /** The actor. */
  readonly by: string;
  readonly sinceMs: number;
}

type MuteSeal = Pick<GrantSeal, 'sealMute' | 'isGenuineMute'>;

/** Rules that were muted by hand. Rows that this program did not seal mute nothing. */
export interface AlertMutes {
  /** In force at `nowMs`, by rule. */
  inForce(nowMs: number): readonly StoredMute[];
  /** Whether the rule is muted at `nowMs`. Called in a transaction. */
  isMuted(ruleId: string, nowMs: number): boolean;
  /** Replaces an earlier mute of the rule. `alongside` runs in the same transaction. */
  set(mute: StoredMute, alongside: () => void): void;
  /** False if the rule was not muted at `nowMs`. `alongside` runs in the same transaction where it was. */
  end(ruleId: string, nowMs: number, alongside: () => void): boolean;
}

export function alertMutesOf(database: OpenDatabase, seal: MuteSeal): AlertMutes {
  const { db } = database;
  const select = db.prepare<[number], StoredMute & { readonly seal: Uint8Array | null }>(`
    SELECT rule_id AS ruleId, until_ms AS untilMs, muted_by AS by, since_ms AS sinceMs, seal
    FROM alert_mute WHERE until_ms > ? ORDER BY rule_id`);
  const inForce = (nowMs: number): readonly StoredMute[] =>
    select
      .all(Math.floor(nowMs))
      .filter((row) => seal.isGenuineMute(row))
      .map(({ seal: _, ...mute }) => mute);
  const set = db.prepare<[Record<string, unknown>]>(`
    INSERT INTO alert_mute (rule_id, until_ms, muted_by, since_ms, seal)
    VALUES (@ruleId, @untilMs, @by, @sinceMs, @seal)
    ON CONFLICT (rule_id) DO UPDATE SET until_ms = excluded.until_ms, muted_by = excluded.muted_by,
      since_ms = excluded.since_ms, seal = excluded.seal`);
  const forget = db.prepare<[number]>('DELETE FROM alert_mute WHERE until_ms <= ?');
  const end = db.prepare<[string]>('DELETE FROM alert_mute WHERE rule_id = ?');
  return {
    inForce: (nowMs) => database.read(() => inForce(nowMs)),
    isMuted: (ruleId, nowMs) => inForce(nowMs).some((mute) => mute.ruleId === ruleId),
    set: (mute, alongside) =>
      database.transaction(() => {
        alongside();
        const row = { ...mute, untilMs: Math.floor(mute.untilMs), sinceMs: Math.floor(mute.sinceMs) };
        set.run({ ...row, seal: seal.sealMute(row) });
      }),
    end: (ruleId, nowMs, alongside) =>
      database.transaction(() => {
        forget.run(Math.floor(nowMs));
        const isEnded = end.run(ruleId).changes > 0;
        if (isEnded) alongside();
        return isEnded;
      }),
  };
}
