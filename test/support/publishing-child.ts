import { attendanceFact } from './facts.js';
import { openTestRecords, startTestPublisher } from './published-box.js';

/** What the parent asks for, as the one argument: JSON. */
export interface PublishingTask {
  readonly path: string;
  readonly url: string;
  /** Facts to record, one per turn of the event loop. */
  readonly recordCount: number;
}

/** What the child tells its parent, as it happens. */
export type PublishingReport =
  | { readonly type: 'recorded'; readonly sequence: number }
  | { readonly type: 'deleted'; readonly count: number };

/**
 * Records and publishes as the daemon does, until it is killed. On its own it never ends.
 */
async function main(task: PublishingTask): Promise<void> {
  const records = openTestRecords(task.path);
  const say = (report: PublishingReport): void => void process.send?.(report);
  startTestPublisher({
    url: task.url,
    records: {
      ...records,
      outbox: {
        ...records.outbox,
        acknowledge(sequences) {
          records.outbox.acknowledge(sequences);
          say({ type: 'deleted', count: sequences.length });
        },
      },
    },
  });
  for (let count = 0; count < task.recordCount; count += 1) {
    say({ type: 'recorded', sequence: records.record(attendanceFact()).sequence });
    await new Promise((resolve) => setImmediate(resolve));
  }
}

const [argument] = process.argv.slice(2);
if (argument !== undefined) await main(JSON.parse(argument));
