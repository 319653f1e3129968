import type { OpenDatabase } from '../../host/sqlite.js';
import type { BoxCondition, BoxNotice } from '../../kernel/events/notice.js';

/** What each source of events remembers: how far it has come, as a text that only the source reads. */
export interface SourceStates {
  of(source: string): string | undefined;
  /** Part of the transaction that is open, so that an event and the state after it are recorded together. */
  set(source: string, state: string): void;
  forget(source: string): void;
}

export function sourceStatesOf(database: OpenDatabase): SourceStates {
  const { db } = database;
  const get = db.prepare<[string], string>('SELECT state FROM source_state WHERE source = ?').pluck();
  const put = db.prepare<[string, string]>(
    'INSERT INTO source_state (source, state) VALUES (?, ?) ON CONFLICT (source) DO UPDATE SET state = excluded.state',
  );
  const remove = db.prepare<[string]>('DELETE FROM source_state WHERE source = ?');
  return {
    of: (source) => database.read(() => get.get(source)),
    set: (source, state) => database.transaction(() => void put.run(source, state)),
    forget: (source) => database.transaction(() => void remove.run(source)),
  };
}

/** The conditions of the box as the newest event about each says. */
export interface PublishedConditions {
  /** The active conditions, each with the items that its newest event names. */
  active(): ReadonlyMap<BoxCondition, readonly string[]>;
  /** Called in the transaction of the event. */
  note(notice: BoxNotice): void;
}

export function publishedConditionsOf(database: OpenDatabase): PublishedConditions {
  const { db } = database;
  const active = db.prepare<[], { condition: BoxCondition; about: string }>(
    'SELECT condition, about FROM box_condition WHERE is_active = 1',
  );
  const put = db.prepare<[string, number, string]>(`
    INSERT INTO box_condition (condition, is_active, about) VALUES (?, ?, ?)
    ON CONFLICT (condition) DO UPDATE SET is_active = excluded.is_active, about = excluded.about`);
  return {
    active: () =>
      database.read(
        () => new Map(active.all().map(({ condition, about }) => [condition, JSON.parse(about) as string[]])),
      ),
    note: ({ condition, isActive, about = [] }) =>
      void put.run(condition, isActive ? 1 : 0, JSON.stringify(about)),
  };
}
