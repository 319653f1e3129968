import type { OpenDatabase } from '../../host/sqlite.js';
import type { StatedSet } from '../../kernel/stated-set.js';
import {
  digestOf,
  type Grant,
  type GrantKind,
  type GrantRow,
  type GrantSeal,
} from '../records/seals/grant-seal.js';
import {
  type GrantFault,
  grantFaults,
  type Judgement,
  judgeGrants,
  type LoggedGrants,
} from './grant-judgement.js';

/** A row that is not trusted, or a fault of the set. */
export interface SetAside {
  readonly number: number;
  readonly reason: GrantFault;
  /** As found, without proof; null for a fault of the set. */
  readonly kind: string | null;
  readonly id: string | null;
  /** Wall clock, milliseconds since the epoch. */
  readonly atMs: number;
}

/** The result of comparing the set with the audit log. */
export interface SettledGrants {
  /** The number of each fault; empty if there is none. */
  readonly faults: ReadonlyMap<GrantFault, number>;
  /** The state to write into the log; undefined if the log states it already. */
  readonly state: StatedSet | undefined;
}

/** Limit of entries that are set aside: an attacker could add any number. */
const mostAside = 100;
/** Longest row that is read, characters. */
const longestContent = 65_536;

const columns = 'kind, id, content, box, revision, seal';

/**
 * The grants of this box. Each row is sealed, and the audit log states the whole set. Rows that do not fit both are not trusted
 * and are set aside.
 */
export class Grants {
  readonly #database: OpenDatabase;
  readonly #seal: GrantSeal;
  /** Revision of the trusted set. */
  #revision: number;

  constructor(database: OpenDatabase, seal: GrantSeal) {
    this.#database = database;
    this.#seal = seal;
    // The newest revision that this program sealed, until the comparison with the log.
    this.#revision = this.#newestOf(this.#rows(), 0);
  }

  list(kind: GrantKind): readonly Grant[] {
    return this.#trusted().filter((row) => row.kind === kind);
  }

  find(kind: GrantKind, id: string): Grant | undefined {
    const find = this.#database.db.prepare<[string, string, number], GrantRow>(
      `SELECT ${columns} FROM granted WHERE kind = ? AND id = ? AND length(content) <= ?`,
    );
    const row = this.#database.read(() => find.get(kind, id, longestContent));
    return row !== undefined && this.#isTrusted(row) ? row : undefined;
  }

  /**
   * Replaces all grants with the result of `edit`; undefined means no change. `alongside` writes the new state into the audit
   * log; if it throws, nothing has changed.
   */
  change(
    edit: (grants: readonly Grant[]) => readonly Grant[] | undefined,
    nowMs: number,
    alongside: (state: StatedSet) => void,
  ): void {
    this.#commit(() => {
      const rows = this.#rows();
      const before = rows.filter((row) => this.#isTrusted(row));
      const after = edit(before);
      if (after === undefined) return { revision: this.#revision, value: undefined };
      const others = rows.filter((row) => !before.includes(row));
      this.#setAside(
        others.map((row) => ({ grant: row, fault: this.#faultOf(row) })),
        [],
        nowMs,
      );
      const revision = this.#revision + 1;
      this.#write(after, revision);
      alongside({ revision, digest: digestOf(after), before: digestOf(before) });
      return { revision, value: undefined };
    });
  }

  /** Compares the set with the log and sets aside what is not trusted. `alongside` writes a result with faults or a new state into the log. */
  settle(logged: LoggedGrants, nowMs: number, alongside: (settled: SettledGrants) => void): SettledGrants {
    return this.#commit<SettledGrants>(() => {
      const rows = this.#rows();
      const { kept, aside, faults } = this.#judge(rows, logged);
      const untrusted = aside.map(({ row, fault }) => ({ grant: row, fault }));
      const found = this.#setAside(untrusted, faults, nowMs);
      const stated = logged.outcome === 'stated' ? logged.state.revision : 0;
      if (found.size === 0 && this.#isAsStated(kept, logged)) {
        return { revision: stated, value: { faults: found, state: undefined } };
      }
      const revision = this.#newestOf(rows, stated) + 1;
      this.#write(kept, revision);
      const digest = digestOf(kept);
      const value = { faults: found, state: { revision, digest, before: digest } };
      alongside(value);
      return { revision, value };
    });
  }

  aside(): readonly SetAside[] {
    const all = this.#database.db.prepare<[], SetAside>(
      'SELECT number, reason, kind, id, at_ms AS atMs FROM set_aside ORDER BY number',
    );
    return this.#database.read(() => all.all());
  }

  /** Deletes what was set aside and returns the number of entries. */
  dismiss(): number {
    return this.#database.transaction(() => this.#database.db.prepare('DELETE FROM set_aside').run().changes);
  }

  /** `work` returns the revision that is trusted once its transaction is on the disk. */
  #commit<T>(work: () => { readonly revision: number; readonly value: T }): T {
    const { revision, value } = this.#database.transaction(work);
    this.#revision = revision;
    return value;
  }

  #rows(): readonly GrantRow[] {
    const all = this.#database.db.prepare<[number], GrantRow>(
      `SELECT ${columns} FROM granted WHERE length(content) <= ? ORDER BY kind, id`,
    );
    return this.#database.read(() => all.all(longestContent));
  }

  #trusted(): readonly GrantRow[] {
    return this.#rows().filter((row) => this.#isTrusted(row));
  }

  #isTrusted(row: GrantRow): boolean {
    return row.revision === this.#revision && this.#isOurs(row);
  }

  /** Only rows that this program sealed count: the revision of others proves nothing. */
  #newestOf(rows: readonly GrantRow[], least: number): number {
    return Math.max(least, ...rows.filter((row) => this.#isOurs(row)).map(({ revision }) => revision));
  }

  #isOurs(row: GrantRow): boolean {
    return row.box === this.#seal.box && this.#seal.judge(row) !== undefined;
  }

  #judge(rows: readonly GrantRow[], logged: LoggedGrants): Judgement {
    const sealed = rows.filter((row) => this.#isOurs(row));
    const judgement = judgeGrants(sealed, logged);
    // A former key may be known to others. Rows under it are trusted only while the log states exactly the same.
    const isNoted = judgement.faults.length === 0 && judgement.aside.length === 0;
    const current = sealed.filter((row) => this.#seal.judge(row) === 'key in use');
    const { kept, aside, faults } = isNoted ? judgement : judgeGrants(current, logged);
    const judged = new Set([...kept, ...aside.map(({ row }) => row)]);
    const others = rows.filter((row) => !judged.has(row));
    return { kept, faults, aside: [...aside, ...others.map((row) => ({ row, fault: this.#faultOf(row) }))] };
  }

  #faultOf(row: GrantRow): GrantFault {
    if (this.#seal.judge(row) === undefined) return 'not-sealed';
    return row.box === this.#seal.box ? 'put-back' : 'other-box';
  }

  /** Rows and log state the same, and all rows are under the current key: nothing must be written. */
  #isAsStated(kept: readonly GrantRow[], logged: LoggedGrants): boolean {
    if (logged.outcome !== 'stated' || digestOf(kept) !== logged.state.digest) return false;
    return kept.every(
      (row) => row.revision === logged.state.revision && this.#seal.judge(row) === 'key in use',
    );
  }

  /** Returns the number of each fault. */
  #setAside(
    rows: readonly { readonly grant: Grant; readonly fault: GrantFault }[],
    faults: readonly GrantFault[],
    atMs: number,
  ): ReadonlyMap<GrantFault, number> {
    const { db } = this.#database;
    const tooLong = db
      .prepare<[number], number>('SELECT count(*) FROM granted WHERE length(content) > ?')
      .pluck();
    const unread = Array<GrantFault>(tooLong.get(longestContent) ?? 0).fill('not-sealed');
    const add = db.prepare<[string, string | null, string | null, string | null, number]>(
      'INSERT INTO set_aside (reason, kind, id, content, at_ms) VALUES (?, ?, ?, ?, ?)',
    );
    for (const { grant, fault } of rows.slice(0, mostAside)) {
      add.run(fault, grant.kind, grant.id, grant.content, atMs);
    }
    const others = [...faults, ...unread];
    for (const fault of others.slice(0, mostAside)) add.run(fault, null, null, null, atMs);
    db.prepare('DELETE FROM set_aside WHERE number <= (SELECT max(number) FROM set_aside) - ?').run(
      mostAside,
    );
    const all = [...rows.map(({ fault }) => fault), ...others];
    const count = (fault: GrantFault): number => all.filter((each) => each === fault).length;
    return new Map(grantFaults.filter((fault) => all.includes(fault)).map((fault) => [fault, count(fault)]));
  }

  /** Seals all rows with the new revision, so that an older row cannot be put among them. */
  #write(grants: readonly Grant[], revision: number): void {
    const { db } = this.#database;
    db.prepare('DELETE FROM granted').run();
    const insert = db.prepare<[GrantRow]>(
      `INSERT INTO granted (${columns}) VALUES (@kind, @id, @content, @box, @revision, @seal)`,
    );
    for (const { kind, id, content } of grants) {
      const grant = { kind, id, content };
      insert.run({ ...grant, box: this.#seal.box, revision, seal: this.#seal.seal(grant, revision) });
    }
  }
}
