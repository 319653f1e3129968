// Fills a gallery and records, lets everything become due, and measures how retention forgets it, kind by kind:
//   scripts/bench retention [--json]
// `batch` is how long one transaction held the event loop. The clock on the wall is played, the other one is real.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ageingKinds, emptyLogs } from '../../daemon/core/retention/retention-kinds.js';
import { type AgeingKinds, runRetention } from '../../daemon/core/retention/retention-run.js';
import { systemClock } from '../../daemon/host/system-clock.js';
import { retentionRun } from '../../daemon/kernel/actor.js';
import type { Clock } from '../../daemon/kernel/clock.js';
import { silentLogger } from '../../daemon/kernel/logger.js';
import {
  type Ageing,
  type RetentionKind,
  type RetentionRules,
  retentionKinds,
} from '../../daemon/kernel/retention/retention-rules.js';
import { attendanceFact, unknownFact } from '../../test/support/facts.js';
import { noiseJpeg, tester, unitVector } from '../../test/support/gallery-fixture.js';
import { dayMs, firstNoonMs, openRetentionBox, type RetentionBox } from '../../test/support/retention-box.js';
import { readOptions } from '../options.js';

const { values } = readOptions('scripts/bench retention', {
  options: { json: { type: 'boolean', default: false } },
});
const persons = 300;
const removedPersons = 100;
const picturesPerRemoved = 60;
const unknownPictures = 5000;
const records = 20_000;
const auditEntries = 10_000;

const photograph = noiseJpeg(1, 200_000);
const thumbnail = noiseJpeg(2, 10_000);
const about = { eventId: 'event', cameraId: 'gate', takenAtMs: firstNoonMs } as const;

async function fill({ gallery, records: recorded, file }: RetentionBox): Promise<void> {
  if (gallery === undefined) throw new Error('the gallery is sealed');
  for (let person = 0; person < persons; person += 1) {
    const photographs = [1, 2, 3].map((view) => ({
      jpeg: photograph,
      embedding: unitVector(person * 3 + view),
      quality: 0.9,
    }));
    const id = await gallery.addPerson({ profile: { name: `Person ${person}` }, photographs }, tester);
    if (person >= removedPersons) continue;
    for (let picture = 0; picture < picturesPerRemoved; picture += 1) {
      gallery.addEvidence({ ...about, kind: 'attendance', personId: id, jpeg: thumbnail });
    }
    gallery.removePerson(id, tester);
  }
  for (let picture = 0; picture < unknownPictures; picture += 1) {
    gallery.addEvidence({ ...about, kind: 'unknown', jpeg: thumbnail });
  }
  for (let record = 0; record < records; record += 1) {
    recorded.record(record % 2 === 0 ? attendanceFact() : unknownFact());
  }
  recorded.outbox.acknowledge(recorded.outbox.pending(0, records, []).map(({ sequence }) => sequence));
  for (let entry = 0; entry < auditEntries; entry += 1) {
    file.audit.append({ by: tester, action: 'key.unlocked' });
  }
}

/** The same, with the time that each batch took. */
function timed(ageing: Ageing, tookMs: number[]): Ageing {
  return {
    ...ageing,
    begin(beforeMs) {
      const step = ageing.begin(beforeMs);
      return (limit) => {
        const startMs = systemClock.monotonicMs();
        const result = step(limit);
        tookMs.push(systemClock.monotonicMs() - startMs);
        return result;
      };
    },
  };
}

const only = (kind: RetentionKind): RetentionRules =>
  Object.fromEntries(retentionKinds.map((each) => [each, each === kind ? 1 : 'forever'])) as Record<
    RetentionKind,
    number | 'forever'
  >;

const quantile = (values: readonly number[], share: number): number =>
  [...values].sort((a, b) => a - b)[Math.floor((values.length - 1) * share)] ?? Number.NaN;

async function measure(kind: RetentionKind, kinds: AgeingKinds, clock: Clock) {
  const tookMs: number[] = [];
  const { forgotten, durationMs } = await runRetention({
    kinds: { ...kinds, [kind]: timed(kinds[kind], tookMs) },
    rules: only(kind),
    by: retentionRun,
    emptyLogs: () => true,
    clock,
    logger: silentLogger,
    signal: new AbortController().signal,
  });
  const batch = {
    medianMs: quantile(tookMs, 0.5),
    p99Ms: quantile(tookMs, 0.99),
    longestMs: quantile(tookMs, 1),
  };
  return { kind, forgotten: forgotten[kind] ?? 0, durationMs, batches: tookMs.length, batch };
}

const directory = mkdtempSync(join(tmpdir(), 'rollcall-retention-'));
const box = await openRetentionBox(directory);
await fill(box);
const sources = {
  file: () => box.file,
  gallery: () => box.gallery,
  forgetPerson: () => undefined,
  forgetCopies: () => undefined,
  records: box.records.retention,
  databasePaths: [],
  clock: systemClock,
};
const clock: Clock = {
  monotonicMs: () => systemClock.monotonicMs(),
  after: (delayMs, callback) => systemClock.after(delayMs, callback),
  wallMs: () => firstNoonMs + 10 * dayMs,
};
const results: Awaited<ReturnType<typeof measure>>[] = [];
const kinds = ageingKinds(sources, retentionRun);
for (const kind of retentionKinds) results.push(await measure(kind, kinds, clock));
const startMs = systemClock.monotonicMs();
emptyLogs(sources);
const emptyingMs = systemClock.monotonicMs() - startMs;
await box[Symbol.asyncDispose]();
rmSync(directory, { recursive: true });

const measured = results.filter(({ forgotten }) => forgotten > 0);
if (values.json) {
  process.stdout.write(`${JSON.stringify({ measured, emptyingMs }, null, 2)}\n`);
} else {
  process.stdout.write('| kind | forgotten | total, ms | batches | batch: median | p99 | longest, ms |\n');
  process.stdout.write('|---|---|---|---|---|---|---|\n');
  for (const { kind, forgotten, durationMs, batches, batch } of measured) {
    const times = [batch.medianMs, batch.p99Ms, batch.longestMs].map((ms) => ms.toFixed(1));
    process.stdout.write(`| ${[kind, forgotten, durationMs, batches, ...times].join(' | ')} |\n`);
  }
  process.stdout.write(`\nemptying the write-ahead logs: ${emptyingMs.toFixed(1)} ms\n`);
}
