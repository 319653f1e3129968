import type { OpenDatabase } from '../../host/sqlite.js';
import type { CameraId, PassageId, PersonId } from '../../kernel/ids.js';
import {
  asideMs,
  type PassageReviewKind,
  reviewedReasons,
  reviewedWithinMs,
  settledWithinMs,
} from '../../kernel/review/review-kind.js';

/** Which passages wait for whom. */
export interface WaitingQuery {
  readonly kind: PassageReviewKind;
  /** The actor who asks. */
  readonly actor: string;
  /** Absent: all. */
  readonly cameraIds: readonly CameraId[] | undefined;
  /** Wall clock, milliseconds since the epoch. */
  readonly nowMs: number;
}

/** A passage of the queue. */
export interface WaitingPassage {
  readonly number: number;
  readonly id: PassageId;
}

/** An item that was set aside. `actor` undefined: for everyone. */
export interface Aside {
  readonly item: string;
  readonly actor: string | undefined;
  /** Wall clock, milliseconds since the epoch. */
  readonly atMs: number;
  /** The number of the passage that the item is; the row goes with it. */
  readonly passage?: number;
}

/**
 * What waits for a person in records.db, and what was set aside. A passage that an operator said something about no longer waits:
 * that is read from the events, so feedback from any page or from a centre counts.
 */
export interface ReviewRecords {
  /** The newest first, at most `limit`, with lower numbers than `before` only. */
  waiting(query: WaitingQuery, limit: number, before?: number): readonly WaitingPassage[];
  /** Whether one passage would be in the queue if nothing were set aside and nothing had been said of it. */
  isReviewed(passage: PassageId, kind: PassageReviewKind): boolean;
  countWaiting(query: WaitingQuery): number;
  /** When the newest passage of this kind began, whatever became of it. */
  newestMs(query: WaitingQuery): number | undefined;
  /** The items that are set aside for this actor or for everyone. */
  asideFor(actor: string, nowMs: number): ReadonlySet<string>;
  /** `alongside` runs in the same transaction. */
  setAside(aside: Aside, alongside: () => void): void;
  /** Takes back what was set aside for this actor alone, or for everyone (undefined). `alongside` as above, if there was anything. */
  restore(item: string, actor: string | undefined, alongside: () => void): void;
  /** Forgets what an account set aside for itself. */
  forgetActor(actor: string): void;
  /** Forgets items about a person. */
  forgetPerson(id: PersonId): void;
  /** Forgets what has come back, or belongs to a time that a wrong clock said. */
  expire(nowMs: number): void;
}

/** Whom a row is for if it is for everyone. */
const everyone = '';

const reasonsSql = (kind: PassageReviewKind): string =>
  reviewedReasons[kind].map((reason) => `'${reason}'`).join(', ');

/** What makes a passage one of the queue, apart from what people did since. Readable without a key. */
const kindSql: Readonly<Record<PassageReviewKind, string>> = {
  unproven: `p.outcome = 'unproven' AND p.reason IN (${reasonsSql('unproven')})`,
  // An unknown person who was assigned to an enrolled one is known; without a candidate, the erased one was the only one.
  'near-match': `p.outcome IN ('stranger', 'ambiguous') AND p.reason IN (${reasonsSql('near-match')})
    AND EXISTS (SELECT 1 FROM passage_person near WHERE near.number = p.number)
    AND NOT EXISTS (SELECT 1 FROM passage_person own WHERE own.number = p.number AND own.is_own = 1)`,
};

/** The same person was recorded a little later. */
const isSettled = `EXISTS (
  SELECT 1 FROM passage_person mine
  JOIN passage_person theirs ON theirs.tag = mine.tag AND theirs.number > mine.number AND theirs.is_own = 1
  JOIN passage later ON later.number = theirs.number
  WHERE mine.number = p.number AND mine.is_own = 1 AND later.outcome = 'attended'
    AND later.started_at_ms <= p.started_at_ms + ${settledWithinMs})`;

/** A field of a mark; null where the mark is damaged. Of `passage`, exactly the expression of the index. */
const markField = (name: 'passage' | 'was'): string =>
  `CASE WHEN json_valid(CAST(payload AS TEXT)) THEN json_extract(CAST(payload AS TEXT), '$.data.${name}') END`;
/**
 * The last readable mark of a passage counts. The index of an expression has no affinity, and is used only against a value without one:
 * `+` takes it from the column.
 */
const isMarked = `coalesce((
  SELECT ${markField('was')} AS was FROM event
  WHERE kind = 'mark' AND ${markField('passage')} = +p.id AND was IS NOT NULL
  ORDER BY sequence DESC LIMIT 1), 'taken-back') <> 'taken-back'`;

const isAside = `EXISTS (
  SELECT 1 FROM review_aside WHERE item = 'passage.' || p.id AND actor IN (@actor, '${everyone}') AND at_ms > @asideSinceMs)`;

/** In the index of times, which has every column that is compared first. */
const ofKind = (kind: PassageReviewKind): string => `
  FROM passage p INDEXED BY passage_by_start
  WHERE p.started_at_ms >= @sinceMs AND p.ended_as IS NOT NULL
    AND (@cameras IS NULL OR p.camera_id IN (SELECT value FROM json_each(@cameras)))
    AND ${kindSql[kind]}`;

const waitingOf = (kind: PassageReviewKind): string =>
  `${ofKind(kind)} AND NOT ${isAside} AND NOT ${isMarked} ${kind === 'unproven' ? `AND NOT ${isSettled}` : ''}`;

interface Bound {
  readonly actor: string;
  readonly cameras: string | null;
  readonly sinceMs: number;
  readonly asideSinceMs: number;
}

const boundOf = ({ actor, cameraIds, nowMs }: WaitingQuery): Bound => ({
  actor,
  cameras: cameraIds === undefined ? null : JSON.stringify(cameraIds),
  sinceMs: Math.floor(nowMs - reviewedWithinMs),
  asideSinceMs: Math.floor(nowMs - asideMs),
});

function statementsOf({ db }: OpenDatabase, kind: PassageReviewKind) {
  return {
    list: db.prepare<[Bound & { readonly before: number; readonly limit: number }], WaitingPassage>(
      `SELECT p.number, p.id ${waitingOf(kind)} AND p.number < @before ORDER BY p.number DESC LIMIT @limit`,
    ),
    count: db.prepare<[Bound], number>(`SELECT count(*) ${waitingOf(kind)}`).pluck(),
    newest: db
      .prepare<[Omit<Bound, 'actor' | 'asideSinceMs'>], number | null>(
        `SELECT max(p.started_at_ms) ${ofKind(kind)}`,
      )
      .pluck(),
    one: db.prepare<[PassageId], 1>(
      `SELECT 1 FROM passage p WHERE p.id = ? AND p.ended_as IS NOT NULL AND ${kindSql[kind]}`,
    ),
  };
}

export function reviewRecordsOf(database: OpenDatabase): ReviewRecords {
  const { db } = database;
  const of = {
    unproven: statementsOf(database, 'unproven'),
    'near-match': statementsOf(database, 'near-match'),
  } satisfies Record<PassageReviewKind, unknown>;
  const asideItems = db
    .prepare<[string, number], string>(
      `SELECT item FROM review_aside WHERE actor IN (?, '${everyone}') AND at_ms > ?`,
    )
    .pluck();
  const put = db.prepare<[{ item: string; actor: string; atMs: number; passage: number | null }]>(`
    INSERT INTO review_aside (item, actor, at_ms, passage) VALUES (@item, @actor, @atMs, @passage)
    ON CONFLICT (item, actor) DO UPDATE SET at_ms = excluded.at_ms`);
  const remove = db.prepare<[string, string]>('DELETE FROM review_aside WHERE item = ? AND actor = ?');
  const forgetActor = db.prepare<[string]>('DELETE FROM review_aside WHERE actor = ?');
  // The id of an item about two persons holds the ids of both.
  const forgetPerson = db.prepare<[string]>('DELETE FROM review_aside WHERE instr(item, ?) > 0');
  const expire = db.prepare<[number, number]>('DELETE FROM review_aside WHERE at_ms <= ? OR at_ms > ?');
  return {
    waiting: (query, limit, before = Number.MAX_SAFE_INTEGER) =>
      database.read(() => of[query.kind].list.all({ ...boundOf(query), before, limit })),
    isReviewed: (passage, kind) => database.read(() => of[kind].one.get(passage) !== undefined),
    countWaiting: (query) => database.read(() => Number(of[query.kind].count.get(boundOf(query)))),
    newestMs(query) {
      const { cameras, sinceMs } = boundOf(query);
      return database.read(() => of[query.kind].newest.get({ cameras, sinceMs })) ?? undefined;
    },
    asideFor: (actor, nowMs) =>
      database.read(() => new Set(asideItems.all(actor, Math.floor(nowMs - asideMs)))),
    setAside: ({ item, actor = everyone, atMs, passage = null }, alongside) =>
      database.transaction(() => {
        put.run({ item, actor, atMs: Math.floor(atMs), passage });
        alongside();
      }),
    restore: (item, actor = everyone, alongside) =>
      database.transaction(() => {
        if (remove.run(item, actor).changes > 0) alongside();
      }),
    forgetActor: (actor) => database.transaction(() => void forgetActor.run(actor)),
    forgetPerson: (id) => database.transaction(() => void forgetPerson.run(id)),
    expire: (nowMs) =>
      database.transaction(() => void expire.run(Math.floor(nowMs - asideMs), Math.floor(nowMs + asideMs))),
  };
}
