import type { Clock } from '../../kernel/clock.js';
import type { Logger } from '../../kernel/logger.js';
import { Recurring } from '../../kernel/recurring.js';
import { failure } from '../../words/errors.js';
import type { Records } from '../records/records.js';

export interface RecordsPlaceWatchOptions {
  readonly records: Pick<Records, 'isInPlace'>;
  /** Ends the daemon, which then starts again with the file that it wrote back. */
  readonly onRemoved: (error: Error) => void;
  readonly clock: Clock;
  readonly logger: Logger;
}

export const checkPlaceEveryMs = 5_000;

/** Watches whether records.db still lies where the daemon opened it. Reports once. */
export function recordsPlaceWatch({
  records,
  onRemoved,
  clock,
  logger,
}: RecordsPlaceWatchOptions): Recurring {
  let isReported = false;
  return new Recurring({
    clock,
    everyMs: checkPlaceEveryMs,
    work() {
      if (isReported || records.isInPlace()) return;
      isReported = true;
      onRemoved(failure('records-removed'));
    },
    onFailure: (error) => logger.error('the place of records.db cannot be checked', { error }),
  });
}
