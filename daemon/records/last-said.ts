import type { OpenDatabase } from '../host/sqlite.js';
import { explained } from './explained.js';

/** How far each source of events has come. What the texts mean is the source's own affair. */
export interface LastSaid {
  /** Undefined where the source never said anything. */
  of(source: string): string | undefined;
  /** Call in the transaction of the event that says it; alone, it is one of its own. */
  set(source: string, said: string): void;
  forget(source: string): void;
}

export function lastSaidOf(database: OpenDatabase): LastSaid {
  const { db } = database;
  const get = db.prepare<[string], string>('SELECT said FROM last_said WHERE source = ?').pluck();
  const put = db.prepare<[string, string]>(
    'INSERT INTO last_said (source, said) VALUES (?, ?) ON CONFLICT (source) DO UPDATE SET said = excluded.said',
  );
  const remove = db.prepare<[string]>('DELETE FROM last_said WHERE source = ?');
  return {
    of: (source) => explained(database, () => get.get(source)),
    set: (source, said) => database.transaction(() => void put.run(source, said)),
    forget: (source) => database.transaction(() => void remove.run(source)),
  };
}
