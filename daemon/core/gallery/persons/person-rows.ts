import type { Statement } from 'better-sqlite3';
import type { OpenDatabase } from '../../../host/sqlite.js';
import type { PersonId } from '../../../kernel/ids.js';
import { reading } from '../gallery-file.js';
import type { DataKeyRow } from '../keys/key-ring.js';
import type { StoredPersonState } from '../places.js';

export interface PersonRow {
  readonly id: PersonId;
  readonly state: StoredPersonState;
  /** Null if the person was not enrolled by an import. */
  readonly importId: string | null;
  /** Counts the changes of the profile and the state. */
  readonly revision: number;
  /** Sealed. */
  readonly profile: Uint8Array;
  readonly enrolledAtMs: number;
  readonly changedAtMs: number;
}

/** A person with their data key. */
export interface KeyedPersonRow extends PersonRow {
  readonly dataKeyId: string;
  readonly kekId: string;
  readonly wrapped: Uint8Array;
}

/** Which persons to list, and in which order. */
export interface PersonsPage {
  /** By the time of enrolment. */
  readonly order: 'oldest' | 'newest';
  readonly states: readonly ('active' | 'removed')[];
  /** Begins after this person; absent: with the first. The person need not exist any more. */
  readonly after?: Pick<PersonRow, 'id' | 'enrolledAtMs'> | undefined;
  readonly limit: number;
}

interface PageQuery {
  readonly afterMs: number;
  readonly afterId: string;
  /** A JSON array. */
  readonly states: string;
  readonly limit: number;
}

/** A person with the counts of their rows. */
export interface PersonCountsRow extends KeyedPersonRow {
  readonly templateCount: number;
  readonly photographCount: number;
  /** The stored photograph whose template has the best quality; null without one. */
  readonly bestPhotographId: string | null;
  readonly evidenceCount: number;
}

export interface TemplateRow {
  readonly id: string;
  readonly personId: PersonId;
  readonly recogniser: string;
  /** The photograph of the template; null if retention has deleted it. */
  readonly photographId: string | null;
  /** The same, also after the photograph was deleted; null where that was before the box kept it. */
  readonly madeFrom: string | null;
  /** Sealed. */
  readonly vector: Uint8Array;
  readonly quality: number;
}

export interface PhotographRow {
  readonly id: string;
  readonly personId: PersonId;
  /** Sealed. */
  readonly jpeg: Uint8Array;
  readonly addedAtMs: number;
}

/** The row of the person's data key. */
export const dataKeyOf = ({ dataKeyId, kekId, wrapped }: KeyedPersonRow): DataKeyRow => ({
  id: dataKeyId,
  kekId,
  wrapped,
});

const KEYED_COLUMNS = `
  person.id, person.state, person.import_id AS importId, person.revision, person.profile,
  person.enrolled_at_ms AS enrolledAtMs, person.changed_at_ms AS changedAtMs,
  person.data_key_id AS dataKeyId, coalesce(data_key.kek_id, '') AS kekId,
  coalesce(data_key.wrapped, x'') AS wrapped`;

const COUNTS_COLUMNS = `${KEYED_COLUMNS},
  (SELECT count(*) FROM template WHERE template.person_id = person.id) AS templateCount,
  (SELECT count(*) FROM photograph WHERE photograph.person_id = person.id) AS photographCount,
  (SELECT photograph_id FROM template WHERE template.person_id = person.id AND photograph_id IS NOT NULL
   ORDER BY quality DESC, id LIMIT 1) AS bestPhotographId,
  (SELECT count(*) FROM evidence WHERE evidence.person_id = person.id) AS evidenceCount`;

/** Also returns a person whose data key is missing: with an empty key, which opens nothing. */
const KEYED_PERSONS = 'person LEFT JOIN data_key ON data_key.id = person.data_key_id';

const TEMPLATE_COLUMNS =
  'id, person_id AS personId, recogniser, photograph_id AS photographId, made_from AS madeFrom, vector, quality';

/** The sealed rows of persons. Call writes in a transaction. */
export class PersonRows {
  readonly #database: OpenDatabase;
  readonly #insertKey: Statement<[DataKeyRow]>;
  readonly #insertPerson: Statement<[PersonRow & { dataKeyId: string }]>;
  readonly #insertTemplate: Statement<[TemplateRow]>;
  readonly #insertPhotograph: Statement<[PhotographRow]>;
  readonly #updateProfile: Statement<[Omit<PersonRow, 'enrolledAtMs'>]>;
  readonly #one: Statement<[string], PersonCountsRow>;
  readonly #pages: Readonly<Record<PersonsPage['order'], Statement<[PageQuery], PersonCountsRow>>>;
  readonly #count: Statement<[string], number>;
  readonly #after: Statement<[string, number], KeyedPersonRow>;
  readonly #ofImport: Statement<[string], KeyedPersonRow>;
  readonly #templatesBetween: Statement<[string, string], TemplateRow>;
  readonly #templatesOf: Statement<[string], TemplateRow>;
  readonly #photographsOf: Statement<[string], { id: string; addedAtMs: number }>;
  readonly #photograph: Statement<[string, string], PhotographRow>;
  readonly #deleteTemplatesOf: Statement<[{ personId: string; view: string }]>;
  readonly #deletePhotograph: Statement<[string, string]>;
  readonly #delete: Statement<[string]>;
  readonly #deleteKey: Statement<[string]>;

  constructor(database: OpenDatabase) {
    this.#database = database;
    const { db } = database;
    this.#insertKey = db.prepare('INSERT INTO data_key (id, kek_id, wrapped) VALUES (@id, @kekId, @wrapped)');
    this.#insertPerson = db.prepare(
      `INSERT INTO person (id, state, import_id, data_key_id, revision, profile, enrolled_at_ms, changed_at_ms)
       VALUES (@id, @state, @importId, @dataKeyId, @revision, @profile, @enrolledAtMs, @changedAtMs)`,
    );
    this.#insertTemplate = db.prepare(
      `INSERT INTO template (id, person_id, recogniser, photograph_id, made_from, vector, quality)
       VALUES (@id, @personId, @recogniser, @photographId, @madeFrom, @vector, @quality)`,
    );
    this.#insertPhotograph = db.prepare(
      'INSERT INTO photograph (id, person_id, jpeg, added_at_ms) VALUES (@id, @personId, @jpeg, @addedAtMs)',
    );
    this.#updateProfile = db.prepare(
      `UPDATE person SET state = @state, import_id = @importId, revision = @revision, profile = @profile,
              changed_at_ms = @changedAtMs
       WHERE id = @id`,
    );
    this.#one = db.prepare(`SELECT ${COUNTS_COLUMNS} FROM ${KEYED_PERSONS} WHERE person.id = ?`);
    const page = (comparison: '<' | '>', direction: 'ASC' | 'DESC') =>
      db.prepare<[PageQuery], PersonCountsRow>(
        `SELECT ${COUNTS_COLUMNS} FROM ${KEYED_PERSONS}
         WHERE (enrolled_at_ms, person.id) ${comparison} (@afterMs, @afterId)
           AND state IN (SELECT value FROM json_each(@states))
         ORDER BY enrolled_at_ms ${direction}, person.id ${direction} LIMIT @limit`,
      );
    this.#pages = { oldest: page('>', 'ASC'), newest: page('<', 'DESC') };
    this.#count = db
      .prepare<[string], number>(
        'SELECT count(*) FROM person WHERE state IN (SELECT value FROM json_each(?))',
      )
      .pluck();
    this.#after = db.prepare(
      `SELECT ${KEYED_COLUMNS} FROM ${KEYED_PERSONS} WHERE person.id > ? ORDER BY person.id LIMIT ?`,
    );
    this.#ofImport = db.prepare(
      `SELECT ${KEYED_COLUMNS} FROM ${KEYED_PERSONS} WHERE import_id = ? AND state = 'staged'`,
    );
    this.#templatesBetween = db.prepare(
      `SELECT ${TEMPLATE_COLUMNS} FROM template WHERE person_id > ? AND person_id <= ? ORDER BY person_id, id`,
    );
    this.#templatesOf = db.prepare(
      `SELECT ${TEMPLATE_COLUMNS} FROM template WHERE person_id = ? ORDER BY id`,
    );
    this.#photographsOf = db.prepare(
      'SELECT id, added_at_ms AS addedAtMs FROM photograph WHERE person_id = ? ORDER BY id',
    );
    this.#photograph = db.prepare(
      `SELECT id, person_id AS personId, jpeg, added_at_ms AS addedAtMs FROM photograph
       WHERE person_id = ? AND id = ?`,
    );
    this.#deleteTemplatesOf = db.prepare(
      `DELETE FROM template WHERE person_id = @personId
         AND (photograph_id = @view OR (photograph_id IS NULL AND id = @view))`,
    );
    this.#deletePhotograph = db.prepare('DELETE FROM photograph WHERE person_id = ? AND id = ?');
    this.#delete = db.prepare('DELETE FROM person WHERE id = ?');
    this.#deleteKey = db.prepare('DELETE FROM data_key WHERE id = ?');
  }

  insert(
    person: PersonRow,
    dataKey: DataKeyRow,
    templates: readonly TemplateRow[],
    photographs: readonly PhotographRow[],
  ): void {
    this.#insertKey.run(dataKey);
    this.#insertPerson.run({ ...person, dataKeyId: dataKey.id });
    for (const row of templates) this.#insertTemplate.run(row);
    for (const row of photographs) this.#insertPhotograph.run(row);
  }

  addTemplate(row: TemplateRow): void {
    this.#insertTemplate.run(row);
  }

  addPhotograph(row: PhotographRow): void {
    this.#insertPhotograph.run(row);
  }

  /** Deletes a photograph and its templates, or the template `view` whose photograph is gone. */
  deleteView(personId: PersonId, view: string): void {
    this.#deleteTemplatesOf.run({ personId, view });
    this.#deletePhotograph.run(personId, view);
  }

  updateProfile({ id, state, importId, revision, profile, changedAtMs }: PersonRow): void {
    this.#updateProfile.run({ id, state, importId, revision, profile, changedAtMs });
  }

  person(id: PersonId): PersonCountsRow | undefined {
    return this.#read(() => this.#one.get(id));
  }

  page({ order, states, after, limit }: PersonsPage): readonly PersonCountsRow[] {
    const beyondAll = order === 'oldest' ? Number.MIN_SAFE_INTEGER : Number.MAX_SAFE_INTEGER;
    return this.#read(() =>
      this.#pages[order].all({
        afterMs: after?.enrolledAtMs ?? beyondAll,
        afterId: after?.id ?? '',
        states: JSON.stringify(states),
        limit,
      }),
    );
  }

  count(states: PersonsPage['states']): number {
    return this.#read(() => this.#count.get(JSON.stringify(states)) ?? 0);
  }

  /** Up to `limit` persons in any state whose id comes after `previousId`, in order of their ids. */
  personsAfter(previousId: string, limit: number): readonly KeyedPersonRow[] {
    return this.#read(() => this.#after.all(previousId, limit));
  }

  /** The staged persons of an import. */
  personsOfImport(importId: string): readonly KeyedPersonRow[] {
    return this.#read(() => this.#ofImport.all(importId));
  }

  /** The templates of all persons whose id is after `afterId` and up to `lastId`, in order of person. */
  templatesBetween(afterId: string, lastId: string): readonly TemplateRow[] {
    return this.#read(() => this.#templatesBetween.all(afterId, lastId));
  }

  templatesOf(id: PersonId): readonly TemplateRow[] {
    return this.#read(() => this.#templatesOf.all(id));
  }

  photographsOf(id: PersonId): readonly { readonly id: string; readonly addedAtMs: number }[] {
    return this.#read(() => this.#photographsOf.all(id));
  }

  photograph(personId: PersonId, photographId: string): PhotographRow | undefined {
    return this.#read(() => this.#photograph.get(personId, photographId));
  }

  /** Deletes a person with their data key and all their rows. */
  delete({ id, dataKeyId }: KeyedPersonRow): void {
    this.#delete.run(id);
    this.#deleteKey.run(dataKeyId);
  }

  #read<T>(work: () => T): T {
    return reading(this.#database, work);
  }
}
