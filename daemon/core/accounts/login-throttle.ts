import { keyedHash } from '../../host/keyed-hash.js';
import { networkOf } from '../../host/network-of.js';
import type { OpenDatabase } from '../../host/sqlite.js';
import type { Clock } from '../../kernel/clock.js';
import type { RollcallError } from '../../kernel/errors.js';
import { isoTime } from '../../kernel/iso-time.js';
import { failure } from '../../words/errors.js';

/** When failures slow and lock a subject. */
interface Rule {
  /** From this number of failures on, each attempt waits twice as long as the one before: 1 s, 2 s, 4 s, … */
  readonly slowFrom: number;
  readonly lockAt: number;
}

/** Of an account name, whether it exists or not, and of the claim from one address. */
export const accountRule: Rule = { slowFrom: 3, lockAt: 10 };
/** Of an address: many users may share one. */
export const addressRule: Rule = { slowFrom: 20, lockAt: 50 };
/** Failures are forgotten after this time without another one. */
export const forgetMs = 15 * 60_000;
/** A lock ends when its failures are forgotten: no attempt is made before. */
export const lockMs = forgetMs;
const longestDelayMs = 60_000;
/** So many failures of one account or address within `alarmWithinMs` raise the alarm. */
export const alarmAt = 5;
export const alarmWithinMs = 10 * 60_000;
/** Rows at most; beyond it, those with the oldest failure go, and rows that are not locked before others. */
const mostRows = 20_000;
/** Subjects whose times are kept in memory for the alarm. */
const mostWatched = 2_000;

export interface LoginThrottleOptions {
  readonly database: OpenDatabase;
  /** Hides names and addresses in the file. */
  readonly key: Uint8Array;
  readonly clock: Clock;
  /** Called at every failure from the fifth within ten minutes on. */
  readonly onAlarm: () => void;
}

interface FailureRow {
  readonly count: number;
  readonly firstAtMs: number;
  readonly lastAtMs: number;
  readonly lockedUntilMs: number;
}

/** An attempt to log in that was admitted. Exactly one method is called, once. */
export interface Attempt {
  /** Forgets the failures of what was tried. */
  succeeded(): void;
  /** True if this failure locked the account or the address. */
  failed(): boolean;
  /** The attempt neither succeeded nor failed. */
  abandoned(): void;
}

interface Subject {
  readonly hash: Buffer;
  readonly name: string;
  readonly rule: Rule;
  readonly what: Tried['what'] | 'address';
}

/**
 * What an attempt tries: an account by its name, the claim from an address, or the proof of a session by its id. None can lock
 * another.
 */
export interface Tried {
  readonly what: 'account' | 'claim' | 'session';
  readonly name: string;
}

/**
 * Slows and locks accounts and addresses whose logins fail. The state is in the database, so that a restart forgets nothing. A
 * name that does not exist is treated like one that does.
 */
export class LoginThrottle {
  readonly #options: LoginThrottleOptions;
  readonly #find;
  readonly #put;
  readonly #remove;
  /** Attempts that are being checked, by subject: they count as failures, so that many at once gain nothing. */
  readonly #pending = new Map<string, number>();
  readonly #recent = new Map<string, readonly number[]>();

  constructor(options: LoginThrottleOptions) {
    const { db } = options.database;
    this.#options = options;
    this.#find = db.prepare<[Uint8Array], FailureRow>(
      `SELECT count, first_at_ms AS firstAtMs, last_at_ms AS lastAtMs, locked_until_ms AS lockedUntilMs
       FROM failure WHERE subject = ?`,
    );
    this.#put = db.prepare<[Uint8Array, number, number, number, number]>(
      `INSERT INTO failure (subject, count, first_at_ms, last_at_ms, locked_until_ms) VALUES (?, ?, ?, ?, ?)
       ON CONFLICT (subject) DO UPDATE SET count = excluded.count, first_at_ms = excluded.first_at_ms,
         last_at_ms = excluded.last_at_ms, locked_until_ms = excluded.locked_until_ms`,
    );
    this.#remove = db.prepare<[Uint8Array]>('DELETE FROM failure WHERE subject = ?');
  }

  /**
   * Admits an attempt on an account or the claim from an address.
   * @throws `login-slowed`, `account-locked`
   */
  begin({ what, name }: Tried, address: string | undefined): Attempt {
    const tried = this.#subject(what, name.toLowerCase(), accountRule);
    const subjects = [tried, ...(address === undefined ? [] : [this.#address(address)])];
    for (const subject of subjects) this.#refuseTooEarly(subject);
    for (const subject of subjects)
      this.#pending.set(subject.name, (this.#pending.get(subject.name) ?? 0) + 1);
    const release = (): void => {
      for (const subject of subjects) {
        const left = (this.#pending.get(subject.name) ?? 1) - 1;
        if (left > 0) this.#pending.set(subject.name, left);
        else this.#pending.delete(subject.name);
      }
    };
    return {
      abandoned: release,
      succeeded: () => {
        release();
        this.#forget(tried.hash);
      },
      failed: () => {
        release();
        return this.#fail(subjects);
      },
    };
  }

  /** Until when an account is locked, wall clock in milliseconds; undefined if it is not. */
  lockedUntilMs(userName: string): number | undefined {
    return this.untilMs({ what: 'account', name: userName });
  }

  /** The same of anything that was tried. */
  untilMs({ what, name }: Tried): number | undefined {
    const untilMs = this.#find.get(this.#subject(what, name.toLowerCase(), accountRule).hash)?.lockedUntilMs;
    return untilMs !== undefined && untilMs > this.#options.clock.wallMs() ? untilMs : undefined;
  }

  /** Forgets the failures of an account. */
  forget(userName: string): void {
    this.#forget(this.#account(userName).hash);
  }

  #forget(hash: Buffer): void {
    if (this.#find.get(hash) !== undefined)
      this.#options.database.transaction(() => void this.#remove.run(hash));
  }

  /** Deletes what is forgotten. Call it in a transaction. */
  sweep(): void {
    const { database, clock } = this.#options;
    const nowMs = clock.wallMs();
    database.db
      .prepare('DELETE FROM failure WHERE last_at_ms <= ? AND locked_until_ms <= ?')
      .run(nowMs - forgetMs, nowMs);
  }

  #fail(subjects: readonly Subject[]): boolean {
    const { database, clock, onAlarm } = this.#options;
    const nowMs = clock.wallMs();
    let isAlarming = false;
    const hasLocked = database.transaction(() => {
      let isLocked = false;
      for (const { hash, rule } of subjects) {
        const before = this.#current(hash, nowMs);
        const count = (before?.count ?? 0) + 1;
        // Failures from before a restart count, too.
        isAlarming ||= count >= alarmAt && nowMs - (before?.firstAtMs ?? nowMs) < alarmWithinMs;
        const locksNow = count >= rule.lockAt;
        isLocked ||= locksNow;
        this.#put.run(hash, count, before?.firstAtMs ?? nowMs, nowMs, locksNow ? nowMs + lockMs : 0);
      }
      this.#trim();
      return isLocked;
    });
    const recent = subjects.map(({ name }) => this.#countRecent(name, nowMs));
    if (isAlarming || recent.some((count) => count >= alarmAt)) onAlarm();
    return hasLocked;
  }

  /** The failures that count; undefined without any. */
  #current(hash: Uint8Array, nowMs: number): FailureRow | undefined {
    const row = this.#find.get(hash);
    return row !== undefined && nowMs - row.lastAtMs < forgetMs ? row : undefined;
  }

  #refuseTooEarly({ hash, name, rule, what }: Subject): void {
    const nowMs = this.#options.clock.wallMs();
    const row = this.#current(hash, nowMs);
    if (row !== undefined && row.lockedUntilMs > nowMs) throw locked(what, row.lockedUntilMs, nowMs);
    const pending = this.#pending.get(name) ?? 0;
    const count = (row?.count ?? 0) + pending;
    if (count < rule.slowFrom) return;
    // An attempt that is being checked is a failure of this moment.
    const lastMs = pending > 0 ? nowMs : (row?.lastAtMs ?? 0);
    // A clock that was set back must not lock an account for ever.
    const sinceMs = Math.max(0, nowMs - lastMs);
    const waitMs = Math.min(longestDelayMs, 1000 * 2 ** (count - rule.slowFrom)) - sinceMs;
    if (waitMs > 0) throw slowed(what, waitMs);
  }

  #countRecent(name: string, nowMs: number): number {
    const times = (this.#recent.get(name) ?? []).filter((atMs) => nowMs - atMs < alarmWithinMs);
    const recent = [...times, nowMs].slice(-alarmAt);
    // The newest subject is the last of the map, the oldest the first.
    this.#recent.delete(name);
    this.#recent.set(name, recent);
    for (const oldest of this.#recent.keys()) {
      if (this.#recent.size <= mostWatched) break;
      this.#recent.delete(oldest);
    }
    return recent.length;
  }

  #trim(): void {
    const { db } = this.#options.database;
    const count = Number(db.prepare('SELECT count(*) FROM failure').pluck().get());
    if (count <= mostRows) return;
    db.prepare(
      'DELETE FROM failure WHERE subject IN (SELECT subject FROM failure ORDER BY locked_until_ms, last_at_ms LIMIT ?)',
    ).run(count - mostRows);
  }

  #account(userName: string): Subject {
    return this.#subject('account', userName.toLowerCase(), accountRule);
  }

  #address(address: string): Subject {
    return this.#subject('address', networkOf(address), addressRule);
  }

  #subject(what: Subject['what'], text: string, rule: Rule): Subject {
    const hash = keyedHash(this.#options.key, what, [text]);
    return { hash, name: hash.toString('base64'), rule, what };
  }
}

const lockedSubjects = {
  account: 'this account',
  address: 'logging in from this address',
  claim: 'claiming the box from this address',
  session: 'proving who you are in this session',
} as const;

const lockedRemedies = {
  account: 'Wait until then, or ask an administrator to unlock the account (rollcall user unlock).',
  address: 'Wait until then.',
  claim: 'Wait until then.',
  session: 'Wait until then, or log out and log in again.',
} as const;

function locked(what: Subject['what'], untilMs: number, nowMs: number): RollcallError {
  const until = isoTime(untilMs);
  const subject = lockedSubjects[what];
  return failure(
    'account-locked',
    { subject, until },
    {
      remedy: lockedRemedies[what],
      details: { lockedUntil: until, retryAfterS: Math.ceil((untilMs - nowMs) / 1000) },
      retryable: true,
    },
  );
}

function slowed(what: Subject['what'], waitMs: number): RollcallError {
  const retryAfterS = Math.ceil(waitMs / 1000);
  const subject = {
    account: 'this account',
    address: 'this address',
    claim: 'this address',
    session: 'this session',
  }[what];
  return failure('login-slowed', { subject, retryAfterS }, { details: { retryAfterS }, retryable: true });
}
