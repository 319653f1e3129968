import { fork } from 'node:child_process';
import { exitOf } from '../../scripts/child-end.js';
import { builtChild } from './built.js';
import type { PublishingReport, PublishingTask } from './publishing-child.js';

export interface ChildPublisher extends AsyncDisposable {
  /** Resolves when the child's reports so far satisfy `isEnough`; asked at each report. */
  until(isEnough: (counts: ReportCounts) => boolean): Promise<void>;
  /** SIGKILL. */
  kill(): Promise<void>;
}

export interface ReportCounts {
  readonly recorded: number;
  readonly deleted: number;
}

/** Starts a process that records and publishes like the daemon, to be killed. */
export function startChildPublisher(task: PublishingTask): ChildPublisher {
  const script = builtChild('test/support/publishing-child.ts');
  const child = fork(script, [JSON.stringify(task)], { execArgv: [] });
  const counts = { recorded: 0, deleted: 0 };
  const waiting = new Set<() => void>();
  child.on('message', (report: PublishingReport) => {
    if (report.type === 'recorded') counts.recorded += 1;
    else counts.deleted += report.count;
    for (const look of [...waiting]) look();
  });
  const kill = async (): Promise<void> => {
    child.kill('SIGKILL');
    await exitOf(child);
  };
  return {
    until: (isEnough) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          if (!isEnough(counts)) return;
          waiting.delete(look);
          resolve();
        };
        waiting.add(look);
        void exitOf(child).then(() => reject(new Error('the publishing child ended by itself')), reject);
        look();
      }),
    kill,
    [Symbol.asyncDispose]: kill,
  };
}
