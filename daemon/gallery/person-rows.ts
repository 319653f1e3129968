import type { Statement } from 'better-sqlite3';
import { operational } from '../base/errors.js';
import type { PersonId } from '../domain/ids.js';
import type { OpenDatabase } from '../host/sqlite.js';
import { explainSqliteError } from '../host/sqlite-errors.js';

export interface PersonRow {
  readonly id: PersonId;
  /** Sealed. */
  readonly name: Uint8Array;
  readonly enrolledAtMs: number;
}

/** A person with how much is held on them. */
export interface PersonCountsRow extends PersonRow {
  readonly templateCount: number;
  readonly photographCount: number;
}

export interface TemplateRow {
  readonly id: string;
  readonly personId: PersonId;
  readonly recogniser: string;
  /** Sealed. */
  readonly vector: Uint8Array;
  readonly quality: number;
}

export interface PhotographRow {
  readonly id: string;
  readonly personId: PersonId;
  /** Sealed. */
  readonly jpeg: Uint8Array;
}

const PERSON_COLUMNS = `
  person.id, person.name, person.enrolled_at_ms AS enrolledAtMs,
  (SELECT count(*) FROM template WHERE template.person_id = person.id) AS templateCount,
  (SELECT count(*) FROM photograph WHERE photograph.person_id = person.id) AS photographCount`;

const TEMPLATE_COLUMNS = 'id, person_id AS personId, recogniser, vector, quality';

/** The gallery's rows as they lie in the database: sealed. Every write is one transaction. */
export class PersonRows {
  readonly #database: OpenDatabase;
  readonly #insertPerson: Statement<[PersonRow]>;
  readonly #insertTemplate: Statement<[TemplateRow]>;
  readonly #insertPhotograph: Statement<[PhotographRow]>;
  readonly #one: Statement<[string], PersonCountsRow>;
  readonly #after: Statement<[number, string, number], PersonCountsRow>;
  readonly #templatesAfter: Statement<[string, number], TemplateRow>;
  readonly #templatesOf: Statement<[string], { id: string; quality: number }>;
  readonly #photographsOf: Statement<[string], { id: string }>;
  readonly #photograph: Statement<[string, string], PhotographRow>;
  readonly #delete: Statement<[string]>;

  constructor(database: OpenDatabase) {
    const { db } = database;
    this.#database = database;
    this.#insertPerson = db.prepare(
      'INSERT INTO person (id, name, enrolled_at_ms) VALUES (@id, @name, @enrolledAtMs)',
    );
    this.#insertTemplate = db.prepare(
      `INSERT INTO template (id, person_id, recogniser, vector, quality)
       VALUES (@id, @personId, @recogniser, @vector, @quality)`,
    );
    this.#insertPhotograph = db.prepare(
      'INSERT INTO photograph (id, person_id, jpeg) VALUES (@id, @personId, @jpeg)',
    );
    this.#one = db.prepare(`SELECT ${PERSON_COLUMNS} FROM person WHERE id = ?`);
    this.#after = db.prepare(
      `SELECT ${PERSON_COLUMNS} FROM person
       WHERE (enrolled_at_ms, id) > (?, ?) ORDER BY enrolled_at_ms, id LIMIT ?`,
    );
    this.#templatesAfter = db.prepare(
      `SELECT ${TEMPLATE_COLUMNS} FROM template WHERE id > ? ORDER BY id LIMIT ?`,
    );
    this.#templatesOf = db.prepare('SELECT id, quality FROM template WHERE person_id = ? ORDER BY id');
    this.#photographsOf = db.prepare('SELECT id FROM photograph WHERE person_id = ? ORDER BY id');
    this.#photograph = db.prepare(
      'SELECT id, person_id AS personId, jpeg FROM photograph WHERE person_id = ? AND id = ?',
    );
    this.#delete = db.prepare('DELETE FROM person WHERE id = ?');
  }

  insert(person: PersonRow, templates: readonly TemplateRow[], photographs: readonly PhotographRow[]): void {
    this.#database.transaction(() => {
      this.#insertPerson.run(person);
      for (const row of templates) this.#insertTemplate.run(row);
      for (const row of photographs) this.#insertPhotograph.run(row);
    });
  }

  person(id: PersonId): PersonCountsRow | undefined {
    return this.#one.get(id);
  }

  /** Up to `limit` persons after the given one, in order of enrolment. */
  personsAfter(previous: PersonRow | undefined, limit: number): readonly PersonCountsRow[] {
    return this.#after.all(previous?.enrolledAtMs ?? Number.MIN_SAFE_INTEGER, previous?.id ?? '', limit);
  }

  /** Up to `limit` templates whose id comes after `previousId`, in order of their ids. */
  templatesAfter(previousId: string, limit: number): readonly TemplateRow[] {
    return this.#templatesAfter.all(previousId, limit);
  }

  templatesOf(id: PersonId): readonly { readonly id: string; readonly quality: number }[] {
    return this.#templatesOf.all(id);
  }

  photographIdsOf(id: PersonId): readonly string[] {
    return this.#photographsOf.all(id).map((row) => row.id);
  }

  photograph(personId: PersonId, photographId: string): PhotographRow | undefined {
    return this.#photograph.get(personId, photographId);
  }

  /**
   * Deletes a person with everything held on them and empties the write-ahead log, so that no copy stays there.
   * False where there was no such person.
   * @throws `erasure-incomplete` where another connection keeps the write-ahead log from being emptied
   */
  delete(id: PersonId): boolean {
    if (this.#database.transaction(() => this.#delete.run(id).changes) === 0) return false;
    if (!this.#emptyLog()) {
      throw operational(
        'erasure-incomplete',
        'the person was deleted, but the write-ahead log could not be emptied',
        {
          remedy:
            'Close every other program that reads the gallery file; the log is emptied when the daemon next stops.',
          details: { table: 'person', rowId: id },
        },
      );
    }
    return true;
  }

  /** False where a reader elsewhere still needs the write-ahead log. */
  #emptyLog(): boolean {
    try {
      return this.#database.db.pragma('wal_checkpoint(TRUNCATE)', { simple: true }) === 0;
    } catch (error) {
      throw explainSqliteError(error, this.#database.path);
    }
  }
}
