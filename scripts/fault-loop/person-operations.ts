import { tester } from '../../test/support/gallery-fixture.js';
import type { Fate } from './journal.js';
import { enrolmentOf, nameOf } from './played-person.js';
import type { Workplace } from './workplace.js';

const IMPORTED = 4;

export async function enrol(place: Workplace): Promise<void> {
  await place.enrol();
}

export async function erase(place: Workplace, operation = 'erase'): Promise<void> {
  const { seed, id } = await place.oldest();
  await place.journal.attempt({ operation, changes: { [seed]: 'erased' } }, () => {
    if (place.gallery.erasePerson(id, tester) === undefined) throw new Error(`${id} was not there`);
  });
}

/** The face goes, the name stays. */
export async function withdraw(place: Workplace, operation = 'withdraw'): Promise<void> {
  const { seed, id } = await place.oldest();
  await place.journal.attempt({ operation, changes: { [seed]: 'withdrawn' } }, () => {
    const profile = { name: nameOf(seed) };
    if (place.gallery.eraseBiometricData(id, profile, tester) === undefined)
      throw new Error(`${id} was not there`);
  });
}

export async function remove(place: Workplace): Promise<void> {
  const { seed, id } = await place.oldest();
  await place.journal.attempt({ operation: 'remove', changes: { [seed]: 'removed' } }, () => {
    if (!place.gallery.removePerson(id, tester)) throw new Error(`${id} was not active`);
  });
}

/** Nobody is there before the commit, everybody after it. */
export async function importPersons(place: Workplace): Promise<void> {
  const seeds = Array.from({ length: IMPORTED }, () => place.newSeed());
  const changes: Record<number, Fate> = Object.fromEntries(seeds.map((seed) => [seed, 'active']));
  const { recogniser } = place.box;
  const enrolments = seeds.map((seed) => enrolmentOf(seed, recogniser));
  const ids = await place.journal.attempt({ operation: 'import', changes }, async () => {
    const { gallery } = place;
    const importId = await gallery.beginImport();
    for (const enrolment of enrolments) await gallery.addPerson(enrolment, tester, importId);
    return gallery.commitImport(importId, tester);
  });
  for (const [index, id] of ids.entries()) place.tellSamples(seeds[index] ?? 0, id);
}
