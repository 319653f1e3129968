// Measures the search for a person by a part of their name (persons.list with a text), as it is, and as it was when each
// search opened every profile; and a page of the list by name.
//   scripts/bench person-search [--persons 5000]
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { pageOfPersons } from '../../daemon/app/gallery/person-list.js';
import type { Gallery } from '../../daemon/gallery/gallery.js';
import { enrolmentOf, galleryOptions, openTestGallery, tester } from '../../test/support/gallery-fixture.js';
import { quantile, timed } from './measuring.js';

const { values } = parseArgs({ options: { persons: { type: 'string', default: '5000' } } });
const persons = Number(values.persons);
const searches = 50;

const folder = await mkdtemp(join(tmpdir(), 'rollcall-person-search-'));
try {
  await using opened = await openTestGallery(galleryOptions(folder));
  const { gallery } = opened;
  for (let number = 0; number < persons; number += 1) {
    await gallery.addPerson(enrolmentOf(`Person ${number} of the house`, [number]), tester);
  }
  const every = {
    pagePersons: gallery.pagePersons.bind(gallery),
    countPersons: gallery.countPersons.bind(gallery),
  };
  const before = { ...every, pagePersons: everyProfile(every.pagePersons), personsNamed: async () => [] };
  const after = { ...every, personsNamed: gallery.personsNamed.bind(gallery) };
  const { tookMs: firstMs } = await timed(() => after.personsNamed('nobody'));
  console.log(`${persons} persons; the first search reads all names: ${firstMs.toFixed(1)} ms`);
  for (const [what, source] of [
    ['every profile opened', before],
    ['names in memory', after],
  ] as const) {
    const ms: number[] = [];
    const blocks: number[] = [];
    for (let search = 0; search < searches; search += 1) {
      const text = `person ${Math.floor((search * persons) / searches)} of`;
      const filter = { text, limit: 100, sort: 'oldest', removed: 'excluded' } as const;
      const { result, tookMs, longestBlockMs } = await timed(() =>
        pageOfPersons(source, filter, '2026-03-01'),
      );
      if (result.items.length !== 1) throw new Error(`"${text}" found ${result.items.length} persons`);
      ms.push(tookMs);
      blocks.push(longestBlockMs);
    }
    const [median, most] = [quantile(ms, 0.5), Math.max(...ms)];
    console.log(
      `${what}: median ${median.toFixed(2)} ms, slowest ${most.toFixed(2)} ms, event loop held ${Math.max(...blocks).toFixed(0)} ms at most`,
    );
  }
  for (const cursor of [undefined, String(Math.floor(persons / 2))]) {
    const ms: number[] = [];
    for (let turn = 0; turn < 10; turn += 1) {
      const filter = { limit: 100, sort: 'name', removed: 'excluded', cursor } as const;
      ms.push((await timed(() => pageOfPersons(gallery, filter, '2026-03-01'))).tookMs);
    }
    const where = cursor === undefined ? 'the first page' : 'a page in the middle';
    console.log(
      `by name, ${where}: median ${quantile(ms, 0.5).toFixed(1)} ms, slowest ${Math.max(...ms).toFixed(1)} ms`,
    );
  }
} finally {
  await rm(folder, { recursive: true });
}

/** Ignores which persons are wanted, so that the caller looks at all. */
function everyProfile(page: Gallery['pagePersons']): Gallery['pagePersons'] {
  return ({ among: _, limit: __, ...rest }) => page({ ...rest, limit: 1000 });
}
