import type { BoxCondition, BoxNotice } from '../domain/events/notice.js';
import type { OpenDatabase } from '../host/sqlite.js';
import { explained } from './explained.js';

/** Which conditions of the box were said to hold, and about what: follows the events about them. */
export interface SaidConditions {
  /** Those that hold, each with what its newest event says that it is about. */
  active(): ReadonlyMap<BoxCondition, readonly string[]>;
  /** Call in the transaction of the event. */
  note(notice: BoxNotice): void;
}

export function saidConditionsOf(database: OpenDatabase): SaidConditions {
  const { db } = database;
  const active = db.prepare<[], { condition: BoxCondition; about: string }>(
    'SELECT condition, about FROM box_condition WHERE is_active = 1',
  );
  const put = db.prepare<[string, number, string]>(`
    INSERT INTO box_condition (condition, is_active, about) VALUES (?, ?, ?)
    ON CONFLICT (condition) DO UPDATE SET is_active = excluded.is_active, about = excluded.about`);
  return {
    active: () =>
      explained(
        database,
        () => new Map(active.all().map(({ condition, about }) => [condition, JSON.parse(about) as string[]])),
      ),
    note: ({ condition, isActive, about = [] }) =>
      void put.run(condition, isActive ? 1 : 0, JSON.stringify(about)),
  };
}
