import type { OpenDatabase } from '../../../host/sqlite.js';
import type { Candidate, Embedding } from '../../../kernel/identification/match.js';
import type { PersonId } from '../../../kernel/ids.js';
import type { PersonProfile } from '../../../kernel/persons/person-profile.js';
import { refusal } from '../../../words/errors.js';
import { newRowId } from '../row-id.js';
import type { SearchIndex } from '../search/search-index.js';
import type { ExternalIds, ExternalIdsAtOnce } from './external-ids.js';
import type { PersonRows } from './person-rows.js';

/** Most similar persons to report before an enrolment. */
const MOST_SIMILAR = 5;

export interface StagedPerson {
  readonly id: PersonId;
  readonly profile: PersonProfile;
  readonly embeddings: readonly Embedding[];
}

interface ImportUnderWay {
  readonly index: SearchIndex;
  readonly externalIds: ExternalIdsAtOnce;
  readonly personIds: PersonId[];
}

/** Unfinished imports. Their persons are in the database but neither listed nor recognised. */
export class StagedImports implements AsyncDisposable {
  readonly #database: OpenDatabase;
  readonly #rows: PersonRows;
  readonly #newIndex: () => SearchIndex;
  readonly #underWay = new Map<string, ImportUnderWay>();

  constructor(options: {
    readonly database: OpenDatabase;
    readonly rows: PersonRows;
    readonly newIndex: () => SearchIndex;
  }) {
    this.#database = options.database;
    this.#rows = options.rows;
    this.#newIndex = options.newIndex;
  }

  /** Takes ownership of `enrolled`, the holders of external ids in the gallery. */
  begin(enrolled: ExternalIdsAtOnce): string {
    const id = newRowId('i');
    this.#underWay.set(id, { index: this.#newIndex(), externalIds: enrolled, personIds: [] });
    return id;
  }

  /** @throws `no-such-import` */
  assertUnderWay(importId: string): void {
    this.#found(importId);
  }

  add(importId: string, { id, profile, embeddings }: StagedPerson): void {
    const { index, externalIds, personIds } = this.#found(importId);
    index.put(id, embeddings);
    personIds.push(id);
    if (profile.externalId !== undefined) externalIds.add(profile.externalId, id);
  }

  /** The holder of an external id: staged in the import, or enrolled when it began. */
  personOfExternalId(importId: string, externalId: string): PersonId | undefined {
    return this.#found(importId).externalIds.holder(externalId);
  }

  /** In order of staging. */
  personsOf(importId: string): readonly PersonId[] {
    return this.#found(importId).personIds;
  }

  indexOf(importId: string): readonly SearchIndex[] {
    return [this.#found(importId).index];
  }

  /** Ends the import. Its persons stay as they are. */
  async end(importId: string): Promise<void> {
    const ended = this.#underWay.get(importId);
    this.#underWay.delete(importId);
    await ended?.index[Symbol.asyncDispose]();
  }

  /** Deletes the staged persons of the import; without an id, of all imports in the database. Returns their number. */
  abandon(importId?: string): number {
    if (importId !== undefined) {
      const { index } = this.#found(importId);
      this.#underWay.delete(importId);
      void index[Symbol.asyncDispose]();
    }
    const { db } = this.#database;
    const ids = db
      .prepare<[string | null, string | null], string>(
        `SELECT DISTINCT import_id FROM person WHERE state = 'staged' AND (? IS NULL OR import_id = ?)`,
      )
      .pluck()
      .all(importId ?? null, importId ?? null);
    return this.#database.transaction(() => {
      const rows = ids.flatMap((id) => this.#rows.personsOfImport(id));
      for (const row of rows) this.#rows.delete(row);
      return rows.length;
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const id of [...this.#underWay.keys()]) await this.end(id);
  }

  #found(importId: string): ImportUnderWay {
    const found = this.#underWay.get(importId);
    if (found !== undefined) return found;
    throw refusal('no-such-import:unfinished', { importId });
  }
}

/** The persons in any index whose similarity to any embedding is at least `threshold`, closest first. */
export async function mostSimilar(
  indexes: readonly SearchIndex[],
  embeddings: readonly Embedding[],
  threshold: number,
): Promise<readonly Candidate[]> {
  const closest = new Map<PersonId, Candidate>();
  for (const embedding of embeddings) {
    for (const index of indexes) {
      for (const candidate of await index.nearest(embedding, { count: MOST_SIMILAR })) {
        const known = closest.get(candidate.personId);
        if (candidate.similarity < threshold || (known && known.similarity >= candidate.similarity)) continue;
        closest.set(candidate.personId, candidate);
      }
    }
  }
  return [...closest.values()].sort((a, b) => b.similarity - a.similarity).slice(0, MOST_SIMILAR);
}

/** @throws `import-outdated` if another person has received an external id of the import since it began */
export function refuseTakenIds(
  staged: readonly { readonly profile: PersonProfile }[],
  taken: Pick<ExternalIds, 'holder'>,
): void {
  const holders = staged.flatMap(({ profile: { externalId } }) =>
    externalId === undefined ? [] : (taken.holder(externalId) ?? []),
  );
  if (holders.length === 0) return;
  throw refusal(
    'import-outdated',
    { holders: holders.length },
    { details: { holders: holders.slice(0, 20) } },
  );
}
