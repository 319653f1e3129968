import { setImmediate as nextTurn } from 'node:timers/promises';
import { operational } from '../base/errors.js';
import type { PersonId, RecogniserId } from '../domain/ids.js';
import type { EnrolmentPhotograph } from './enrolment.js';
import type { PersonDetail, PersonEntry } from './gallery.js';
import type { GalleryKey } from './gallery-key.js';
import { encodeTemplate } from './load-templates.js';
import { decodeName, encodeName } from './person-name.js';
import type { PersonCountsRow, PersonRows, PhotographRow, TemplateRow } from './person-rows.js';
import { places } from './places.js';
import type { QuarantinedRow } from './quarantine.js';
import { newRowId } from './row-id.js';
import type { Sodium } from './sodium.js';

/** Names opened between two turns of the event loop. */
const SLICE_ROWS = 500;

/** What is to be stored about a person, checked before. */
export interface NewPerson {
  readonly id: PersonId;
  readonly name: string;
  readonly enrolledAtMs: number;
  readonly recogniser: RecogniserId;
  readonly photographs: readonly EnrolmentPhotograph[];
}

export interface SealedPersonsOptions {
  readonly sodium: Sodium;
  readonly key: GalleryKey;
  readonly rows: PersonRows;
  readonly quarantine: (row: QuarantinedRow) => void;
}

/** Persons as callers know them, on top of rows that hold only sealed values. */
export class SealedPersons {
  readonly #sodium: Sodium;
  readonly #key: GalleryKey;
  readonly #rows: PersonRows;
  readonly #quarantine: (row: QuarantinedRow) => void;

  constructor({ sodium, key, rows, quarantine }: SealedPersonsOptions) {
    this.#sodium = sodium;
    this.#key = key;
    this.#rows = rows;
    this.#quarantine = quarantine;
  }

  /** Seals everything, one photograph per turn of the event loop, then stores it in one transaction. */
  async add(person: NewPerson): Promise<void> {
    const { id, recogniser, enrolledAtMs } = person;
    const templates: TemplateRow[] = [];
    const photographs: PhotographRow[] = [];
    for (const { jpeg, embedding, quality } of person.photographs) {
      templates.push(this.#sealTemplate(id, recogniser, embedding, quality));
      photographs.push(this.#sealPhotograph(id, jpeg));
      await nextTurn();
    }
    const name = this.#key.seal(places.personName(id), encodeName(this.#sodium, person.name));
    this.#rows.insert({ id, name, enrolledAtMs }, templates, photographs);
  }

  async list(): Promise<readonly PersonEntry[]> {
    const entries: PersonEntry[] = [];
    let last: PersonCountsRow | undefined;
    for (;;) {
      const rows = this.#rows.personsAfter(last, SLICE_ROWS);
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
      templates: this.#rows.templatesOf(id),
      photographIds: this.#rows.photographIdsOf(id),
    };
  }

  photograph(personId: PersonId, photographId: string): Uint8Array | undefined {
    const row = this.#rows.photograph(personId, photographId);
    if (row === undefined) return undefined;
    const jpeg = this.#key.open(places.photographJpeg(personId, photographId), row.jpeg);
    if (jpeg !== undefined) return jpeg;
    this.#quarantine({ table: 'photograph', rowId: photographId, personId, reason: 'does-not-open' });
    throw operational(
      'field-damaged',
      `the photograph ${photographId} does not open: it was altered or moved`,
      {
        remedy: 'Enrol the person again, or put back a copy of the gallery from a backup.',
        details: { table: 'photograph', rowId: photographId },
      },
    );
  }

  #entry({ id, name, enrolledAtMs, templateCount, photographCount }: PersonCountsRow): PersonEntry {
    return { id, name: this.#openName(id, name), enrolledAtMs, templateCount, photographCount };
  }

  #openName(id: PersonId, sealed: Uint8Array): string | undefined {
    const padded = this.#key.open(places.personName(id), sealed);
    if (padded !== undefined) {
      const name = decodeName(this.#sodium, padded);
      padded.fill(0);
      return name;
    }
    this.#quarantine({ table: 'person', rowId: id, personId: id, reason: 'does-not-open' });
    return undefined;
  }

  #sealTemplate(
    personId: PersonId,
    recogniser: RecogniserId,
    embedding: Float32Array,
    quality: number,
  ): TemplateRow {
    const id = newRowId(this.#sodium, 't');
    const place = places.templateVector(personId, id, recogniser);
    return { id, personId, recogniser, vector: this.#key.seal(place, encodeTemplate(embedding)), quality };
  }

  #sealPhotograph(personId: PersonId, jpeg: Uint8Array): PhotographRow {
    const id = newRowId(this.#sodium, 'f');
    return { id, personId, jpeg: this.#key.seal(places.photographJpeg(personId, id), jpeg) };
  }
}
