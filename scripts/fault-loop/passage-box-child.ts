// A process that records facts with their passages, with the parts of the daemon, to be killed: its argument is a folder.
import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { newPassageId } from '../../daemon/core/records/event-id.js';
import { factStoreOf } from '../../daemon/core/sightings/fact-store.js';
import { systemClock } from '../../daemon/host/system-clock.js';
import { systemRandom } from '../../daemon/host/system-random.js';
import { attendanceFact, unknownFact } from '../../test/support/facts.js';
import { galleryOptions, openTestGallery } from '../../test/support/gallery-fixture.js';
import {
  openPassageRecords,
  passageEpochMs,
  passageOf,
  SettableVault,
  sealOf,
} from '../../test/support/passage-fixture.js';

/** The ids of passages that were written, one line each, by one system call: outside of SQLite. */
export const writtenPath = (folder: string): string => join(folder, 'written');

const dayMs = 86_400_000;

/** Every second passage begins on another day, so that kills also hit the making of a key. */
const startOf = (step: number): number => passageEpochMs + (step % 2 === 0 ? 0 : (step % 997) * dayMs);

async function live(folder: string): Promise<void> {
  await using opened = await openTestGallery(galleryOptions(folder));
  const seal = sealOf(new SettableVault(opened.gallery));
  await using records = openPassageRecords(folder, systemClock, seal);
  const facts = factStoreOf(records);
  process.send?.('open');
  for (let step = 0; ; step += 1) {
    const startedAtMs = startOf(step);
    const id = newPassageId(startedAtMs, systemRandom);
    const { end, ...inSight } = passageOf(0, { id, startedAtMs, lastSeenMs: startedAtMs + 500, events: [] });
    const first = facts.record(unknownFact({ passageId: id }), (event) => ({ ...inSight, events: [event] }));
    const second = facts.record(attendanceFact({ passageId: id }), (event) => ({
      ...inSight,
      events: [first.id, event],
    }));
    if (step % 3 === 0) facts.write({ ...inSight, end: 'left', events: [first.id, second.id] });
    appendFileSync(writtenPath(folder), `${id}\n`);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

const [folder] = process.argv.slice(2);
if (folder !== undefined && process.send !== undefined) await live(folder);
