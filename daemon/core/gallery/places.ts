import type { PictureKind } from '../../kernel/events/evidence.js';
import type { PassageId, PersonId, RecogniserId, StrangerId } from '../../kernel/ids.js';
import type { StrangerState } from '../../kernel/strangers/stranger.js';
import type { FieldPlace } from './field-place.js';

/** Only `active` persons are recognised. `staged`: part of an import that is not committed. */
export type StoredPersonState = 'active' | 'staged' | 'removed';

/** The places of all sealed columns. */
export const places = {
  /** Seals an empty value; it proves that the recogniser was not altered. */
  gallerySeal: (keyId: string, recogniser: RecogniserId): FieldPlace => ({
    table: 'key_slot',
    column: 'seal',
    rowId: keyId,
    within: [recogniser],
  }),
  /** The other key of a rotation. */
  otherKey: (keyId: string, otherId: string): FieldPlace => ({
    table: 'key_slot',
    column: 'other_key',
    rowId: keyId,
    within: [otherId],
  }),
  dataKey: (rowId: string): FieldPlace => ({ table: 'data_key', column: 'wrapped', rowId, within: [] }),
  /** State and revision stay readable, but an altered one no longer opens. */
  personProfile: (person: PersonId, revision: number, state: StoredPersonState): FieldPlace => ({
    table: 'person',
    column: 'profile',
    rowId: person,
    within: [String(revision), state],
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
  evidenceJpeg: (rowId: string, kind: PictureKind, eventId: string, person: PersonId | null): FieldPlace => ({
    table: 'evidence',
    column: 'jpeg',
    rowId,
    within: [kind, eventId, person ?? ''],
  }),
  /** As with persons, an altered state, recogniser or revision no longer opens. */
  strangerContent: (stranger: {
    readonly id: StrangerId;
    readonly state: StrangerState;
    readonly recogniser: RecogniserId;
    readonly revision: number;
  }): FieldPlace => ({
    table: 'stranger',
    column: 'content',
    rowId: stranger.id,
    within: [String(stranger.revision), stranger.state, stranger.recogniser],
  }),
  /** In records.db. `readable`: the columns beside the content that may not be altered. */
  passageContent: (rowId: PassageId, readable: readonly string[]): FieldPlace => ({
    table: 'passage',
    column: 'content',
    rowId,
    within: readable,
  }),
  /** In records.db: the key of the file of a clip. */
  passageClipKey: (rowId: PassageId, readable: readonly string[]): FieldPlace => ({
    table: 'passage_clip',
    column: 'sealed_key',
    rowId,
    within: readable,
  }),
};
