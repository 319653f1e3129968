import type { OpenDatabase } from '../../host/sqlite.js';

/** SHA-256 hashes (hexadecimal, sorted) of the photographs from which a centre enrolled each person. */
export interface PhotographHashes {
  /** The hashes of those of these persons that have any. Takes some milliseconds for a hundred persons. */
  of(personIds: readonly string[]): ReadonlyMap<string, readonly string[]>;
  /** The first `limit` persons with hashes whose id is greater than `previousId`, by id. */
  personIdsAfter(previousId: string, limit: number): readonly string[];
  set(personId: string, hashes: readonly string[]): void;
  forget(personIds: readonly string[]): void;
}

export function photographHashesOf(database: OpenDatabase): PhotographHashes {
  const { db } = database;
  const of = db.prepare<[string], { id: string; hashes: string }>(
    `SELECT person_id AS id, hashes FROM person_photographs
     WHERE person_id IN (SELECT value FROM json_each(?))`,
  );
  const personIdsAfter = db
    .prepare<[string, number], string>(
      'SELECT person_id FROM person_photographs WHERE person_id > ? ORDER BY person_id LIMIT ?',
    )
    .pluck();
  const set = db.prepare<[string, string]>(
    `INSERT INTO person_photographs (person_id, hashes) VALUES (?, ?)
     ON CONFLICT (person_id) DO UPDATE SET hashes = excluded.hashes`,
  );
  const remove = db.prepare<[string]>(
    'DELETE FROM person_photographs WHERE person_id IN (SELECT value FROM json_each(?))',
  );
  return {
    of: (ids) =>
      database.read(
        () => new Map(of.all(JSON.stringify(ids)).map(({ id, hashes }) => [id, hashes.split(' ')])),
      ),
    personIdsAfter: (previousId, limit) => database.read(() => personIdsAfter.all(previousId, limit)),
    set: (personId, hashes) =>
      database.transaction(() => void set.run(personId, [...hashes].sort().join(' '))),
    forget: (personIds) => {
      if (personIds.length > 0) database.transaction(() => void remove.run(JSON.stringify(personIds)));
    },
  };
}
