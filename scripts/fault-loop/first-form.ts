import { readFileSync } from 'node:fs';
import { writeFirstForm } from '../../test/support/first-form-gallery.js';
import { testRecogniser } from '../../test/support/gallery-fixture.js';
import type { FaultPlaces } from './fault-box.js';
import { embeddingOf, jpegsOf, nameOf } from './played-person.js';

/** Puts a gallery of the first form into a box without one. The ids of those in it, by their numbers. */
export function putFirstForm(places: FaultPlaces, count: number): ReadonlyMap<number, string> {
  const ids = new Map(Array.from({ length: count }, (_, n) => [n + 1, `p-${String(n).padStart(4, '0')}`]));
  const persons = [...ids].map(([seed, id]) => ({
    id,
    name: nameOf(seed),
    enrolledAtMs: 1_600_000_000_000 + seed,
    photographs: jpegsOf(seed).map((jpeg) => ({ jpeg, embedding: embeddingOf(testRecogniser, jpeg) })),
  }));
  const secret = readFileSync(places.keyPath);
  writeFirstForm({ path: places.galleryPath, secret, recogniser: testRecogniser, persons });
  return ids;
}
