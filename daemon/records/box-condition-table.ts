import type { BoxCondition, BoxNotice } from '../domain/notice.js';
import type { OpenDatabase } from '../host/sqlite.js';
import { explained } from './explained.js';

/** Which conditions of the box were said to begin and not to end: follows the events about them. */
export interface SaidConditions {
  active(): readonly BoxCondition[];
  /** Call in the transaction of the event. */
  note(notice: BoxNotice): void;
}

export function saidConditionsOf(database: OpenDatabase): SaidConditions {
  const { db } = database;
  const active = db
    .prepare<[], BoxCondition>('SELECT condition FROM box_condition WHERE is_active = 1')
    .pluck();
  const put = db.prepare<[string, number]>(`
    INSERT INTO box_condition (condition, is_active) VALUES (?, ?)
    ON CONFLICT (condition) DO UPDATE SET is_active = excluded.is_active`);
  return {
    active: () => explained(database, () => active.all()),
    note: ({ condition, isActive }) => void put.run(condition, isActive ? 1 : 0),
  };
}
