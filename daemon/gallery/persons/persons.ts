import { setImmediate as nextTurn } from 'node:timers/promises';
import { operational } from '../../base/errors.js';
import { type PersonId, recogniserId } from '../../domain/ids.js';
import type { PersonProfile } from '../../domain/persons/person-profile.js';
import { wipe } from '../../host/sodium.js';
import type { HeldTemplate, PersonDetail, PersonEntry } from '../gallery.js';
import type { KeyRing } from '../keys/key-ring.js';
import { places } from '../places.js';
import { openField, type SealingKey } from '../sealing.js';
import type { QuarantinedRow } from '../verify/quarantine.js';
import { dataKeyOf, type KeyedPersonRow, type PersonCountsRow, type PersonRows } from './person-rows.js';
import { decodeProfile } from './profile-codec.js';

/** Profiles opened between two turns of the event loop: some milliseconds of work. */
const SLICE_ROWS = 100;

export interface PersonsOptions {
  readonly ring: KeyRing;
  readonly rows: PersonRows;
  readonly quarantine: (row: QuarantinedRow) => void;
}

/** Persons as callers know them, read from rows that hold only sealed values. */
export class Persons {
  readonly #ring: KeyRing;
  readonly #rows: PersonRows;
  readonly #quarantine: (row: QuarantinedRow) => void;

  constructor({ ring, rows, quarantine }: PersonsOptions) {
    this.#ring = ring;
    this.#rows = rows;
    this.#quarantine = quarantine;
  }

  /** Everybody active or removed, in order of enrolment. */
  async list(): Promise<readonly PersonEntry[]> {
    const entries: PersonEntry[] = [];
    let last: PersonCountsRow | undefined;
    for (;;) {
      const rows = this.#rows.listedAfter(last, SLICE_ROWS);
      for (const row of rows) entries.push(this.#entry(row));
      last = rows.at(-1);
      if (last === undefined) return entries;
      await nextTurn();
    }
  }

  show(id: PersonId): PersonDetail | undefined {
    const row = this.#rows.person(id);
    if (row === undefined) return undefined;
    return {
      ...this.#entry(row),
      templates: this.#rows
        .templatesOf(id)
        .map(({ id: templateId, quality }) => ({ id: templateId, quality })),
      photographs: this.#rows.photographsOf(id),
    };
  }

  /** @throws `field-damaged` where the profile does not open */
  profile(row: KeyedPersonRow): PersonProfile {
    const profile = this.profileIfWhole(row);
    if (profile !== undefined) return profile;
    throw fieldDamaged('person', row.id);
  }

  /** Undefined where the profile does not open: the row is put aside. */
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

  /** The templates of a person, for the person themselves. Rows that do not open are left out and quarantined. */
  templates(id: PersonId): readonly HeldTemplate[] {
    const person = this.#rows.person(id);
    if (person === undefined) return [];
    return this.#rows.templatesOf(id).flatMap(({ id: rowId, recogniser, quality, vector }) => {
      const place = places.templateVector(id, rowId, recogniserId(recogniser));
      const bytes = this.#using(person, (key) => openField(key, place, vector));
      if (bytes !== undefined) return [{ id: rowId, recogniser, quality, bytes }];
      this.#quarantine({ table: 'template', rowId, personId: id, reason: 'does-not-open' });
      return [];
    });
  }

  #using<T>(row: KeyedPersonRow, work: (key: SealingKey) => T): T | undefined {
    return this.#ring.using(dataKeyOf(row), work);
  }

  #entry(row: PersonCountsRow): PersonEntry {
    const { id, state, enrolledAtMs, changedAtMs, templateCount, photographCount, evidenceCount } = row;
    const profile = this.profileIfWhole(row);
    return { id, state, profile, enrolledAtMs, changedAtMs, templateCount, photographCount, evidenceCount };
  }
}

export function fieldDamaged(table: string, rowId: string): Error {
  return operational('field-damaged', `the ${table} ${rowId} does not open: it was altered or moved`, {
    remedy: 'Enrol the person again, or restore a backup (rollcall backup restore).',
    details: { table, rowId },
  });
}
