import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isRollcallError } from '../../daemon/base/errors.js';
import { attendanceFact } from './facts.js';
import { openTestRecords } from './published-box.js';

/** What recording into a disk with little room led to. */
export interface FullDiskReport {
  readonly code: string;
  readonly remedy: string | undefined;
  /** Calls of `record` that succeeded before the first that failed. */
  readonly recordedCount: number;
  readonly storedCount: number;
  readonly outboxDepth: number;
  /** Sequence of the first event after space was made; null if it stayed full. */
  readonly nextSequence: number | null;
}

/** Records into `folder` until that fails, then makes room (`ballastBytes`) and tries once more. */
export async function fillDisk(folder: string, ballastBytes: number): Promise<FullDiskReport> {
  const ballast = join(folder, 'ballast');
  writeFileSync(ballast, new Uint8Array(ballastBytes));
  await using records = openTestRecords(join(folder, 'records.db'));
  let recordedCount = 0;
  let failure: unknown;
  while (failure === undefined) {
    try {
      records.record(attendanceFact());
      recordedCount += 1;
    } catch (error) {
      failure = error;
    }
  }
  if (!isRollcallError(failure)) throw failure;
  const storedCount = records.list({ limit: 100_000 }).length;
  const outboxDepth = records.outbox.depth();
  rmSync(ballast);
  const nextSequence = ballastBytes > 0 ? records.record(attendanceFact()).sequence : null;
  const { code, remedy } = failure;
  return { code, remedy, recordedCount, storedCount, outboxDepth, nextSequence };
}

const [folder, ballastBytes] = process.argv.slice(2);
if (folder !== undefined) {
  process.stdout.write(JSON.stringify(await fillDisk(folder, Number(ballastBytes))));
}
