import type Database from 'better-sqlite3';
import type { OpenDatabase } from '../../../host/sqlite.js';
import { Sqlite } from '../../../host/sqlite-driver.js';
import { selectedOf, type TableForm } from '../../../host/table-form.js';
import { recordsMigrations } from '../records-schema.js';
import { countRows, followOwnCounts } from './own-counts.js';
import { type KeyIndex, type RowSeal, withFormerSeal } from './row-seal.js';
import { correctionForm, type EventRow, eventForm } from './sealed-forms.js';

/** What can be wrong with records.db. */
export const recordFaults = [
  /** Rows of events or corrections, or triggers, that this program did not write so. */
  'not-sealed',
  /** Rows that this program did not delete are gone. */
  'missing',
  /** Rows are there that this program did not add, or has deleted. */
  'put-back',
  /** The numbers of the file are not those that this program wrote. */
  'counters',
] as const;
export type RecordFault = (typeof recordFaults)[number];

export interface RecordFinding {
  readonly fault: RecordFault;
  /** The table; absent for `counters`. */
  readonly table?: string;
  readonly count: number;
}

/** What is known of the file when it is opened. */
export interface OpenedFile {
  /** A mark says that the rows were sealed: those without a seal are not rows of an earlier version. */
  readonly wasSealed: boolean;
  /** The box has made its key just now: nothing proves what another key sealed. */
  readonly isKeyNew: boolean;
  /** The file was recovered: rows are missing, and that is reported already. */
  readonly loss: string | undefined;
}

type Sealed<Row> = Row & { readonly seal: Uint8Array | null };
type AnyRow = Sealed<Record<string, string | number | Uint8Array | null>>;
type AnyForm = TableForm<Record<string, string | number | Uint8Array | null>>;

const forms = [eventForm, correctionForm].map((form) => form as unknown as AnyForm);

/**
 * Knows what this program wrote into records.db. Events and corrections of attendance are sealed row by row; the numbers of rows,
 * also of passages, the outbox and waiting alerts, and the counters of the file are under one seal, which every transaction
 * renews. Where somebody else has written into the file, the next access looks at all of it first, and sets aside the rows that
 * this program did not write. Nothing that reads the tables needs to know.
 */
export class RecordsSeals {
  /** As the file, with transactions that renew the seal, and nothing read that somebody else wrote. */
  readonly database: OpenDatabase;
  readonly #file: OpenDatabase;
  readonly #rowSeal: RowSeal;
  readonly #nowMs: () => number;
  readonly #onFound: (found: readonly RecordFinding[]) => void;
  readonly #statements: Statements;
  /** Keys whose seals count; the one in use first. */
  #keys: readonly KeyIndex[] = [0];
  /** The version of the file that was looked at last. */
  #seen: number;

  /** Looks at the whole file. */
  constructor(
    file: OpenDatabase,
    options: {
      readonly rowSeal: RowSeal;
      readonly opened: OpenedFile;
      readonly nowMs: () => number;
      readonly onFound: (found: readonly RecordFinding[]) => void;
    },
  ) {
    this.#file = file;
    this.#rowSeal = options.rowSeal;
    this.#nowMs = options.nowMs;
    this.#onFound = options.onFound;
    this.#statements = statementsOf(file);
    this.#seen = this.#version();
    this.#open(options.opened);
    this.database = {
      ...file,
      read: (work) => {
        if (!file.db.inTransaction && this.#version() !== this.#seen) this.#look();
        return file.read(work);
      },
      transaction: (work) => this.#transaction(work, file.transaction),
      unsyncedTransaction: (work) => this.#transaction(work, file.unsyncedTransaction),
    };
  }

  /** Reads events that are about to leave the box or to be shown: looks at the whole file first if one of them is not genuine. */
  events<Row extends Sealed<EventRow>>(read: () => readonly Row[]): readonly Row[] {
    const rows = this.database.read(read);
    if (rows.every((row) => this.#isGenuine(eventForm, row))) return rows;
    // Within a transaction, the transaction of the caller decides what stays.
    if (!this.#file.db.inTransaction) this.#look();
    return this.database.read(read).filter((row) => this.#isGenuine(eventForm, row));
  }

  #transaction<T>(work: () => T, run: <U>(work: () => U) => U): T {
    if (this.#file.db.inTransaction) return run(work);
    const { result, found, version } = run(() => {
      const version = this.#version();
      const found = version === this.#seen ? [] : this.#inspect();
      const result = work();
      this.#sealNumbers();
      return { result, found, version };
    });
    this.#seen = version;
    this.#report(found);
    return result;
  }

  #look(): void {
    const found = this.#file.transaction(() => {
      const found = this.#inspect();
      this.#sealNumbers();
      this.#seen = this.#version();
      return found;
    });
    this.#report(found);
  }

  #report(found: readonly RecordFinding[]): void {
    if (found.length > 0) this.#onFound(found);
  }

  #open({ wasSealed, isKeyNew, loss }: OpenedFile): void {
    const { numbers, seal } = this.#statements;
    const stored = seal.get();
    const key = stored && this.#rowSeal.keyOfText(numbers(), stored);
    const isAdopted = (stored === undefined && !wasSealed) || isKeyNew;
    // The recovery changed the numbers, so nothing tells which key the file was made with.
    if (loss !== undefined) this.#keys = this.#rowSeal.keys;
    else if (key !== undefined && key !== 0) this.#keys = [0, key];
    const isReplaced = isAdopted || this.#keys.length > 1;
    if (!isReplaced && key === 0 && loss === undefined) {
      const { findings } = this.#file.read(() => this.#findings());
      // Most starts find nothing, and write nothing.
      if (findings.length === 0 && !this.#hasAside()) {
        followOwnCounts(this.#file);
        return;
      }
    }
    const found = this.#file.transaction(() => {
      const found = isAdopted ? [] : this.#inspect(loss === undefined);
      this.#takeBack();
      if (isReplaced) this.#sealAll();
      this.#countAll();
      this.#sealNumbers();
      return found;
    });
    this.#keys = [0];
    followOwnCounts(this.#file);
    this.#report(found);
  }

  /** Finds what this program did not write, and sets it aside. Called in a transaction. */
  #inspect(areCountsKnown = true): readonly RecordFinding[] {
    const { findings, foreign, triggers } = this.#findings();
    for (const { form, row } of foreign) this.#setAside(form, row);
    const { db } = this.#file;
    for (const { name } of triggers.wrong) db.exec(`DROP TRIGGER "${name.replaceAll('"', '""')}"`);
    for (const sql of triggers.lost) db.exec(sql);
    this.#countAll();
    return findings.filter(({ fault }) => areCountsKnown || fault === 'not-sealed');
  }

  #findings() {
    const foreign = forms.flatMap((form) => this.#foreignRows(form).map((row) => ({ form, row })));
    const triggers = this.#foreignTriggers();
    const findings: RecordFinding[] = [];
    const add = (fault: RecordFault, count: number, table?: string): void => {
      if (count > 0) findings.push({ fault, count, ...(table === undefined ? {} : { table }) });
    };
    for (const { name } of forms) {
      add('not-sealed', foreign.filter(({ form }) => form.name === name).length, name);
    }
    add('not-sealed', triggers.wrong.length + triggers.lost.length, 'trigger');
    if (!this.#areNumbersGenuine()) add('counters', 1);
    else {
      const own = new Map(this.#statements.counts.all().map(({ name, count }) => [name, count]));
      for (const [table, count] of countRows(this.#file)) {
        // An altered row is missing, too; one finding is enough for it.
        if (findings.some((each) => each.table === table) || (table === 'outbox' && foreign.length > 0))
          continue;
        add('missing', (own.get(table) ?? 0) - count, table);
        add('put-back', count - (own.get(table) ?? 0), table);
      }
    }
    return { findings, foreign, triggers };
  }

  #foreignRows(form: AnyForm): readonly AnyRow[] {
    const all = this.#file.db.prepare<[], AnyRow>(`SELECT ${selectedOf(form)}, seal FROM ${form.name}`);
    const found: AnyRow[] = [];
    for (const row of all.iterate()) if (!this.#isGenuine(form, row)) found.push(row);
    return found;
  }

  /** Triggers run with what this program writes. */
  #foreignTriggers() {
    const present = triggersOf(this.#file.db);
    const expected = ownTriggers();
    const isOwn = ({ name, sql }: Trigger): boolean =>
      expected.some((each) => each.name === name && each.sql === sql);
    const lost = expected.filter(
      ({ name, sql }) => !present.some((each) => each.name === name && each.sql === sql),
    );
    return { wrong: present.filter((each) => !isOwn(each)), lost: lost.map(({ sql }) => sql) };
  }

  #isGenuine<Row extends object>(form: TableForm<Row>, row: Sealed<Row>): boolean {
    return this.#rowSeal.isGenuine(form, row, this.#keys);
  }

  #setAside(form: AnyForm, row: AnyRow): void {
    const { db } = this.#file;
    const key = row[form.key] ?? null;
    const text = JSON.stringify(row, (_, value: unknown) => asText(value));
    db.prepare('INSERT INTO row_set_aside (name, row, found_at_ms) VALUES (?, ?, ?)').run(
      ...[form.name, text, Math.floor(this.#nowMs())],
    );
    if (form.name === eventForm.name) db.prepare('DELETE FROM outbox WHERE sequence = ?').run(key);
    db.prepare(`DELETE FROM ${form.name} WHERE ${form.columns[form.key]} = ?`).run(key);
  }

  #hasAside(): boolean {
    return this.#file.db.prepare('SELECT 1 FROM row_set_aside LIMIT 1').get() !== undefined;
  }

  /** Rows that were set aside while their key was lost return with it. */
  #takeBack(): void {
    const { db } = this.#file;
    const all = db.prepare<[], { number: number; name: string; row: string }>(
      'SELECT number, name, row FROM row_set_aside',
    );
    const forget = db.prepare<[number]>('DELETE FROM row_set_aside WHERE number = ?');
    for (const { number, name, row } of all.all()) {
      const form = forms.find((each) => each.name === name);
      const read = JSON.parse(row, (_, value: unknown) => asValue(value)) as AnyRow;
      if (form === undefined || !this.#isGenuine(form, read)) continue;
      const columns = [...Object.values(form.columns), 'seal'].join(', ');
      const values = [...Object.keys(form.columns), 'seal'].map((field) => `@${field}`).join(', ');
      db.prepare(`INSERT OR IGNORE INTO ${name} (${columns}) VALUES (${values})`).run(read);
      forget.run(number);
    }
  }

  #sealAll(): void {
    for (const form of forms) {
      const { db } = this.#file;
      const key = form.columns[form.key];
      const next = db.prepare<[number], AnyRow>(
        `SELECT ${selectedOf(form)}, seal FROM ${form.name} WHERE ${key} > ? ORDER BY ${key} LIMIT 1000`,
      );
      const set = db.prepare(`UPDATE ${form.name} SET seal = ? WHERE ${key} = ?`);
      for (let last = 0, rows = next.all(last); rows.length > 0; rows = next.all(last)) {
        for (const row of rows) {
          set.run(withFormerSeal(this.#rowSeal.seal(form, row), row.seal), row[form.key]);
          last = Number(row[form.key]);
        }
      }
    }
  }

  #countAll(): void {
    const put = this.#file.db.prepare('INSERT OR REPLACE INTO own_count (name, count) VALUES (?, ?)');
    for (const [name, count] of countRows(this.#file)) put.run(name, count);
  }

  #areNumbersGenuine(): boolean {
    const { numbers, seal } = this.#statements;
    const stored = seal.get();
    const key = stored && this.#rowSeal.keyOfText(numbers(), stored);
    return key !== undefined && this.#keys.includes(key);
  }

  #sealNumbers(): void {
    const { numbers, setSeal } = this.#statements;
    setSeal.run(this.#rowSeal.sealText(numbers()));
  }

  #version(): number {
    return this.#statements.version.get() ?? 0;
  }
}

type Statements = ReturnType<typeof statementsOf>;

function statementsOf({ db }: OpenDatabase) {
  const rows = db
    .prepare<[], string>(`
      SELECT json_array((SELECT json_group_array(json_array(name, value)) FROM (SELECT * FROM counter ORDER BY name)),
                        (SELECT json_group_array(json_array(name, count)) FROM (SELECT * FROM own_count ORDER BY name)),
                        (SELECT json_group_array(name) FROM lineage))`)
    .pluck();
  return {
    /** Changes with every commit of another connection. */
    version: db.prepare<[], number>('PRAGMA data_version').pluck(),
    counts: db.prepare<[], { readonly name: string; readonly count: number }>(
      'SELECT name, count FROM own_count',
    ),
    numbers: () => rows.get() ?? '',
    seal: db.prepare<[], Uint8Array>('SELECT seal FROM numbers_seal').pluck(),
    setSeal: db.prepare<[Uint8Array]>('INSERT OR REPLACE INTO numbers_seal (id, seal) VALUES (1, ?)'),
  };
}

interface Trigger {
  readonly name: string;
  readonly sql: string;
}

const triggersOf = (db: Database.Database): readonly Trigger[] =>
  db.prepare<[], Trigger>(`SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'`).all();

let known: readonly Trigger[] | undefined;

/** The triggers of the schema. */
function ownTriggers(): readonly Trigger[] {
  if (known === undefined) {
    const db = new Sqlite(':memory:');
    for (const { apply } of recordsMigrations) {
      if (typeof apply === 'string') db.exec(apply);
      else apply(db);
    }
    known = triggersOf(db);
    db.close();
  }
  return known;
}

/** Bytes in JSON; `JSON.stringify` asks a Buffer for its own form first. */
function asText(value: unknown): unknown {
  const bytes = (value as { readonly type?: unknown; readonly data?: unknown } | null)?.type === 'Buffer';
  return bytes ? { base64: Buffer.from((value as { data: number[] }).data).toString('base64') } : value;
}

function asValue(value: unknown): unknown {
  const base64 = (value as { readonly base64?: unknown } | null)?.base64;
  return typeof base64 === 'string' ? Buffer.from(base64, 'base64') : value;
}
