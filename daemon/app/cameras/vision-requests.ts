import type { Clock } from '../../base/clock.js';
import { operational, type RollcallError } from '../../base/errors.js';
import type {
  CameraTestOutcome,
  ClipOutcome,
  Order,
  PhotoOutcome,
  Report,
  SnapshotOutcome,
} from '../../vision/protocol.js';

/** What a vision process answers to a request; nothing to the closing of a camera. */
export type Answer = PhotoOutcome | ClipOutcome | CameraTestOutcome | SnapshotOutcome | undefined;

export type Request = Extract<Order, { readonly request: number }>;
export type AnswerReport = Extract<Report, { readonly request: number }>;

/** Which report answers which order. */
const answerTo = {
  'analyse-photo': 'photo',
  'analyse-clip': 'clip',
  'test-camera': 'camera-test',
  'close-camera': 'camera-closed',
  'take-snapshot': 'snapshot',
} as const satisfies Record<Request['type'], AnswerReport['type']>;

/** Requests of one process that are open at once; nobody needs more. */
const mostOpen = 64;

interface Waiting {
  readonly answer: AnswerReport['type'];
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

  /** Whether an answer may bring a picture now. */
  get isPictureAsked(): boolean {
    return [...this.#waiting.values()].some(({ answer }) => answer === 'photo' || answer === 'snapshot');
  }

  /**
   * Makes an order with the number of a new request and sends it. Rejects with `vision-unavailable` (retryable) without an
   * answer in time, and where too much was asked already.
   */
  ask<T extends Answer>(
    timeoutMs: number,
    order: (request: number) => Request,
    send: (order: Request) => void,
  ): Promise<T> {
    if (this.#waiting.size >= mostOpen)
      return Promise.reject(visionUnavailable('too much is asked of it at once'));
    const request = this.#next++;
    const asked = order(request);
    return new Promise<T>((resolve, reject) => {
      const timer = this.#clock.after(timeoutMs, () =>
        waiting.fail(visionUnavailable('it did not answer in time')),
      );
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

  /** False where nothing was asked that `report` answers; `picture` came with it. */
  take(report: AnswerReport, picture: Uint8Array): boolean {
    const waiting = this.#waiting.get(report.request);
    if (waiting === undefined || waiting.answer !== report.type) return false;
    waiting.settle(resultOf(report, picture));
    return true;
  }

  /** Its answer is not believed. */
  refuse(request: number): void {
    this.#waiting
      .get(request)
      ?.fail(visionUnavailable('the answer of the vision process cannot be believed'));
  }

  /** The process has ended. */
  abandon(): void {
    const error = visionUnavailable('the vision process ended before it answered');
    for (const waiting of [...this.#waiting.values()]) waiting.fail(error);
  }
}

function resultOf(report: AnswerReport, picture: Uint8Array): Answer {
  if (report.type === 'camera-closed') return undefined;
  if (report.type === 'photo' && report.result.outcome === 'ok') return { ...report.result, picture };
  if (report.type === 'snapshot' && report.result.outcome === 'ok') return { ...report.result, picture };
  return report.result as Answer;
}

export function visionUnavailable(why: string): RollcallError {
  return operational('vision-unavailable', `the picture could not be analysed: ${why}`, {
    remedy: "try again; 'rollcall status' says why vision is not running",
    retryable: true,
  });
}
