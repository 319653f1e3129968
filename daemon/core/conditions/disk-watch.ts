import type { Clock } from '../../kernel/clock.js';
import type { Logger } from '../../kernel/logger.js';
import { Recurring } from '../../kernel/recurring.js';
import type { ConditionPort } from '../delivery/condition-port.js';

export interface DiskWatchOptions {
  /** The directory of each store. The keys are the names of the stores in the event. */
  readonly directories: Readonly<Record<string, string>>;
  readonly freeBytes: (directory: string) => Promise<number>;
  /** Less free space than this is too little. */
  readonly lowMiB: () => number;
  readonly conditions: ConditionPort;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** So short that cameras and imports cannot fill the last `lowMiB` between two checks. */
export const checkDiskEveryMs = 15_000;
/** The condition ends only at `lowMiB` times this factor, so that it does not begin and end again with each small change. */
const overFactor = 1.25;
const bytesInMiB = 1024 * 1024;

/** Reports that the disk is nearly full, long before a write fails. */
export function diskWatch(options: DiskWatchOptions): Recurring {
  const { clock, logger } = options;
  return new Recurring({
    clock,
    everyMs: checkDiskEveryMs,
    work: () => check(options),
    onFailure: (error) => logger.error('the free space of the disk cannot be read', { error }),
  });
}

async function check({ directories, freeBytes, lowMiB, conditions }: DiskWatchOptions): Promise<void> {
  const freeMiB: Record<string, number> = {};
  for (const [store, directory] of Object.entries(directories)) {
    freeMiB[store] = Math.floor((await freeBytes(directory)) / bytesInMiB);
  }
  const low = lowMiB();
  const storesWhere = (test: (free: number) => boolean) =>
    Object.keys(freeMiB).filter((store) => test(freeMiB[store] ?? 0));
  const active = storesWhere((free) => free < low);
  const over = storesWhere((free) => free >= low * overFactor);
  const details = { ...freeMiB, lowMiB: low };
  // `end` also covers stores that only an earlier configuration had.
  if (over.length === Object.keys(freeMiB).length) conditions.end('disk-low', details);
  else conditions.change('disk-low', details, { active, over });
}
