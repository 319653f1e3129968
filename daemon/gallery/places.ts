import type { PersonId, RecogniserId } from '../domain/ids.js';
import type { FieldPlace } from './field-place.js';

/** The places of all sealed columns: the only spot where they are named for sealing. */
export const places = {
  /** Seals nothing but proves that the gallery's own row was not altered. */
  gallerySeal: (fieldFormat: number, recogniser: string): FieldPlace => ({
    table: 'gallery',
    column: 'seal',
    rowId: '1',
    within: [String(fieldFormat), recogniser],
  }),
  personName: (person: PersonId): FieldPlace => ({
    table: 'person',
    column: 'name',
    rowId: person,
    within: [],
  }),
  templateVector: (person: PersonId, rowId: string, recogniser: RecogniserId): FieldPlace => ({
    table: 'template',
    column: 'vector',
    rowId,
    within: [person, recogniser],
  }),
  photographJpeg: (person: PersonId, rowId: string): FieldPlace => ({
    table: 'photograph',
    column: 'jpeg',
    rowId,
    within: [person],
  }),
};
