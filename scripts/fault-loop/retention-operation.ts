import { join } from 'node:path';
import { Retention } from '../../daemon/app/retention/retention.js';
import { ageingKinds, emptyLogs, type RetentionSources } from '../../daemon/app/retention/retention-kinds.js';
import { operational } from '../../daemon/base/errors.js';
import { silentLogger } from '../../daemon/base/logger.js';
import { retentionSchema } from '../../daemon/config/retention-schema.js';
import { systemClock } from '../../daemon/host/system-clock.js';
import { noiseJpeg, tester } from '../../test/support/gallery-fixture.js';
import { openTestRecords } from '../../test/support/published-box.js';
import type { Fate } from './journal.js';
import { remove } from './person-operations.js';
import type { Workplace } from './workplace.js';

const PICTURES = 20;
const dayMs = 86_400_000;

/** Forgets everybody who was removed, and pictures of unknown persons, at once. */
const rules = {
  ...retentionSchema.parse({}),
  photographs: 'forever',
  removedPersons: 0,
  unknownEvidence: 0,
  tombstones: 'forever',
  auditEntries: 'forever',
} as const;

/** A run of retention that erases everybody removed. */
export async function retention(place: Workplace): Promise<void> {
  for (let count = 0; count < 3; count += 1) await remove(place);
  for (let picture = 0; picture < PICTURES; picture += 1) {
    const about = { kind: 'unknown', eventId: 'event', cameraId: 'gate', takenAtMs: Date.now() } as const;
    place.gallery.addEvidence({ ...about, jpeg: noiseJpeg(picture, 1000) });
  }
  const removed = (await place.present()).filter(({ state }) => state === 'removed');
  const changes: Record<number, Fate> = Object.fromEntries(removed.map(({ seed }) => [seed, 'erased']));
  const { access } = place.box.box;
  const recordsPath = join(place.box.places.directory, 'data', 'records.db');
  await using records = openTestRecords(recordsPath);
  // A day later than it is, so that what was just removed is due.
  const clock = { ...systemClock, wallMs: () => systemClock.wallMs() + dayMs };
  const sources: RetentionSources = {
    file: () => access.fileIfOpen,
    gallery: () => access.open?.gallery,
    forgetPerson: () => undefined,
    records: records.retention,
    databasePaths: [place.box.places.galleryPath, recordsPath],
    clock,
  };
  await using job = new Retention({
    kinds: (by) => ageingKinds(sources, by),
    rules: () => rules,
    timeZone: 'UTC',
    newestRecordMs: () => undefined,
    emptyLogs: () => emptyLogs(sources),
    audit: access.audit,
    database: () => access.fileIfOpen?.database,
    clock,
    logger: silentLogger,
  });
  await place.journal.attempt({ operation: 'retention', changes, isAtomic: false }, async () => {
    const { failures } = await job.run({ isClockConfirmed: true }, tester);
    const [failure] = failures;
    if (failure === undefined) return;
    const { code, message, remedy } = failure;
    throw operational(code, message, { ...(remedy === undefined ? {} : { remedy }) });
  });
}
