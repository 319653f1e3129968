// How the lists of a large site answer: every operation of the contract that lists, and their filters.

import { operations } from '../../daemon/contract/operations.js';
import { newPassageId } from '../../daemon/core/records/event-id.js';
import { systemRandom } from '../../daemon/host/system-random.js';
import type { Fact } from '../../daemon/kernel/events/event.js';
import { cameraId, type PersonId, trackId } from '../../daemon/kernel/ids.js';
import type { Passage } from '../../daemon/kernel/passages/passage.js';
import { seededRandom } from '../../daemon/kernel/random.js';
import type { ConsoleBox } from '../../test/support/console-box.js';
import { noiseJpeg, tester, unitVector } from '../../test/support/gallery-fixture.js';
import { passageOf } from '../../test/support/passage-fixture.js';
import { cameras, live } from '../seeding/past.js';
import { withStores } from '../seeding/write-past.js';
import { quantile } from './measuring.js';

interface Size {
  readonly persons: number;
  readonly passages: number;
}

const dayMs = 86_400_000;
const spanMs = 20 * dayMs;
/** Strangers whom the box remembers: each costs the disk three transactions. */
const strangers = 1000;

/** Makes the box a large one: persons with a photograph each, strangers, and passages of 20 days, of which six in ten are attendance. */
export async function fill({ box }: ConsoleBox, size: Size): Promise<void> {
  await box.stop();
  await withStores(box.configPath, async ({ vault, records, recogniser }) => {
    const gallery = vault.gallery();
    const jpeg = noiseJpeg(1, 3000);
    const ids: PersonId[] = [];
    for (let number = 0; number < size.persons; number += 1) {
      const embedding = unitVector(number, recogniser.dimensions);
      const photographs = [{ jpeg, embedding, quality: 0.9 }];
      const profile = {
        name: `Person ${number} of the house`,
        groups: number % 100 === 0 ? ['all', 'few'] : ['all'],
      };
      ids.push(await gallery.addPerson({ profile, photographs }, tester));
    }
    const nowMs = Date.now();
    const about = { ...size, nowMs, ids, recogniser: recogniser.id };
    for (let number = 0; number < strangers; number += 1) {
      const { id, startedAtMs } = madeUp(number * 7 + 5, about).passage;
      const view = { embedding: unitVector(1_000_000 + number, recogniser.dimensions), quality: 0.8 };
      gallery.strangers.see({
        ...{ passageId: id, cameraId: cameraId(cameras.in), recogniser: recogniser.id, threshold: 0.5 },
        ...{ firstSeenMs: startedAtMs, lastSeenMs: startedAtMs + 4000, views: [view, view, view] },
      });
      gallery.strangers.noteRecorded(id, startedAtMs);
      gallery.strangers.end(id);
    }
    for (let first = 0; first < size.passages; first += 1000) {
      const some = Array.from({ length: Math.min(1000, size.passages - first) }, (_, index) =>
        madeUp(first + index, about),
      );
      records.recordAll(
        some.flatMap(({ facts }) => facts),
        () => {
          for (const { passage } of some) records.passages.put(passage);
        },
      );
      const waiting = records.outbox.pending(0, 2000, []);
      records.outbox.acknowledge(waiting.map(({ sequence }) => sequence));
    }
  });
  await box.start();
  console.log(
    `a box with ${size.persons} persons, ${size.passages} passages and ${strangers} strangers more`,
  );
}

interface About extends Size {
  readonly nowMs: number;
  readonly ids: readonly PersonId[];
  readonly recogniser: Passage['recogniser'];
}

/** In ten passages: six with attendance, one without proof of life, three of strangers. */
function madeUp(number: number, about: About): { passage: Passage; facts: readonly Fact[] } {
  const { passages, nowMs, ids, recogniser } = about;
  const startedAtMs = nowMs - spanMs + Math.floor((number * spanMs) / passages);
  const chance = seededRandom(number);
  const isIn = chance.unit() < 0.5;
  const camera = cameraId(isIn ? cameras.in : cameras.out);
  const id = newPassageId(startedAtMs, systemRandom);
  const { personId: _, ...unknown } = passageOf(number, {
    ...{ id, recogniser, cameraId: camera, startedAtMs, lastSeenMs: startedAtMs + 4000 },
  });
  const person = ids[Math.floor(chance.unit() * ids.length)];
  if (person === undefined || number % 10 > 6)
    return { passage: { ...unknown, outcome: 'stranger', reason: 'below-threshold' }, facts: [] };
  if (number % 10 === 6)
    return {
      passage: { ...unknown, personId: person, outcome: 'unproven', reason: 'no-blink', events: [] },
      facts: [],
    };
  const attendance: Fact = {
    ...{ kind: 'attendance', occurredAtMs: startedAtMs, cameraId: camera, trackId: trackId(`t-${number}`) },
    ...{ recogniser, passageId: id, quality: 0.9, personId: person, direction: isIn ? 'in' : 'out' },
    ...{ similarity: 0.8, threshold: 0.5, margin: 0.2, liveness: live(startedAtMs, 4) },
  };
  return { passage: { ...unknown, personId: person }, facts: [attendance] };
}

/** Lists in other ways than without a filter. */
const filtered = [
  ...['text=person+77', 'sort=name', 'sort=name&cursor=5000', 'group=few', 'group=all&sort=newest'],
  ...['validity=expired', 'watch=any', 'consent=none'],
].map((query) => `/persons?limit=100&${query}`);
const filteredPassages = ['outcome=unproven', 'camera=back-door&reason=no-blink', 'outcome=stranger'].map(
  (query) => `/passages?limit=100&${query}`,
);

/** Every operation that reads a list or a state, but long work. */
function listPaths(): readonly string[] {
  return Object.values(operations)
    .filter(({ method, path, rate }) => method === 'GET' && !path.includes('{') && rate === 'default')
    .filter((operation) => !('isLong' in operation))
    .filter(({ answer }) => answer.kind === 'page' || answer.kind === 'json')
    .map(({ path, answer }) => (answer.kind === 'page' ? `${path}?limit=100` : path));
}

const dateText = (ms: number): string => new Date(ms).toISOString().slice(0, 10);

export async function measureLists({ open }: ConsoleBox, calls: number): Promise<void> {
  const { page, context } = await open('admin', '/docs');
  const time = (path: string): Promise<{ first: number; whole: number; bytes: number; status: number }> =>
    page.evaluate(`(async () => {
      const from = performance.now();
      const answer = await fetch('/api/v1${path}', { cache: 'no-store' });
      const reader = answer.body.getReader();
      let [bytes, first] = [0, undefined];
      for (;;) {
        const { done, value } = await reader.read();
        first ??= performance.now() - from;
        if (done) break;
        bytes += value.length;
      }
      return { first, whole: performance.now() - from, bytes, status: answer.status };
    })()`);
  const nowMs = Date.now();
  console.log(`lists, a page of 100, asked by the browser ${calls} times each:`);
  for (const path of [...listPaths(), ...filtered, ...filteredPassages]) {
    const answers = await timesOf(() => time(path), calls);
    const refused = answers.find(({ status }) => status !== 200);
    if (refused !== undefined) throw new Error(`${path} answered ${refused.status}`);
    console.log(`  ${path}: ${figures(answers.map(({ whole }) => whole))}`);
  }
  console.log('reports, read to their end:');
  for (const path of [
    '/attendance/today',
    `/attendance?from=${dateText(nowMs - 6 * dayMs)}&to=${dateText(nowMs)}`,
    `/attendance?from=${dateText(nowMs - 29 * dayMs)}&to=${dateText(nowMs)}`,
  ]) {
    const answers = await timesOf(() => time(path), Math.min(3, calls));
    const bytes = answers[0]?.bytes ?? 0;
    console.log(
      `  ${path}: first line ${figures(answers.map(({ first }) => first))}; whole ${figures(answers.map(({ whole }) => whole))}, ${(bytes / 1e6).toFixed(1)} MB`,
    );
  }
  await context.close();
}

async function timesOf<T>(work: () => Promise<T>, calls: number): Promise<readonly T[]> {
  const answers: T[] = [];
  for (let turn = 0; turn < calls; turn += 1) answers.push(await work());
  return answers;
}

const figures = (ms: readonly number[]): string =>
  `median ${quantile(ms, 0.5).toFixed(0)} ms, slowest ${Math.max(...ms).toFixed(0)} ms`;
