import type { OpenDatabase } from '../../../host/sqlite.js';
import { isSwitchedOn, switchGrant } from './grant-content.js';
import type { GrantState } from './grant-judgement.js';
import type { Grants } from './grants.js';

/** Cameras that a centre switched on or off; this overrides the configuration. */
export interface CameraSwitches {
  all(): ReadonlyMap<string, boolean>;
  /**
   * Null: the configuration decides again. `alongside` writes the audit entry, with the state of all grants, in the same
   * transaction; it is not called if nothing changes.
   */
  set(cameraId: string, isEnabled: boolean | null, alongside: (state: GrantState) => void): void;
}

export function cameraSwitchesOf(grants: Grants, nowMs: () => number): CameraSwitches {
  const all = () => new Map(grants.list('camera-switch').map((grant) => [grant.id, isSwitchedOn(grant)]));
  return {
    all,
    set(cameraId, isEnabled, alongside) {
      if ((all().get(cameraId) ?? null) === isEnabled) return;
      const edit: Parameters<Grants['change']>[0] = (before) => {
        const others = before.filter(({ kind, id }) => kind !== 'camera-switch' || id !== cameraId);
        return isEnabled === null ? others : [...others, switchGrant(cameraId, isEnabled)];
      };
      grants.change(edit, nowMs(), alongside);
    },
  };
}

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
