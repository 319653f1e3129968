import type { OpenDatabase } from '../../host/sqlite.js';
import { explained } from '../explained.js';

/** Cameras that a centre switched, in place of what the configuration says. */
export interface CameraSwitches {
  all(): ReadonlyMap<string, boolean>;
  /** Null: the configuration decides again. */
  set(cameraId: string, isEnabled: boolean | null): void;
}

export function cameraSwitchesOf(database: OpenDatabase): CameraSwitches {
  const { db } = database;
  const all = db.prepare<[], { id: string; isEnabled: 0 | 1 }>(
    'SELECT camera_id AS id, is_enabled AS isEnabled FROM camera_switch',
  );
  const set = db.prepare<[string, number]>(
    `INSERT INTO camera_switch (camera_id, is_enabled) VALUES (?, ?)
     ON CONFLICT (camera_id) DO UPDATE SET is_enabled = excluded.is_enabled`,
  );
  const remove = db.prepare<[string]>('DELETE FROM camera_switch WHERE camera_id = ?');
  return {
    all: () =>
      explained(database, () => new Map(all.all().map(({ id, isEnabled }) => [id, isEnabled === 1]))),
    set: (cameraId, isEnabled) =>
      database.transaction(() => {
        if (isEnabled === null) remove.run(cameraId);
        else set.run(cameraId, isEnabled ? 1 : 0);
      }),
  };
}

/** SHA-256 of the photographs that each person was enrolled from by a centre, hexadecimal, in order of their values. */
export interface PhotographHashes {
  /** Of these persons, as far as there are any: some milliseconds for a hundred. */
  of(personIds: readonly string[]): ReadonlyMap<string, readonly string[]>;
  /** Up to `limit` of those of whom there are any, after the given one, in order of their ids. */
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
      explained(
        database,
        () => new Map(of.all(JSON.stringify(ids)).map(({ id, hashes }) => [id, hashes.split(' ')])),
      ),
    personIdsAfter: (previousId, limit) => explained(database, () => personIdsAfter.all(previousId, limit)),
    set: (personId, hashes) =>
      database.transaction(() => void set.run(personId, [...hashes].sort().join(' '))),
    forget: (personIds) => {
      if (personIds.length > 0) database.transaction(() => void remove.run(JSON.stringify(personIds)));
    },
  };
}
