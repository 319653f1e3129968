import type { Clock } from '../../kernel/clock.js';
import { operational } from '../../kernel/errors.js';
import type { Logger } from '../../kernel/logger.js';
import { Recurring } from '../../kernel/recurring.js';
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
      onRemoved(
        operational('records-removed', 'records.db was removed or replaced while the daemon used it', {
          remedy:
            'The daemon writes its content back and starts again; nothing is lost. If another file is there now, the content is next to it as records.db.displaced-TIME. Find out who changed the folder of the data.',
        }),
      );
    },
    onFailure: (error) => logger.error('the place of records.db cannot be checked', { error }),
  });
}
