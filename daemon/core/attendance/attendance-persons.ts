import type { PersonId } from '../../kernel/ids.js';
import type { PersonProfile } from '../../kernel/persons/person-profile.js';
import type { Gallery } from '../gallery/gallery.js';
import type { GalleryVault } from '../gallery/gallery-vault.js';
import { PersonRows } from '../gallery/persons/person-rows.js';

/** What rows of a report show of a profile, beside the name. */
export type ShownProfile = Pick<PersonProfile, 'externalId' | 'fields'>;

/** What a report on attendance needs to know about an enrolled person. */
export interface EnrolledPerson {
  readonly id: PersonId;
  /** Undefined while the gallery is sealed, and for a damaged name. */
  readonly name: string | undefined;
  /** Opens the profile: only for persons who are shown. Absent while the gallery is sealed. */
  readonly profile?: (() => ShownProfile | undefined) | undefined;
  /** When the person is first expected; undefined for a removed person. */
  readonly expectedFromMs: number | undefined;
}

/** All persons by id. Undefined: it is unknown who is enrolled. */
export type KnownPersons = ReadonlyMap<PersonId, EnrolledPerson> | undefined;

/** Rows per query. */
const slice = 500;

/**
 * The enrolled persons by id. While the gallery is sealed, they have no names. Undefined while the gallery file is not open: then
 * it is unknown who is expected.
 */
export async function enrolledPersons(vault: GalleryVault): Promise<KnownPersons> {
  const gallery = vault.open?.gallery;
  const found = gallery === undefined ? sealedPersons(vault) : await namedPersons(gallery);
  return found && new Map(found.map((person) => [person.id, person]));
}

async function namedPersons(gallery: Gallery): Promise<readonly EnrolledPerson[]> {
  const persons = await gallery.personNames();
  return persons.map(({ id, name, state, enrolledAtMs }) => {
    const expectedFromMs = state === 'active' ? enrolledAtMs : undefined;
    const profile = () => gallery.showPerson(id)?.profile;
    return { id, name, profile, expectedFromMs };
  });
}

function sealedPersons({ fileIfOpen }: GalleryVault): readonly EnrolledPerson[] | undefined {
  if (fileIfOpen === undefined) return undefined;
  const rows = new PersonRows(fileIfOpen.database);
  const persons: EnrolledPerson[] = [];
  for (let last = ''; ; ) {
    const some = rows.personsAfter(last, slice);
    for (const { id, state, enrolledAtMs } of some) {
      if (state === 'staged') continue;
      persons.push({ id, name: undefined, expectedFromMs: state === 'active' ? enrolledAtMs : undefined });
    }
    const next = some.at(-1)?.id;
    if (next === undefined) return persons;
    last = next;
  }
}
