import type { Clock } from '../../base/clock.js';
import { operational, type RollcallError } from '../../base/errors.js';
import type { CameraTestOutcome, PhotoOutcome, Report, SnapshotOutcome } from '../../vision/protocol.js';

/** What a vision process answers to a request; nothing to the closing of a camera. */
export type Answer = PhotoOutcome | CameraTestOutcome | SnapshotOutcome | undefined;

interface Waiting {
  settle(result: Answer): void;
  fail(error: RollcallError): void;
}

/** The requests that one vision process has not answered yet. */
export class VisionRequests {
  readonly #clock: Clock;
  readonly #waiting = new Map<number, Waiting>();
  #next = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Gives `send` the number of a new request. Rejects with `vision-unavailable` (retryable) without an answer in time. */
  ask<T extends Answer>(timeoutMs: number, send: (request: number) => void): Promise<T> {
    const request = this.#next++;
    return new Promise<T>((resolve, reject) => {
      const timer = this.#clock.after(timeoutMs, () =>
        waiting.fail(visionUnavailable('it did not answer in time')),
      );
      const finish = (): void => {
        timer.cancel();
        this.#waiting.delete(request);
      };
      const waiting: Waiting = {
        settle(result) {
          finish();
          resolve(result as T);
        },
        fail(error) {
          finish();
          reject(error);
        },
      };
      this.#waiting.set(request, waiting);
      send(request);
    });
  }

  /** Gives an answer to the request that waits for it. False: the report is not an answer. */
  take(report: Report): boolean {
    if (!('request' in report)) return false;
    this.#waiting.get(report.request)?.settle('result' in report ? report.result : undefined);
    return true;
  }

  /** The process has ended. */
  abandon(): void {
    const error = visionUnavailable('the vision process ended before it answered');
    for (const waiting of [...this.#waiting.values()]) waiting.fail(error);
  }
}

export function visionUnavailable(why: string): RollcallError {
  return operational('vision-unavailable', `the picture could not be analysed: ${why}`, {
    remedy: "try again; 'rollcall status' says why vision is not running",
    retryable: true,
  });
}
