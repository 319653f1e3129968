// Measures pages of persons.list in one process: by enrolment, by name, by a part of a name and by group; and the reading of all
// names that goes before.
//   scripts/bench person-search [--persons 10000]
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pageOfPersons } from '../../daemon/core/persons/person-list.js';
import { enrolmentOf, galleryOptions, openTestGallery, tester } from '../../test/support/gallery-fixture.js';
import { readOptions } from '../options.js';
import { quantile, timed } from './measuring.js';

const { values } = readOptions('scripts/bench person-search', {
  options: { persons: { type: 'string', default: '10000' } },
});
const persons = Number(values.persons);
const calls = 50;

const folder = await mkdtemp(join(tmpdir(), 'rollcall-person-search-'));
try {
  await using opened = await openTestGallery(galleryOptions(folder));
  const { gallery } = opened;
  for (let number = 0; number < persons; number += 1) {
    const { profile, ...rest } = enrolmentOf(`Person ${number} of the house`, [number]);
    const groups = number % 100 === 0 ? ['few', 'all'] : ['all'];
    await gallery.addPerson({ ...rest, profile: { ...profile, groups } }, tester);
  }
  const read = await timed(() => gallery.findPersons({ order: 'name', states: ['active'] }));
  console.log(
    `${persons} persons; all names read: ${read.tookMs.toFixed(0)} ms, event loop held ${read.longestBlockMs.toFixed(0)} ms at most`,
  );
  for (const [what, asked] of [
    ['by enrolment', {}],
    ['by name', { sort: 'name' }],
    ['by name, in the middle', { sort: 'name', cursor: String(Math.floor(persons / 2)) }],
    ['a part of a name', { text: `person ${Math.floor(persons / 2)} of` }],
    ['a group of every hundredth', { group: 'few' }],
    ['a group of all, by name', { group: 'all', sort: 'name' }],
  ] as const) {
    const ms: number[] = [];
    const blocks: number[] = [];
    for (let call = 0; call < calls; call += 1) {
      const filter = { limit: 100, sort: 'oldest', removed: 'excluded', ...asked } as const;
      const { tookMs, longestBlockMs } = await timed(() => pageOfPersons(gallery, filter, '2026-03-01'));
      ms.push(tookMs);
      blocks.push(longestBlockMs);
    }
    console.log(
      `${what}: median ${quantile(ms, 0.5).toFixed(1)} ms, slowest ${Math.max(...ms).toFixed(1)} ms, event loop held ${Math.max(...blocks).toFixed(0)} ms at most`,
    );
  }
} finally {
  await rm(folder, { recursive: true });
}
