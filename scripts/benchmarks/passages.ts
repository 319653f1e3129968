// Measures what a passage costs beside its event, and how long a page of the journal takes.
//   scripts/bench passages [--passages 100000] [--pages 50] [--events 300]
import { statSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassageJournal } from '../../daemon/core/passages/passage-journal.js';
import type { PassageQuery } from '../../daemon/core/passages/passage-rows.js';
import type { PassageSeal } from '../../daemon/core/passages/passage-seal.js';
import { recordsApplicationId, recordsMigrations } from '../../daemon/core/records/records-schema.js';
import { openDatabase } from '../../daemon/host/sqlite.js';
import { systemClock } from '../../daemon/host/system-clock.js';
import { cameraId, personId, strangerId } from '../../daemon/kernel/ids.js';
import {
  mostOpennessSamples,
  type OpennessCurve,
  packedCurve,
} from '../../daemon/kernel/liveness/openness-curve.js';
import type { Passage } from '../../daemon/kernel/passages/passage.js';
import { seededRandom } from '../../daemon/kernel/random.js';
import { attendanceFact } from '../../test/support/facts.js';
import { galleryOptions, openTestGallery } from '../../test/support/gallery-fixture.js';
import {
  openPassageRecords,
  passageEpochMs,
  passageOf,
  SettableVault,
  sealOf,
} from '../../test/support/passage-fixture.js';
import { readOptions } from '../options.js';
import { quantile } from './measuring.js';

const { values } = readOptions('scripts/bench passages', {
  options: {
    passages: { type: 'string', default: '100000' },
    pages: { type: 'string', default: '50' },
    events: { type: 'string', default: '300' },
  },
});
const [passages, pages, events] = [Number(values.passages), Number(values.pages), Number(values.events)];
const pageSize = 100;
const weekMs = 7 * 86_400_000;
/** Of a face that proves life within 5 s at 25 frames a second. */
const usualSamples = 125;
const [cameras, persons, strangers] = [8, 400, 3000];

const folder = await mkdtemp(join(tmpdir(), 'rollcall-passages-'));
try {
  await using opened = await openTestGallery(galleryOptions(folder));
  const seal = sealOf(new SettableVault(opened.gallery));
  await measureCost(join(folder, 'cost'), seal);
  measurePages(join(folder, 'pages', 'records.db'), seal);
} finally {
  await rm(folder, { recursive: true });
}

/** An event alone, and an event with its passage, which is written when the face appears, with the event, and at its end. */
async function measureCost(directory: string, seal: PassageSeal): Promise<void> {
  await using records = openPassageRecords(directory, systemClock, seal);
  const path = join(directory, 'records.db');
  const took: Record<'event' | 'appears' | 'with event' | 'ends', number[]> = {
    event: [],
    appears: [],
    'with event': [],
    ends: [],
  };
  const time = (what: keyof typeof took, work: () => void): void => {
    const startMs = performance.now();
    work();
    took[what].push(performance.now() - startMs);
  };
  const usual = curveOf(usualSamples);
  const before = sizeOf(records, path);
  for (let number = 0; number < events; number += 1)
    time('event', () => void records.record(attendanceFact()));
  const between = sizeOf(records, path);
  for (let number = 0; number < events; number += 1) {
    const { end, ...inSight } = passageOf(number, { events: [] });
    time('appears', () => records.passages.put(inSight));
    time(
      'with event',
      () =>
        void records.record(attendanceFact(), ({ id }) => records.passages.put({ ...inSight, events: [id] })),
    );
    time('ends', () => records.passages.put(passageOf(number, { openness: usual })));
  }
  const after = sizeOf(records, path);
  for (let number = 0; number < events; number += 1)
    records.passages.put(passageOf(events + number, { openness: curveOf(mostOpennessSamples) }));
  const longest = (sizeOf(records, path) - after) / events;
  const median = (what: keyof typeof took): string => quantile(took[what], 0.5).toFixed(2);
  const eventBytes = (between - before) / events;
  console.log(
    `${events} events alone, then ${events} with a passage; medians, each with its write to the disk:`,
  );
  console.log(`  an event alone: ${median('event')} ms, ${Math.round(eventBytes)} bytes`);
  console.log(
    `  an event with its passage: ${median('with event')} ms; the passage adds ${Math.round((after - between) / events - eventBytes)} bytes`,
  );
  console.log(
    `    with the eyes in ${usualSamples} views; ${Math.round(longest)} bytes without the event and with ${mostOpennessSamples} views, the most`,
  );
  console.log(
    `  the passage in transactions of its own: ${median('appears')} ms when the face appears, ${median('ends')} ms at its end`,
  );
}

/** Eyes that are open and blink now and then. */
function curveOf(count: number): OpennessCurve {
  const random = seededRandom(count);
  const samples = Array.from({ length: count }, (_, index) => ({
    atMs: index * 40,
    eyes: (index % 60 < 5 ? 0.1 : 0.28) + 0.04 * random.unit(),
  }));
  const curve = packedCurve(samples);
  if (curve === undefined) throw new Error('a curve needs samples');
  return curve;
}

/** The bytes of the database without its log. */
function sizeOf(records: { readonly retention: { emptyLog(): boolean } }, path: string): number {
  records.retention.emptyLog();
  return statSync(path).size;
}

function measurePages(path: string, seal: PassageSeal): void {
  const database = openDatabase(path, { migrations: recordsMigrations, applicationId: recordsApplicationId });
  try {
    const journal = new PassageJournal(database, seal);
    const startMs = performance.now();
    for (let first = 0; first < passages; first += 1000) {
      database.transaction(() => {
        for (let number = first; number < Math.min(first + 1000, passages); number += 1)
          journal.put(madeUp(number));
      });
    }
    const perPassage = (performance.now() - startMs) / passages;
    console.log(
      `${passages} passages at ${cameras} cameras, ${persons} persons, ${strangers} strangers, ${(statSync(path).size / passages / 1024).toFixed(2)} KiB each; ${perPassage.toFixed(3)} ms to seal and write each, 1000 in a transaction`,
    );
    console.log(`a page of ${pageSize}, ${pages} times each:`);
    const middle = Math.floor(passages / 2);
    const filters: Readonly<Record<string, Partial<PassageQuery>>> = {
      'the newest': {},
      'from the middle': { beforeNumber: middle },
      'a camera': { cameraIds: [cameraId('camera-3')] },
      'a person': { personId: personId('p-7') },
      'a stranger': { strangerId: strangerId(idOfStranger(7)) },
      'an outcome': { outcome: 'attack' },
      'a reason': { reason: 'within-margin' },
      'a day': { sinceMs: passageEpochMs + weekMs / 7, beforeMs: passageEpochMs + (2 * weekMs) / 7 },
      'a camera, an outcome and a reason': {
        cameraIds: [cameraId('camera-3')],
        outcome: 'unproven',
        reason: 'no-blink',
      },
      'a camera and a person, oldest first': {
        cameraIds: [cameraId('camera-3')],
        personId: personId('p-7'),
        keep: 'oldest',
      },
      'nothing found': { outcome: 'attack', reason: 'no-blink' },
    };
    for (const [name, filter] of Object.entries(filters)) {
      const ms: number[] = [];
      let found = 0;
      for (let page = 0; page < pages; page += 1) {
        const pageStartMs = performance.now();
        found = journal.list({ ...filter, limit: pageSize }).length;
        ms.push(performance.now() - pageStartMs);
      }
      console.log(
        `  ${name}: ${found} found, median ${quantile(ms, 0.5).toFixed(1)} ms, slowest ${Math.max(...ms).toFixed(1)} ms`,
      );
    }
    const countStartMs = performance.now();
    const counts = journal.counts(0, Number.MAX_SAFE_INTEGER).length;
    console.log(
      `counts of the week by camera, quarter of an hour, outcome and reason: ${counts} rows in ${(performance.now() - countStartMs).toFixed(0)} ms`,
    );
  } finally {
    database.close();
  }
}

function idOfStranger(number: number): string {
  return `s-${String(number).padStart(26, '0')}`;
}

/** One of a week: of each ten, six attended, one without proof, two strangers, and one of what is rare. */
function madeUp(number: number): Passage {
  const startedAtMs = passageEpochMs + Math.floor((number * weekMs) / passages);
  const chance = seededRandom(number);
  const about = {
    cameraId: cameraId(`camera-${Math.floor(chance.unit() * cameras)}`),
    startedAtMs,
    lastSeenMs: startedAtMs + 4000,
    openness: curveOf(usualSamples),
  };
  const person = personId(`p-${Math.floor(chance.unit() * persons)}`);
  const near = { personId: person, similarity: 0.9, threshold: 0.4 };
  const { personId: _, ...unknown } = passageOf(number, { ...about, nearest: [near, near, near] });
  const kind = number % 10;
  if (kind < 6) return { ...unknown, personId: person };
  if (kind === 6)
    return { ...unknown, personId: person, outcome: 'unproven', reason: 'no-blink', events: [] };
  if (kind < 9) {
    const stranger = { id: strangerId(idOfStranger(Math.floor(chance.unit() * strangers))), visit: 1 };
    return { ...unknown, outcome: 'stranger', reason: 'below-threshold', stranger };
  }
  return number % 100 === 9
    ? { ...unknown, outcome: 'ambiguous', reason: 'within-margin' }
    : { ...unknown, outcome: number % 100 === 19 ? 'attack' : 'undecided', reason: 'too-small' };
}
