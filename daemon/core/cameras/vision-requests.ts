import type { Clock } from '../../kernel/clock.js';
import { operational, type RollcallError } from '../../kernel/errors.js';
import type {
  CameraTestOutcome,
  ClipOutcome,
  CutOutcome,
  DiscoveryOutcome,
  FacesOutcome,
  GuidedOutcome,
  Order,
  OwnNetworkOutcome,
  OwnTrialOutcome,
  PhotoOutcome,
  Report,
  SnapshotOutcome,
  ViewOutcome,
} from '../../vision/protocol.js';

/** The answer of a vision process to a request; undefined for closing a camera. */
export type Answer =
  | PhotoOutcome
  | FacesOutcome
  | ClipOutcome
  | GuidedOutcome
  | CutOutcome
  | CameraTestOutcome
  | SnapshotOutcome
  | ViewOutcome
  | DiscoveryOutcome
  | OwnNetworkOutcome
  | OwnTrialOutcome
  | undefined;

export type Request = Extract<Order, { readonly request: number }>;
export type AnswerReport = Extract<Report, { readonly request: number }>;

/** Which report answers which order. */
const answerTo = {
  'analyse-photo': 'photo',
  'analyse-faces': 'faces',
  'analyse-clip': 'clip',
  'look-at-guided': 'guided',
  'cut-clip': 'clip-cut',
  'test-camera': 'camera-test',
  'close-camera': 'camera-closed',
  'take-snapshot': 'snapshot',
  'open-view': 'view-opened',
  'discover-cameras': 'discovered',
  'open-own-network': 'own-network',
  'try-own-network': 'own-network-tried',
} as const satisfies Record<Request['type'], AnswerReport['type']>;

/** The answers that bring pictures. */
const pictureAnswers: ReadonlySet<AnswerReport['type']> = new Set(['photo', 'snapshot', 'clip-cut']);

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

  /** True while an open request allows a picture in the answer. */
  get isPictureAsked(): boolean {
    return [...this.#waiting.values()].some(({ answer }) => pictureAnswers.has(answer));
  }

  /**
   * Sends an order with a new request number. Rejects with `vision-unavailable` (retryable) if no answer comes in time or too
   * many requests are open.
   */
  ask<T extends Answer>(
    timeoutMs: number,
    order: (request: number) => Request,
    send: (order: Request) => void,
  ): Promise<T> {
    if (this.#waiting.size >= mostOpen)
      return Promise.reject(visionUnavailable('too many requests are open'));
    const request = this.#next++;
    const asked = order(request);
    return new Promise<T>((resolve, reject) => {
      const timer = this.#clock.after(timeoutMs, () =>
        waiting.fail(visionUnavailable('the vision process did not answer in time')),
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

  /** Takes an answer with its `picture`. False if it answers no open request. */
  take(report: AnswerReport, picture: Uint8Array): boolean {
    const waiting = this.#waiting.get(report.request);
    if (waiting === undefined || waiting.answer !== report.type) return false;
    waiting.settle(resultOf(report, picture));
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

function resultOf(report: AnswerReport, picture: Uint8Array): Answer {
  if (report.type === 'camera-closed') return undefined;
  if (report.type === 'photo' && report.result.outcome === 'ok') return { ...report.result, picture };
  if (report.type === 'snapshot' && report.result.outcome === 'ok') return { ...report.result, picture };
  if (report.type === 'clip-cut' && report.result.outcome === 'ok') return { ...report.result, picture };
  return report.result as Answer;
}

export function visionUnavailable(why: string): RollcallError {
  return operational('vision-unavailable', `vision did not do what was asked: ${why}`, {
    remedy: "Try again; 'rollcall status' shows why vision is not running.",
    retryable: true,
  });
}
