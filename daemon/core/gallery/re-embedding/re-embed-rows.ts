import type { OpenDatabase } from '../../../host/sqlite.js';
import type { PersonId, RecogniserId } from '../../../kernel/ids.js';
import { reading } from '../gallery-file.js';
import type { DataKeyRow } from '../keys/key-ring.js';
import { refusedNameOf } from './re-embed-job.js';

/** Photographs or persons read by one query: a millisecond or two. */
const SLICE = 400;

/** A photograph with its data key. */
export interface KeyedPhotograph {
  readonly id: string;
  readonly personId: PersonId;
  /** Sealed. */
  readonly jpeg: Uint8Array;
  readonly dataKey: DataKeyRow;
}

export interface ScannedPhotograph {
  readonly id: string;
  /** `made`: it has a new template. `refused`: the new recogniser cannot use it. */
  readonly state: 'made' | 'refused' | 'due';
}

/** The queries of a move to another recogniser. Staged persons are left out: their import may be abandoned. */
export class ReEmbedRows {
  readonly #database: OpenDatabase;

  constructor(database: OpenDatabase) {
    this.#database = database;
  }

  /** The next photographs in order of their ids; empty at the end. */
  photographsAfter(previousId: string, to: RecogniserId): readonly ScannedPhotograph[] {
    const { db } = this.#database;
    const scan = db.prepare<[string, string, number], ScannedPhotograph>(
      `SELECT photograph.id,
              CASE WHEN EXISTS (SELECT 1 FROM template WHERE template.person_id = photograph.person_id
                                AND photograph_id = photograph.id AND recogniser = ?) THEN 'made'
                   WHEN EXISTS (SELECT 1 FROM job WHERE name = ${refusedNameOf('photograph.id')}) THEN 'refused'
                   ELSE 'due' END AS state
       FROM photograph JOIN person ON person.id = photograph.person_id
       WHERE photograph.id > ? AND person.state <> 'staged'
       ORDER BY photograph.id LIMIT ?`,
    );
    return reading(this.#database, () => scan.all(to, previousId, SLICE));
  }

  /** Reads the next persons after `previousId`. `missing`: those who have a template of `from` and none of `to`. */
  missingAfter(
    previousId: string,
    { from, to }: { readonly from: RecogniserId; readonly to: RecogniserId },
  ): { readonly missing: readonly PersonId[]; readonly lastId: string | undefined } {
    const { db } = this.#database;
    const has = (recogniser: string): string =>
      `EXISTS (SELECT 1 FROM template WHERE person_id = person.id AND recogniser = ${recogniser})`;
    const scan = db.prepare<[string, string, string, number], { id: PersonId; isMissing: number }>(
      `SELECT id, ${has('?')} AND NOT ${has('?')} AS isMissing FROM person
       WHERE id > ? AND state <> 'staged' ORDER BY id LIMIT ?`,
    );
    const rows = reading(this.#database, () => scan.all(from, to, previousId, SLICE));
    const missing = rows.flatMap(({ id, isMissing }) => (isMissing === 1 ? [id] : []));
    return { missing, lastId: rows.at(-1)?.id };
  }

  /** Undefined if the photograph, its person or their data key was deleted. */
  photograph(id: string): KeyedPhotograph | undefined {
    const one = this.#database.db.prepare<[string], Omit<KeyedPhotograph, 'dataKey'> & DataKeyRow>(
      `SELECT photograph.id AS photographId, person_id AS personId, jpeg, data_key.id, kek_id AS kekId, wrapped
       FROM photograph JOIN person ON person.id = person_id JOIN data_key ON data_key.id = data_key_id
       WHERE photograph.id = ?`,
    );
    const row = reading(this.#database, () => one.get(id));
    if (row === undefined) return undefined;
    const { personId, jpeg, kekId, wrapped } = row;
    return { id, personId, jpeg, dataKey: { id: row.id, kekId, wrapped } };
  }

  /** Deletes the templates of other recognisers than `kept`, of some persons. False if there were none. */
  deleteOthers(kept: RecogniserId): boolean {
    const { db } = this.#database;
    const holders = db
      .prepare<[string, number], string>(
        'SELECT DISTINCT person_id FROM template WHERE recogniser <> ? ORDER BY person_id LIMIT ?',
      )
      .pluck()
      .all(kept, SLICE);
    const remove = db.prepare('DELETE FROM template WHERE person_id = ? AND recogniser <> ?');
    for (const id of holders) remove.run(id, kept);
    return holders.length > 0;
  }

  deleteAllOthers(kept: RecogniserId): number {
    return this.#database.db.prepare('DELETE FROM template WHERE recogniser <> ?').run(kept).changes;
  }

  /** The sequence of the newest audit entry: it changes with every enrolment, change and erasure. */
  newestAuditEntry(): number {
    const { db } = this.#database;
    return db.prepare<[], number | null>('SELECT max(sequence) FROM audit').pluck().get() ?? 0;
  }
}

/** All persons who have a template of `from` and none of `to`, in one turn of the event loop. */
export function allMissing(
  rows: ReEmbedRows,
  move: { readonly from: RecogniserId; readonly to: RecogniserId },
): readonly PersonId[] {
  const found: PersonId[] = [];
  for (let previousId = ''; ; ) {
    const { missing, lastId } = rows.missingAfter(previousId, move);
    found.push(...missing);
    if (lastId === undefined) return found;
    previousId = lastId;
  }
}

/** The ids of all photographs that are due, in one turn of the event loop. */
export function allDue(rows: ReEmbedRows, to: RecogniserId): readonly string[] {
  const due: string[] = [];
  for (let previousId = ''; ; ) {
    const slice = rows.photographsAfter(previousId, to);
    for (const { id, state } of slice) if (state === 'due') due.push(id);
    const last = slice.at(-1);
    if (last === undefined) return due;
    previousId = last.id;
  }
}
