import { defect } from '../base/errors.js';
import type { OpenDatabase } from '../host/sqlite.js';

/** Numbers that never go back, whatever is deleted around them. */
export type Counters = (counter: 'event' | 'state', count?: number) => number;

/** Advances a counter by `count`, 1 unless given, and returns where it stands. Throws what SQLite throws. */
export function countersOf({ db }: OpenDatabase): Counters {
  const advance = db
    .prepare<[number, string], number>('UPDATE counter SET value = value + ? WHERE name = ? RETURNING value')
    .pluck();
  return (counter, count = 1) => {
    const value = advance.get(count, counter);
    if (value === undefined) throw defect('counter-missing', `records.db has no counter "${counter}"`);
    return value;
  };
}
