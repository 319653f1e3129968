import type { PersonId } from '../../domain/ids.js';
import type { Gallery } from '../../gallery/gallery.js';
import { PersonRows } from '../../gallery/persons/person-rows.js';
import type { GalleryAccess } from '../gallery/gallery-access.js';

/** What a report on attendance needs to know of somebody enrolled. */
export interface EnrolledPerson {
  readonly id: PersonId;
  /** Undefined while the gallery is sealed, and where it does not open. */
  readonly name: string | undefined;
  /** From when on the person is to come; undefined: removed, and not to come. */
  readonly expectedFromMs: number | undefined;
}

/** Rows read at a time. */
const slice = 500;

/**
 * Everybody enrolled, by id. Who that is needs no key; what they are called does. Undefined while the file of the gallery is
 * not open: then nobody knows who is to come.
 */
export async function enrolledPersons(
  access: GalleryAccess,
): Promise<ReadonlyMap<PersonId, EnrolledPerson> | undefined> {
  const gallery = access.open?.gallery;
  const found = gallery === undefined ? sealedPersons(access) : await namedPersons(gallery);
  return found && new Map(found.map((person) => [person.id, person]));
}

async function namedPersons(gallery: Gallery): Promise<readonly EnrolledPerson[]> {
  const entries = await gallery.listPersons();
  return entries.map(({ id, profile, state, enrolledAtMs }) => {
    const expectedFromMs = state === 'active' ? enrolledAtMs : undefined;
    return { id, name: profile?.name, expectedFromMs };
  });
}

function sealedPersons({ fileIfOpen }: GalleryAccess): readonly EnrolledPerson[] | undefined {
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
