import type { OpenDatabase } from '../../host/sqlite.js';

/** A rule that sends nothing for a while. Times are wall clock, milliseconds since the epoch. */
export interface StoredMute {
  readonly ruleId: string;
  readonly untilMs: number;
  /** The actor. */
  readonly by: string;
  readonly sinceMs: number;
}

/** Rules that were muted by hand. */
export interface AlertMutes {
  /** In force at `nowMs`, by rule. */
  inForce(nowMs: number): readonly StoredMute[];
  /** Replaces an earlier mute of the rule. `alongside` runs in the same transaction. */
  set(mute: StoredMute, alongside: () => void): void;
  /** False if the rule was not muted at `nowMs`. `alongside` runs in the same transaction where it was. */
  end(ruleId: string, nowMs: number, alongside: () => void): boolean;
}

export function alertMutesOf(database: OpenDatabase): AlertMutes {
  const { db } = database;
  const inForce = db.prepare<[number], StoredMute>(`
    SELECT rule_id AS ruleId, until_ms AS untilMs, muted_by AS by, since_ms AS sinceMs
    FROM alert_mute WHERE until_ms > ? ORDER BY rule_id`);
  const set = db.prepare<[Record<string, unknown>]>(`
    INSERT INTO alert_mute (rule_id, until_ms, muted_by, since_ms) VALUES (@ruleId, @untilMs, @by, @sinceMs)
    ON CONFLICT (rule_id) DO UPDATE SET until_ms = excluded.until_ms, muted_by = excluded.muted_by, since_ms = excluded.since_ms`);
  const forget = db.prepare<[number]>('DELETE FROM alert_mute WHERE until_ms <= ?');
  const end = db.prepare<[string]>('DELETE FROM alert_mute WHERE rule_id = ?');
  return {
    inForce: (nowMs) => database.read(() => inForce.all(Math.floor(nowMs))),
    set: (mute, alongside) =>
      database.transaction(() => {
        alongside();
        set.run({ ...mute, untilMs: Math.floor(mute.untilMs), sinceMs: Math.floor(mute.sinceMs) });
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
