import type Database from 'better-sqlite3';
import type { OpenDatabase } from '../../../host/sqlite.js';
import { Sqlite } from '../../../host/sqlite-driver.js';
import type { EventKind } from '../../../kernel/events/event.js';
import { eventKinds } from '../../../kernel/events/event-type.js';

/** The rows that were read from one table. */
interface SalvagedTable {
  readonly rows: number;
  /** Whether all rows could be read and were accepted. */
  readonly isWhole: boolean;
}

/** By table. A table that cannot be read has no rows and is not whole. */
export type Salvage = ReadonlyMap<string, SalvagedTable>;

type Row = Readonly<Record<string, unknown>>;

interface SalvagedKind {
  readonly table: string;
  /** Its key. With a number as key, rows behind a bad page can be found. */
  readonly key: string;
  readonly isNumbered: boolean;
  readonly isSound?: (row: Row) => boolean;
}

/** All tables except `lineage`, which names a file, and what is counted or sealed anew: `outbox_total`, `own_count`, `numbers_seal`. Referenced tables come first. */
const kinds: readonly SalvagedKind[] = [
  { table: 'counter', key: 'name', isNumbered: false, isSound: isCounter },
  { table: 'event', key: 'sequence', isNumbered: true, isSound: isEvent },
  { table: 'outbox', key: 'sequence', isNumbered: true },
  { table: 'given_up', key: 'sequence', isNumbered: true },
  { table: 'attendance_correction', key: 'sequence', isNumbered: true },
  { table: 'granted', key: 'kind, id', isNumbered: false },
  { table: 'set_aside', key: 'number', isNumbered: true },
  { table: 'command', key: 'number', isNumbered: true },
  { table: 'command_mark', key: 'issuer_id', isNumbered: false },
  { table: 'person_photographs', key: 'person_id', isNumbered: false },
  { table: 'kept_request', key: 'place', isNumbered: false },
  { table: 'kept_request_person', key: 'person_id, place', isNumbered: false },
  { table: 'alert_rule', key: 'rule_id', isNumbered: false },
  { table: 'alert', key: 'number', isNumbered: true },
  { table: 'alert_mute', key: 'rule_id', isNumbered: false },
  { table: 'alert_delivery', key: 'number', isNumbered: true },
  { table: 'box_condition', key: 'condition', isNumbered: false },
  { table: 'source_state', key: 'source', isNumbered: false },
  { table: 'passage', key: 'number', isNumbered: true },
  { table: 'passage_person', key: 'tag, number', isNumbered: false },
  { table: 'passage_clip', key: 'passage', isNumbered: true },
  { table: 'review_aside', key: 'item, actor', isNumbered: false },
  { table: 'retained_message', key: 'owner, topic', isNumbered: false },
  { table: 'row_set_aside', key: 'number', isNumbered: true },
];

/** The search for readable rows ends at this key. */
const lastKey = Number.MAX_SAFE_INTEGER;

/**
 * Copies everything that can be read from the damaged database `from` into the new database `into`: table by table, and within a
 * table row by row around bad pages. It does not change `from`, except that SQLite reads its log. A fault of `from` never
 * throws.
 */
export function salvageInto(into: OpenDatabase, from: string): Salvage {
  const found = new Map<string, SalvagedTable>(
    kinds.map(({ table }) => [table, { rows: 0, isWhole: false }] as const),
  );
  let source: Database.Database | undefined;
  try {
    source = new Sqlite(from, { readonly: true, fileMustExist: true });
    source.pragma('trusted_schema = OFF');
    source.pragma('cell_size_check = ON');
    const given = source;
    into.transaction(() => {
      for (const kind of kinds) found.set(kind.table, copyTable(into.db, given, kind));
    });
  } catch (error) {
    if (!(error instanceof Sqlite.SqliteError)) throw error;
  } finally {
    source?.close();
  }
  return found;
}

function copyTable(into: Database.Database, source: Database.Database, kind: SalvagedKind): SalvagedTable {
  const { table, isSound = () => true } = kind;
  const columns = into.prepare<[string], string>('SELECT name FROM pragma_table_info(?)').pluck().all(table);
  const insert = into.prepare<[Row]>(
    `INSERT OR ${table === 'counter' ? 'REPLACE' : 'IGNORE'} INTO ${table} (${columns.join(', ')}) VALUES (${columns.map((name) => `@${name}`).join(', ')})`,
  );
  let rows = 0;
  let refused = 0;
  const take = (row: Row): boolean => {
    const isGood = isSound(row) && isTaken(() => insert.run(row));
    if (isGood) rows += 1;
    else refused += 1;
    return isGood;
  };
  const isReadWhole = kind.isNumbered
    ? readNumbered(source, { ...kind, columns }, take)
    : readNamed(source, { ...kind, columns }, take);
  return { rows, isWhole: isReadWhole && refused === 0 };
}

/** False for a row that violates the constraints of the table: this program did not write it so. */
function isTaken(insert: () => Database.RunResult): boolean {
  try {
    return insert().changes > 0;
  } catch (error) {
    if (error instanceof Sqlite.SqliteError && /^SQLITE_(?:CONSTRAINT|MISMATCH)/.test(error.code))
      return false;
    throw error;
  }
}

interface Reading {
  readonly table: string;
  readonly key: string;
  readonly columns: readonly string[];
}

/** Reads from both ends up to the rows that cannot be read. */
function readNamed(
  source: Database.Database,
  { table, key, columns }: Reading,
  take: (row: Row) => boolean,
): boolean {
  const read = (order: string): boolean =>
    isRead(() => {
      const ordered = key.split(', ').map((name) => `${name} ${order}`);
      const rows = source.prepare<[], Row>(
        `SELECT ${columns.join(', ')} FROM ${table} ORDER BY ${ordered.join(', ')}`,
      );
      for (const row of rows.iterate()) take(row);
    });
  return read('ASC') || (read('DESC') && false);
}

/** Reads in the order of the numbers and skips numbers that cannot be read. */
function readNumbered(
  source: Database.Database,
  { table, key, columns }: Reading,
  take: (row: Row) => boolean,
): boolean {
  let select: Database.Statement<[number], Row> | undefined;
  if (
    !isRead(
      () =>
        (select = source.prepare(
          `SELECT ${columns.join(', ')} FROM ${table} WHERE ${key} >= ? ORDER BY ${key}`,
        )),
    )
  )
    return false;
  let next = 0;
  let isWhole = true;
  for (;;) {
    const isDone = isRead(() => {
      for (const row of select?.iterate(next) ?? []) {
        // Only accepted rows move the position: a damaged row may have any number.
        if (take(row)) next = Math.max(next, Number(row[key]) + 1);
      }
    });
    if (isDone) return isWhole;
    isWhole = false;
    const behind = nextReadable(next, (number) => isRead(() => select?.get(number)));
    if (behind === undefined) return false;
    next = behind;
  }
}

/** The first readable number from `from` on, assuming that the unreadable ones are contiguous. */
function nextReadable(from: number, isReadable: (number: number) => boolean): number | undefined {
  let bad = from;
  let step = 1;
  while (!isReadable(bad + step)) {
    bad += step;
    step *= 2;
    if (bad + step > lastKey) return undefined;
  }
  let good = bad + step;
  while (good - bad > 1) {
    const middle = bad + Math.floor((good - bad) / 2);
    if (isReadable(middle)) good = middle;
    else bad = middle;
  }
  return good;
}

/** False if SQLite cannot continue to read. */
function isRead(read: () => unknown): boolean {
  try {
    read();
    return true;
  } catch (error) {
    if (error instanceof Sqlite.SqliteError || error instanceof RangeError) return false;
    throw error;
  }
}

function isCounter({ name, value }: Row): boolean {
  return typeof name === 'string' && Number.isSafeInteger(value) && Number(value) >= 0;
}

/** Only recorded events may be published: the payload must contain the id and the sequence of its row. */
function isEvent({ sequence, id, kind, payload }: Row): boolean {
  if (!Number.isSafeInteger(sequence) || Number(sequence) < 1 || !eventKinds.includes(kind as EventKind))
    return false;
  try {
    const event: unknown = JSON.parse(
      new TextDecoder('utf-8', { fatal: true }).decode(payload as Uint8Array),
    );
    if (typeof event !== 'object' || event === null || !('id' in event) || !('sequence' in event))
      return false;
    return event.id === id && Number(event.sequence) === sequence;
  } catch {
    return false;
  }
}
