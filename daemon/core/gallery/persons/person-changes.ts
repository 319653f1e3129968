import { setImmediate as nextTurn } from 'node:timers/promises';
import { wipe } from '../../../host/sodium.js';
import type { OpenDatabase } from '../../../host/sqlite.js';
import type { Actor } from '../../../kernel/actor.js';
import type { Clock } from '../../../kernel/clock.js';
import type { PersonId, RecogniserId } from '../../../kernel/ids.js';
import type { PersonProfile, PhotographOrigin } from '../../../kernel/persons/person-profile.js';
import { present } from '../../../kernel/present.js';
import { failure } from '../../../words/errors.js';
import type { AuditDetails } from '../../audit/audit-entry.js';
import type { AuditLog } from '../../audit/audit-log.js';
import type { KeyRing } from '../keys/key-ring.js';
import { places, type StoredPersonState } from '../places.js';
import { newRowId } from '../row-id.js';
import { type SealingKey, sealField } from '../sealing.js';
import { encodeTemplate } from '../search/load-templates.js';
import type { EnrolmentPhotograph } from './enrolment.js';
import {
  dataKeyOf,
  type KeyedPersonRow,
  type PersonRows,
  type PhotographRow,
  type TemplateRow,
} from './person-rows.js';
import { encodeProfile } from './profile-codec.js';

/** What becomes of the photographs of a person. The caller has validated all of it. */
export interface ViewChange {
  readonly added: readonly EnrolmentPhotograph[];
  /** Ids of photographs, or of templates whose photograph is gone. */
  readonly removed: readonly string[];
  /** The passage that the added photographs were taken from. */
  readonly origin?: PhotographOrigin | undefined;
}

/** A person to store. The caller has validated all of it. */
export interface NewPerson {
  readonly id: PersonId;
  readonly profile: PersonProfile;
  readonly recogniser: RecogniserId;
  readonly photographs: readonly EnrolmentPhotograph[];
  /** Stages the person in this import. */
  readonly importId?: string | undefined;
}

export interface PersonChangesOptions {
  readonly database: OpenDatabase;
  readonly ring: KeyRing;
  readonly rows: PersonRows;
  readonly audit: AuditLog;
  readonly clock: Clock;
}

/** Writes persons, each change in one transaction with its audit entry. */
export class PersonChanges {
  readonly #database: OpenDatabase;
  readonly #ring: KeyRing;
  readonly #rows: PersonRows;
  readonly #audit: AuditLog;
  readonly #clock: Clock;

  constructor({ database, ring, rows, audit, clock }: PersonChangesOptions) {
    this.#database = database;
    this.#ring = ring;
    this.#rows = rows;
    this.#audit = audit;
    this.#clock = clock;
  }

  /** Seals one photograph per turn of the event loop, then stores everything in one transaction. */
  async add(person: NewPerson, by: Actor): Promise<void> {
    const { id, importId, profile } = person;
    const { row: dataKey, key } = this.#ring.newDataKey();
    const atMs = this.#clock.wallMs();
    try {
      const templates: TemplateRow[] = [];
      const photographs: PhotographRow[] = [];
      for (const photograph of person.photographs) {
        const row = sealPhotograph(key, id, photograph.jpeg, atMs);
        photographs.push(row);
        templates.push(
          sealTemplate(key, {
            ...photograph,
            personId: id,
            recogniser: person.recogniser,
            photographId: row.id,
          }),
        );
        await nextTurn();
      }
      const state: StoredPersonState = importId === undefined ? 'active' : 'staged';
      const sealed = sealProfile(key, { id, revision: 1, state }, profile);
      const times = { enrolledAtMs: atMs, changedAtMs: atMs };
      const row = { id, state, importId: importId ?? null, revision: 1, profile: sealed, ...times };
      // A rotation may have begun or ended meanwhile: wraps with the key that is current now.
      const current = dataKey.kekId === this.#ring.current.id ? dataKey : this.#ring.wrap(key);
      this.#database.transaction(() => {
        this.#rows.insert(row, current, templates, photographs);
        if (state === 'active') {
          const details = { photographs: photographs.length, revision: 1, ...profileDetails(profile) };
          this.#audit.append({ by, action: 'person.enrolled', subject: id, details });
        }
      });
    } finally {
      wipe(key.bytes);
    }
  }

  /** Changes the profile or the state and seals the profile again. @throws `field-damaged` if the data key does not open */
  change(
    row: KeyedPersonRow,
    next: { readonly profile: PersonProfile; readonly state: StoredPersonState },
    given: { readonly by: Actor; readonly action: PersonAction; readonly details?: AuditDetails },
  ): void {
    const { by, action } = given;
    const { id } = row;
    const revision = row.revision + 1;
    const sealed = this.#ring.using(dataKeyOf(row), (key) =>
      sealProfile(key, { id, revision, state: next.state }, next.profile),
    );
    if (sealed === undefined) throw dataKeyDamaged(id);
    const changedAtMs = this.#clock.wallMs();
    this.#database.transaction(() => {
      this.#rows.updateProfile({ ...row, state: next.state, revision, profile: sealed, changedAtMs });
      const details = { revision, ...profileDetails(next.profile), ...given.details };
      this.#audit.append({ by, action, subject: id, details });
    });
  }

  /**
   * Adds and removes photographs with their templates. Everything is sealed in one turn, because a rotation may replace the data
   * key between two. @throws `field-damaged` if the data key does not open
   */
  changeViews(
    row: KeyedPersonRow,
    { added, removed, origin }: ViewChange,
    given: { readonly by: Actor; readonly profile: PersonProfile; readonly recogniser: RecogniserId },
  ): void {
    const { by, profile, recogniser } = given;
    const personId = row.id;
    const atMs = this.#clock.wallMs();
    const sealed = this.#ring.using(dataKeyOf(row), (key) =>
      added.map((view) => {
        const photograph = sealPhotograph(key, personId, view.jpeg, atMs);
        const of = { personId, recogniser, photographId: photograph.id };
        return { photograph, template: sealTemplate(key, { ...view, ...of }) };
      }),
    );
    if (sealed === undefined) throw dataKeyDamaged(personId);
    this.#database.transaction(() => {
      for (const view of removed) this.#rows.deleteView(personId, view);
      for (const { photograph, template } of sealed) {
        this.#rows.addPhotograph(photograph);
        this.#rows.addTemplate(template);
      }
      const templates = this.#rows.templatesOf(personId);
      const kept = templates.filter((each) => each.recogniser === recogniser);
      const before = Object.entries(profile.origins ?? {});
      const photographs = new Set([
        ...this.#rows.photographsOf(personId).map(({ id }) => id),
        ...templates.flatMap(({ madeFrom }) => madeFrom ?? []),
      ]);
      const lost = before.find(([id]) => !photographs.has(id));
      const details = {
        ...{ added: added.length, deleted: removed.length, photographs: kept.length },
        ...present({ passage: origin?.passage ?? lost?.[1].passage }),
      };
      const entry = { by, action: 'person.photographs-changed', details } as const;
      const gained = sealed.flatMap(({ photograph: { id } }) => (origin ? [[id, origin] as const] : []));
      const origins = [...before.filter(([id]) => photographs.has(id)), ...gained];
      const { origins: _, ...others } = profile;
      const next = origins.length === 0 ? others : { ...others, origins: Object.fromEntries(origins) };
      this.change(row, { profile: next, state: row.state }, entry);
    });
  }

  /** Makes the staged persons of an import active, in one transaction. */
  commitImport(
    importId: string,
    persons: readonly { readonly row: KeyedPersonRow; readonly profile: PersonProfile }[],
    by: Actor,
  ): void {
    this.#database.transaction(() => {
      for (const { row, profile } of persons)
        this.change(row, { profile, state: 'active' }, { by, action: 'person.enrolled' });
      this.#audit.append({
        by,
        action: 'import.committed',
        subject: importId,
        details: { persons: persons.length },
      });
    });
  }
}

type PersonAction =
  | 'person.enrolled'
  | 'person.changed'
  | 'person.photographs-changed'
  | 'person.removed'
  | 'person.restored'
  | 'person.consent-withdrawn';

/** What the log keeps of a profile: codes only. */
function profileDetails({ consent, watch }: PersonProfile): AuditDetails {
  return present({ basis: consent?.basis, mark: watch?.mark });
}

function dataKeyDamaged(id: PersonId): Error {
  return failure('field-damaged:data-key', { id }, { details: { table: 'data_key', rowId: id } });
}

export function sealProfile(
  key: SealingKey,
  {
    id,
    revision,
    state,
  }: { readonly id: PersonId; readonly revision: number; readonly state: StoredPersonState },
  profile: PersonProfile,
): Uint8Array {
  const padded = encodeProfile(profile);
  const sealed = sealField(key, places.personProfile(id, revision, state), padded);
  wipe(padded);
  return sealed;
}

export interface TemplateToSeal {
  readonly personId: PersonId;
  readonly recogniser: RecogniserId;
  readonly photographId: string | null;
  readonly embedding: Float32Array;
  readonly quality: number;
}

export function sealTemplate(key: SealingKey, template: TemplateToSeal): TemplateRow {
  const { personId, recogniser, photographId, embedding, quality } = template;
  const id = newRowId('t');
  const vector = sealField(key, places.templateVector(personId, id, recogniser), encodeTemplate(embedding));
  return { id, personId, recogniser, photographId, madeFrom: photographId, vector, quality };
}

function sealPhotograph(
  key: SealingKey,
  personId: PersonId,
  jpeg: Uint8Array,
  addedAtMs: number,
): PhotographRow {
  const id = newRowId('f');
  return { id, personId, jpeg: sealField(key, places.photographJpeg(personId, id), jpeg), addedAtMs };
}

/**
 * The audit details of a changed profile: a changed personal threshold, and a mark that is gone; a mark that is there has a detail in
 * every entry. The reason of a threshold is personal data and stays out of the log.
 */
export function profileChangeDetails(before: PersonProfile, next: PersonProfile): AuditDetails {
  const similarity = next.threshold?.similarity;
  return {
    ...(before.threshold?.similarity === similarity ? {} : { threshold: similarity ?? 'auto' }),
    ...(before.watch !== undefined && next.watch === undefined ? { mark: 'none' } : {}),
  };
}
