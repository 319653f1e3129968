import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isRollcallError } from '../../daemon/kernel/errors.js';
import type { RecordedEvent } from '../../daemon/kernel/events/event.js';
import { attendanceFact } from './facts.js';
import { passageOf } from './passage-fixture.js';
import { openTestRecords } from './published-box.js';

/** What recording into a disk with little room led to. */
export interface FullDiskReport {
  readonly code: string;
  readonly remedy: string | undefined;
  /** Calls of `record` that succeeded before the first that failed. */
  readonly recordedCount: number;
  readonly storedCount: number;
  readonly passageCount: number;
  readonly outboxDepth: number;
  /** Sequence of the first event after space was made; null if it stayed full. */
  readonly nextSequence: number | null;
}

/** Records into `folder` until that fails, then makes room (`ballastBytes`) and tries once more. */
export async function fillDisk(folder: string, ballastBytes: number): Promise<FullDiskReport> {
  const ballast = join(folder, 'ballast');
  writeFileSync(ballast, new Uint8Array(ballastBytes));
  await using records = openTestRecords(join(folder, 'records.db'));
  const record = (number: number): RecordedEvent =>
    records.record(attendanceFact(), ({ id }) => records.passages.put(passageOf(number, { events: [id] })));
  let recordedCount = 0;
  let failure: unknown;
  while (failure === undefined) {
    try {
      record(recordedCount + 1);
      recordedCount += 1;
    } catch (error) {
      failure = error;
    }
  }
  if (!isRollcallError(failure)) throw failure;
  const storedCount = records.list({ limit: 100_000 }).length;
  const passageCount = records.passages.list({ limit: 100_000 }).length;
  const outboxDepth = records.outbox.depth();
  rmSync(ballast);
  const nextSequence = ballastBytes > 0 ? record(recordedCount + 1).sequence : null;
  const { code, remedy } = failure;
  return { code, remedy, recordedCount, storedCount, passageCount, outboxDepth, nextSequence };
}

const [folder, ballastBytes] = process.argv.slice(2);
if (folder !== undefined) {
  process.stdout.write(JSON.stringify(await fillDisk(folder, Number(ballastBytes))));
}
