import type { OpenDatabase } from '../../host/sqlite.js';
import type { PictureKind } from '../../kernel/events/evidence.js';
import type { Ageing } from '../../kernel/retention/retention-rules.js';

interface DueEvidence {
  readonly id: string;
  readonly dataKeyId: string;
  readonly isOfPerson: 0 | 1;
}

interface DuePhotograph {
  readonly id: string;
  readonly personId: string;
}

/** Event pictures of one kind. The picture of a stranger is deleted with its data key. */
export function ageingEvidence(database: OpenDatabase, kind: PictureKind): Ageing {
  const { db } = database;
  const count = db
    .prepare<[string, number], number>('SELECT count(*) FROM evidence WHERE kind = ? AND taken_at_ms < ?')
    .pluck();
  const due = db.prepare<[string, number, number], DueEvidence>(
    `SELECT id, data_key_id AS dataKeyId, person_id IS NOT NULL AS isOfPerson FROM evidence
     WHERE kind = ? AND taken_at_ms < ? ORDER BY taken_at_ms LIMIT ?`,
  );
  const remove = db.prepare<[string]>('DELETE FROM evidence WHERE id = ?');
  const removeKey = db.prepare<[string]>('DELETE FROM data_key WHERE id = ?');
  return {
    countDue: (beforeMs) => Number(count.get(kind, beforeMs)),
    begin: (beforeMs) => (limit) =>
      database.transaction(() => {
        const rows = due.all(kind, beforeMs, limit);
        for (const { id, dataKeyId, isOfPerson } of rows) {
          remove.run(id);
          if (isOfPerson === 0) removeKey.run(dataKeyId);
        }
        return { count: rows.length, isMoreDue: rows.length === limit };
      }),
  };
}

/** Enrolment photographs. Their templates stay but no longer refer to them. */
export function ageingPhotographs(database: OpenDatabase): Ageing {
  const { db } = database;
  const count = db.prepare<[number], number>('SELECT count(*) FROM photograph WHERE added_at_ms < ?').pluck();
  const due = db.prepare<[number, number], DuePhotograph>(
    'SELECT id, person_id AS personId FROM photograph WHERE added_at_ms < ? ORDER BY added_at_ms LIMIT ?',
  );
  const detach = db.prepare<[string, string]>(
    'UPDATE template SET photograph_id = NULL WHERE person_id = ? AND photograph_id = ?',
  );
  const remove = db.prepare<[string]>('DELETE FROM photograph WHERE id = ?');
  return {
    countDue: (beforeMs) => Number(count.get(beforeMs)),
    begin: (beforeMs) => (limit) =>
      database.transaction(() => {
        const rows = due.all(beforeMs, limit);
        for (const { id, personId } of rows) {
          detach.run(personId, id);
          remove.run(id);
        }
        return { count: rows.length, isMoreDue: rows.length === limit };
      }),
  };
}
