import type { Gallery } from '../../daemon/core/gallery/gallery.js';
import type { PersonId } from '../../daemon/kernel/ids.js';
import {
  enrolmentOf,
  openTestGallery,
  type TestGalleryOptions,
  tester,
  unitVector,
} from './gallery-fixture.js';

/** Whether the probe of this seed finds a person. */
export async function isFound(gallery: Gallery, seed: number): Promise<boolean> {
  const [best] = await gallery.nearest(unitVector(seed), { count: 1 });
  return best !== undefined && best.similarity > 0.99;
}

/** Enrols `Ada` (seed 1) and `Grace` (seed 2), does `work` and closes. Ada's id. */
export async function withAda(
  options: TestGalleryOptions,
  work: (gallery: Gallery, ada: PersonId) => void = () => undefined,
): Promise<PersonId> {
  await using opened = await openTestGallery(options);
  const ada = await opened.gallery.addPerson(enrolmentOf('Ada', [1]), tester);
  await opened.gallery.addPerson(enrolmentOf('Grace', [2]), tester);
  work(opened.gallery, ada);
  return ada;
}
