import type { Clock } from '../../base/clock.js';
import type { Logger } from '../../base/logger.js';
import { Recurring } from '../../base/recurring.js';
import type { ConditionPort } from '../../publish/condition-port.js';

export interface DiskWatchOptions {
  /** What is kept where, by the word that the event uses. */
  readonly directories: Readonly<Record<string, string>>;
  readonly freeBytes: (directory: string) => Promise<number>;
  /** Less than so many MiB are too few. */
  readonly lowMiB: () => number;
  readonly conditions: ConditionPort;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Often enough that what cameras and imports write does not fill the margin in between. */
export const lookAtDiskEveryMs = 15_000;
/** It is over only with so much more than `lowMiB`: free space that goes up and down about a bound is no news. */
const overFactor = 1.25;
const bytesInMiB = 1024 * 1024;

/** Says that the disk is nearly full, long before anything fails for it. */
export function diskWatch(options: DiskWatchOptions): Recurring {
  const { clock, logger } = options;
  return new Recurring({
    clock,
    everyMs: lookAtDiskEveryMs,
    work: () => look(options),
    onFailure: (error) => logger.error('how much room the disk has cannot be found out', { error }),
  });
}

async function look({ directories, freeBytes, lowMiB, conditions }: DiskWatchOptions): Promise<void> {
  const freeMiB: Record<string, number> = {};
  for (const [what, directory] of Object.entries(directories)) {
    freeMiB[what] = Math.floor((await freeBytes(directory)) / bytesInMiB);
  }
  const low = lowMiB();
  const of = (is: (free: number) => boolean) => Object.keys(freeMiB).filter((what) => is(freeMiB[what] ?? 0));
  const news = { holds: of((free) => free < low), over: of((free) => free >= low * overFactor) };
  const details = { ...freeMiB, lowMiB: low };
  if (news.over.length === Object.keys(freeMiB).length) conditions.end('disk-low', details);
  else conditions.change('disk-low', details, news);
}
