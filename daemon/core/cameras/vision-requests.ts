import type { Answer } from '../../contract/vision/vision-answers.js';
import type { Request } from '../../contract/vision/vision-orders.js';
import {
  type AnswerReport,
  answerTo,
  largestPictureOf,
  outcomeOf,
} from '../../contract/vision/vision-reports.js';
import type { Clock } from '../../kernel/clock.js';
import type { RollcallError } from '../../kernel/errors.js';
import { failure } from '../../words/errors.js';

/** The most open requests of one process. */
const mostOpen = 64;

interface Waiting {
  readonly answer: AnswerReport['type'];
  settle(result: Answer): void;
  fail(error: RollcallError): void;
}

/** The open requests to one vision process. */
export class VisionRequests {
  readonly #clock: Clock;
  readonly #waiting = new Map<number, Waiting>();
  #next = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The largest attachment that an answer to an open request may have, bytes. */
  get askedBytes(): number {
    return Math.max(0, ...[...this.#waiting.values()].map(({ answer }) => largestPictureOf(answer)));
  }

  /**
   * Sends an order with a new request number. Rejects with `vision-unavailable` (retryable) if no answer comes in time or too
   * many requests are open. `onLate` hears of the former.
   */
  ask<T extends Answer>(
    timeoutMs: number,
    order: (request: number) => Request,
    send: (order: Request) => void,
    onLate: (request: number) => void = () => undefined,
  ): Promise<T> {
    if (this.#waiting.size >= mostOpen)
      return Promise.reject(visionUnavailable('too many requests are open'));
    const request = this.#next++;
    const asked = order(request);
    return new Promise<T>((resolve, reject) => {
      const timer = this.#clock.after(timeoutMs, () => {
        onLate(request);
        waiting.fail(visionUnavailable('the vision process did not answer in time'));
      });
      const finish = (): void => {
        timer.cancel();
        this.#waiting.delete(request);
      };
      const waiting: Waiting = {
        answer: answerTo[asked.type],
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
      send(asked);
    });
  }

  /** Takes an answer with its `picture`. False if it answers no open request. */
  take(report: AnswerReport, picture: Uint8Array): boolean {
    const waiting = this.#waiting.get(report.request);
    if (waiting === undefined || waiting.answer !== report.type) return false;
    waiting.settle(outcomeOf(report, picture));
    return true;
  }

  /** Fails the request whose answer was rejected. */
  refuse(request: number): void {
    this.#waiting.get(request)?.fail(visionUnavailable('the core rejected the answer of the vision process'));
  }

  /** Fails all requests: the process has ended. */
  abandon(): void {
    const error = visionUnavailable('the vision process ended before it answered');
    for (const waiting of [...this.#waiting.values()]) waiting.fail(error);
  }
}

export function visionUnavailable(why: string): RollcallError {
  return failure('vision-unavailable', { why }, { retryable: true });
}
