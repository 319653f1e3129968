import type { OpenDatabase } from '../../host/sqlite.js';
import type { CameraId, PassageId, PersonId, StrangerId } from '../../kernel/ids.js';
import type { PassageOutcome } from '../../kernel/passage-outcome.js';
import type { PassageReason } from '../../kernel/passages/passage-reason.js';
import type { PassageRow } from './passage-content.js';

/** All given fields must hold. */
export interface PassageQuery {
  readonly cameraIds?: readonly CameraId[];
  /** The recognised person, or the one to whom a stranger was assigned. */
  readonly personId?: PersonId;
  readonly strangerId?: StrangerId;
  readonly outcome?: PassageOutcome;
  readonly reason?: PassageReason;
  readonly ids?: readonly PassageId[];
  /** Bounds of the start, wall clock, milliseconds since the epoch: from, and before. */
  readonly sinceMs?: number;
  readonly beforeMs?: number;
  /** Bounds of `number`, both excluded. */
  readonly afterNumber?: number;
  readonly beforeNumber?: number;
  readonly limit: number;
  /** Which end of the list the limit keeps. Default: `newest`. The answer is always in the order of numbers. */
  readonly keep?: 'newest' | 'oldest';
}

/** Number of passages with the same camera, quarter of an hour, outcome and reason. Readable without a key. */
export interface PassageCount {
  readonly cameraId: CameraId;
  /** Start of the quarter of an hour, wall clock, milliseconds since the epoch. */
  readonly quarterMs: number;
  readonly outcome: PassageOutcome;
  readonly reason: PassageReason;
  readonly count: number;
}

/** The persons whom a passage names, by their tags. */
export interface TaggedPerson {
  readonly tag: Uint8Array;
  readonly isOwn: boolean;
}

const columns = `number, id, camera_id AS cameraId, started_at_ms AS startedAtMs, last_seen_ms AS lastSeenMs,
  ended_as AS endedAs, outcome, reason, stranger_id AS strangerId, stranger_visit AS strangerVisit, key_id AS keyId, content`;

/** Clocks of sites differ from UTC by quarters of an hour. */
const quarterMs = 900_000;

/** Among so many that began last is the one that was seen last: more are never in sight together. */
const mostLatest = 200;

export type PassageRows = ReturnType<typeof passageRowsOf>;

/** The statements about passages. The caller begins the transactions. */
export function passageRowsOf({ db }: OpenDatabase) {
  const write = db
    .prepare<[Omit<PassageRow, 'number'>], number>(`
      INSERT INTO passage (id, camera_id, started_at_ms, last_seen_ms, ended_as, outcome, reason, stranger_id,
                           stranger_visit, key_id, content)
      VALUES (@id, @cameraId, @startedAtMs, @lastSeenMs, @endedAs, @outcome, @reason, @strangerId, @strangerVisit,
              @keyId, @content)
      ON CONFLICT (id) DO UPDATE SET last_seen_ms = @lastSeenMs, ended_as = @endedAs, outcome = @outcome,
        reason = @reason, stranger_id = @strangerId, stranger_visit = @strangerVisit, key_id = @keyId, content = @content
      RETURNING number`)
    .pluck();
  const addPerson = db.prepare<[Uint8Array, number, 0 | 1]>(
    'INSERT OR IGNORE INTO passage_person (tag, number, is_own) VALUES (?, ?, ?)',
  );
  const removePersons = db.prepare<[number]>('DELETE FROM passage_person WHERE number = ?');
  const byId = db.prepare<[PassageId], PassageRow>(`SELECT ${columns} FROM passage WHERE id = ?`);
  // An id consists of digits, dashes and the letters a to f.
  const byBeginning = db.prepare<[{ beginning: string; limit: number }], PassageRow>(`
    SELECT ${columns} FROM passage WHERE id >= @beginning AND id < @beginning || 'g' ORDER BY id LIMIT @limit`);
  const counts = db.prepare<[{ sinceMs: number; beforeMs: number }], PassageCount>(`
    SELECT camera_id AS cameraId, started_at_ms - started_at_ms % ${quarterMs} AS quarterMs, outcome, reason, count(*) AS count
    FROM passage WHERE started_at_ms >= @sinceMs AND started_at_ms < @beforeMs AND ended_as IS NOT NULL
    GROUP BY 1, 2, 3, 4 ORDER BY 2, 1, 3, 4`);
  const numbersBetween = db.prepare<
    [{ sinceMs: number; beforeMs: number }],
    { readonly first: number | null; readonly last: number | null }
  >(`SELECT min(number) AS first, max(number) AS last FROM passage INDEXED BY passage_by_start
     WHERE started_at_ms >= @sinceMs AND started_at_ms < @beforeMs`);
  const lastSeen = db
    .prepare<[{ beforeMs: number }], number | null>(`
      SELECT max(last_seen_ms) FROM (
        SELECT last_seen_ms FROM passage WHERE started_at_ms < @beforeMs ORDER BY started_at_ms DESC LIMIT ${mostLatest})
      WHERE last_seen_ms < @beforeMs`)
    .pluck();
  const hasOpen = db.prepare('SELECT 1 FROM passage WHERE ended_as IS NULL LIMIT 1');
  const inSight = db.prepare<[], number>('SELECT number FROM passage WHERE ended_as IS NULL').pluck();
  const newest = db.prepare<[], number>('SELECT coalesce(max(number), 0) FROM passage').pluck();
  const endOpen = db.prepare(`
    UPDATE passage SET ended_as = 'box-stopped', reason = iif(outcome = 'undecided', 'box-stopped', reason)
    WHERE ended_as IS NULL`);
  const ofPerson = db.prepare<[{ tag: Uint8Array; isOwn: 0 | 1 }], PassageRow>(`
    SELECT ${columns} FROM passage WHERE number IN (SELECT number FROM passage_person WHERE tag = @tag AND is_own = @isOwn)`);
  const ofStranger = db.prepare<[string], PassageRow>(
    `SELECT ${columns} FROM passage WHERE stranger_id = ? ORDER BY number`,
  );
  const remove = db.prepare<[number]>('DELETE FROM passage WHERE number = ?');
  const removeClips = db.prepare<[Pick<PassageRow, 'cameraId' | 'startedAtMs' | 'lastSeenMs'>]>(`
    DELETE FROM passage_clip WHERE camera_id = @cameraId AND from_ms <= @lastSeenMs AND until_ms >= @startedAtMs`);
  const removeStranger = db.prepare<[string]>(
    'UPDATE passage SET stranger_id = NULL, stranger_visit = NULL WHERE stranger_id = ?',
  );
  const forgetReview = db.prepare<[string]>(
    "DELETE FROM review_aside WHERE item GLOB 'unknown-person.' || ? || '.*'",
  );
  const moveStranger = db.prepare<[{ from: string; to: string; only: string | null }]>(`
    UPDATE passage SET stranger_id = @to
    WHERE stranger_id = @from AND (@only IS NULL OR id IN (SELECT value FROM json_each(@only)))`);
  const isStored = db.prepare<[{ id: string; content: Uint8Array }], number>(
    'SELECT 1 FROM passage WHERE id = @id AND content = @content',
  );
  return {
    /** Adds the row, or replaces the one with its id. Returns its number. */
    write(row: Omit<PassageRow, 'number'>, persons: readonly TaggedPerson[]): number {
      const number = Number(write.get(row));
      removePersons.run(number);
      for (const { tag, isOwn } of persons) addPerson.run(tag, number, isOwn ? 1 : 0);
      return number;
    },
    find: (id: PassageId) => byId.get(id),
    beginningWith: (beginning: string, limit: number) => byBeginning.all({ beginning, limit }),
    /** `tags`: of the recognised person, if the query names one. */
    list: (query: PassageQuery, tags: readonly Uint8Array[] | undefined) => {
      const { sql, values } = listStatement(query, tags);
      return db.prepare<[Record<string, unknown>], PassageRow>(sql).all(values);
    },
    counts: (sinceMs: number, beforeMs: number) => counts.all({ sinceMs, beforeMs }),
    numbersBetween: (sinceMs: number, beforeMs: number) => {
      const { first, last } = numbersBetween.get({ sinceMs, beforeMs }) ?? { first: null, last: null };
      return first === null || last === null ? undefined : { first, last };
    },
    lastSeenMs: (beforeMs: number) => lastSeen.get({ beforeMs }) ?? undefined,
    inSight: () => ({ numbers: inSight.all(), newest: newest.get() ?? 0 }),
    hasOpen: () => hasOpen.get() !== undefined,
    endOpen: () => endOpen.run().changes,
    /** Passages that name the person with this tag: their own, or those of others. */
    ofPerson: (tag: Uint8Array, isOwn: boolean) => ofPerson.all({ tag, isOwn: isOwn ? 1 : 0 }),
    ofStranger: (id: string) => ofStranger.all(id),
    remove: (number: number) => void remove.run(number),
    /** Deletes the clips of all passages that may show the person of this one. */
    removeClipsShowing: ({ cameraId, startedAtMs, lastSeenMs }: PassageRow) =>
      void removeClips.run({ cameraId, startedAtMs, lastSeenMs }),
    removeStranger(id: string): void {
      removeStranger.run(id);
      forgetReview.run(id);
    },
    moveStranger: (from: string, to: string, only?: readonly PassageId[]) =>
      void moveStranger.run({ from, to, only: only === undefined ? null : JSON.stringify(only) }),
    /** Whether exactly this content is stored; each sealing gives another one. */
    isStored: (row: Pick<PassageRow, 'id' | 'content'>) => isStored.get(row) !== undefined,
  };
}

/** Selects numbers in an index that has all columns of the filters, so that only the listed rows are read. */
function listStatement(query: PassageQuery, tags: readonly Uint8Array[] | undefined) {
  const { cameraIds, strangerId, outcome, reason, ids, sinceMs, beforeMs, afterNumber, beforeNumber } = query;
  const conditions = [
    [
      cameraIds && JSON.stringify(cameraIds),
      'cameras',
      'camera_id IN (SELECT value FROM json_each(@cameras))',
    ],
    [strangerId, 'strangerId', 'stranger_id = @strangerId'],
    [outcome, 'outcome', 'outcome = @outcome'],
    [reason, 'reason', 'reason = @reason'],
    [
      ids && JSON.stringify(ids),
      'ids',
      'number IN (SELECT number FROM passage WHERE id IN (SELECT value FROM json_each(@ids)))',
    ],
    [sinceMs, 'sinceMs', 'started_at_ms >= @sinceMs'],
    [beforeMs, 'beforeMs', 'started_at_ms < @beforeMs'],
    [afterNumber, 'afterNumber', 'number > @afterNumber'],
    [beforeNumber, 'beforeNumber', 'number < @beforeNumber'],
    ...(tags ?? []).map((tag, index) => [tag, `tag${index}`, ''] as const),
  ] as const;
  const given = conditions.filter(([value]) => value !== undefined);
  const names = tags?.map((_, index) => `@tag${index}`).join(', ');
  const isOfPerson =
    names === undefined
      ? []
      : [`number IN (SELECT number FROM passage_person WHERE is_own = 1 AND tag IN (${names}))`];
  const where = [...given.map(([, , sql]) => sql).filter((sql) => sql !== ''), ...isOfPerson];
  const order = query.keep === 'oldest' ? 'ASC' : 'DESC';
  return {
    values: {
      limit: query.limit,
      ...Object.fromEntries(given.map(([value, name]) => [name, value])),
    },
    sql: `SELECT ${columns} FROM passage WHERE number IN (
        SELECT number FROM passage INDEXED BY passage_listed
        WHERE ${['number > 0', ...where].join(' AND ')} ORDER BY number ${order} LIMIT @limit)
      ORDER BY number`,
  };
}
