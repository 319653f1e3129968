import { setImmediate as nextTurn } from 'node:timers/promises';
import { wipe } from '../../../host/sodium.js';
import { type PersonId, recogniserId } from '../../../kernel/ids.js';
import type { PersonProfile } from '../../../kernel/persons/person-profile.js';
import { failure } from '../../../words/errors.js';
import type { KeyRing } from '../keys/key-ring.js';
import { places } from '../places.js';
import { openField, type SealingKey } from '../sealing.js';
import type { QuarantinedRow } from '../verify/quarantine.js';
import type { FullPersonEntry, PersonEntry, UnsealedTemplate } from './person-entry.js';
import {
  dataKeyOf,
  type KeyedPersonRow,
  type PersonCountsRow,
  type PersonRows,
  type PersonsPage,
} from './person-rows.js';
import { decodeProfile } from './profile-codec.js';

/** Profiles opened between two turns of the event loop: some milliseconds of work. */
const SLICE_ROWS = 100;

export interface PersonsOptions {
  readonly ring: KeyRing;
  readonly rows: PersonRows;
  readonly quarantine: (row: QuarantinedRow) => void;
}

/** Opens the sealed rows of persons. */
export class Persons {
  readonly #ring: KeyRing;
  readonly #rows: PersonRows;
  readonly #quarantine: (row: QuarantinedRow) => void;

  constructor({ ring, rows, quarantine }: PersonsOptions) {
    this.#ring = ring;
    this.#rows = rows;
    this.#quarantine = quarantine;
  }

  /** All active and removed persons, in order of enrolment. */
  async list(): Promise<readonly PersonEntry[]> {
    return await this.page({
      order: 'oldest',
      states: ['active', 'removed'],
      limit: Number.MAX_SAFE_INTEGER,
    });
  }

  async page({ after, limit, ...which }: PersonsPage): Promise<readonly PersonEntry[]> {
    const entries: PersonEntry[] = [];
    let last = after;
    for (;;) {
      const wanted = Math.min(SLICE_ROWS, limit - entries.length);
      const rows = this.#rows.page({ ...which, after: last, limit: wanted });
      for (const row of rows) entries.push(this.#entry(row));
      if (rows.length < SLICE_ROWS) return entries;
      last = rows.at(-1);
      await nextTurn();
    }
  }

  async of(ids: readonly PersonId[]): Promise<readonly PersonEntry[]> {
    const entries: PersonEntry[] = [];
    for (let from = 0; from < ids.length; from += SLICE_ROWS) {
      if (from > 0) await nextTurn();
      for (const id of ids.slice(from, from + SLICE_ROWS)) {
        const row = this.#rows.person(id);
        if (row !== undefined) entries.push(this.#entry(row));
      }
    }
    return entries;
  }

  show(id: PersonId): FullPersonEntry | undefined {
    const row = this.#rows.person(id);
    if (row === undefined) return undefined;
    return {
      ...this.#entry(row),
      templates: this.#rows.templatesOf(id).map(({ personId: _, vector: __, ...template }) => template),
      photographs: this.#rows.photographsOf(id),
    };
  }

  /** @throws `field-damaged` if the profile does not open */
  profile(row: KeyedPersonRow): PersonProfile {
    const profile = this.profileIfWhole(row);
    if (profile !== undefined) return profile;
    throw fieldDamaged('person', row.id);
  }

  /** Undefined if the profile does not open; the row is then quarantined. */
  profileIfWhole(row: KeyedPersonRow): PersonProfile | undefined {
    const { id, revision, state } = row;
    const place = places.personProfile(id, revision, state);
    const padded = this.#using(row, (key) => openField(key, place, row.profile));
    if (padded === undefined) {
      this.#quarantine({ table: 'person', rowId: id, personId: id, reason: 'does-not-open' });
      return undefined;
    }
    try {
      return decodeProfile(padded);
    } finally {
      wipe(padded);
    }
  }

  photograph(personId: PersonId, photographId: string): Uint8Array | undefined {
    const person = this.#rows.person(personId);
    const row = person && this.#rows.photograph(personId, photographId);
    if (person === undefined || row === undefined) return undefined;
    const jpeg = this.#using(person, (key) =>
      openField(key, places.photographJpeg(personId, photographId), row.jpeg),
    );
    if (jpeg !== undefined) return jpeg;
    this.#quarantine({ table: 'photograph', rowId: photographId, personId, reason: 'does-not-open' });
    throw fieldDamaged('photograph', photographId);
  }

  /** The templates of a person. Leaves out rows that do not open and quarantines them. */
  templates(id: PersonId): readonly UnsealedTemplate[] {
    const person = this.#rows.person(id);
    if (person === undefined) return [];
    return this.#rows.templatesOf(id).flatMap(({ id: rowId, recogniser, quality, madeFrom, vector }) => {
      const place = places.templateVector(id, rowId, recogniserId(recogniser));
      const bytes = this.#using(person, (key) => openField(key, place, vector));
      if (bytes !== undefined) return [{ id: rowId, recogniser, quality, madeFrom, bytes }];
      this.#quarantine({ table: 'template', rowId, personId: id, reason: 'does-not-open' });
      return [];
    });
  }

  #using<T>(row: KeyedPersonRow, work: (key: SealingKey) => T): T | undefined {
    return this.#ring.using(dataKeyOf(row), work);
  }

  #entry(row: PersonCountsRow): PersonEntry {
    const { id, state, revision, enrolledAtMs, changedAtMs } = row;
    const { templateCount, photographCount, bestPhotographId, evidenceCount } = row;
    const profile = this.profileIfWhole(row);
    return {
      ...{ id, state, profile, revision, enrolledAtMs, changedAtMs },
      ...{ templateCount, photographCount, evidenceCount },
      ...(bestPhotographId === null ? {} : { bestPhotographId }),
    };
  }
}

export function fieldDamaged(table: string, rowId: string): Error {
  return failure('field-damaged:row', { table, rowId }, { details: { table, rowId } });
}
