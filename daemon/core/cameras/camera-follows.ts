import type { FacesInSight } from '../../contract/vision/vision-reports.js';
import { Bell } from '../../kernel/bell.js';
import type { Clock } from '../../kernel/clock.js';
import type { RollcallError } from '../../kernel/errors.js';
import { LatestSlot } from '../../kernel/latest-slot.js';
import { failure } from '../../words/errors.js';
import type { VisionPool } from './vision-pool.js';

/** Callers who follow at once, all cameras together. An account from the network has a quarter of them at most. */
const mostFollows = 32;
/** A forgotten window ends after this time, milliseconds. */
const longestMs = 30 * 60_000;
/** Vision reports at least once a second. A camera that is silent for this long delivers nothing, milliseconds. */
const silenceMs = 10_000;

interface Follow {
  readonly cameraId: string;
  take(report: FacesInSight): void;
  end(reason: RollcallError): void;
}

/**
 * Who follows what a camera measures. While a caller does, vision reports the numbers of the faces in sight; the newest report goes to each
 * of them.
 */
export class CameraFollows {
  readonly #pool: Pick<VisionPool, 'followCamera'>;
  readonly #clock: Clock;
  readonly #follows = new Set<Follow>();

  constructor(pool: Pick<VisionPool, 'followCamera'>, clock: Clock) {
    this.#pool = pool;
    this.#clock = clock;
  }

  /** Takes a report of a vision process. */
  take(report: FacesInSight): void {
    for (const follow of this.#follows) if (follow.cameraId === report.cameraId) follow.take(report);
  }

  /** No process watches these cameras now. */
  down(cameraIds: readonly string[]): void {
    for (const { cameraId, end } of this.#follows)
      if (cameraIds.includes(cameraId)) end(cameraClosed(cameraId));
  }

  /**
   * Gives the reports of a camera until the signal aborts, or half an hour has passed. A slow reader gets the newest.
   * @throws `busy`, `camera-not-streaming`, `vision-unavailable`
   */
  async *follow(cameraId: string, signal: AbortSignal): AsyncGenerator<FacesInSight> {
    if (this.#follows.size >= mostFollows) throw tooManyFollows();
    const bell = new Bell(this.#clock, signal);
    const newest = new LatestSlot<FacesInSight>(() => undefined);
    let ended: RollcallError | undefined;
    const follow: Follow = {
      cameraId,
      take(report) {
        newest.put(report);
        bell.ring();
      },
      end(reason) {
        ended = reason;
        bell.ring();
      },
    };
    if (!this.#isFollowed(cameraId)) this.#pool.followCamera(cameraId, true);
    this.#follows.add(follow);
    const untilMs = this.#clock.monotonicMs() + longestMs;
    try {
      while (!signal.aborted && this.#clock.monotonicMs() < untilMs) {
        await bell.wait(silenceMs);
        const report = newest.take();
        if (report !== undefined) yield report;
        else if (ended !== undefined) throw ended;
        else if (!signal.aborted) throw silent(cameraId);
      }
    } finally {
      this.#follows.delete(follow);
      if (!this.#isFollowed(cameraId)) this.#pool.followCamera(cameraId, false);
    }
  }

  #isFollowed(cameraId: string): boolean {
    return [...this.#follows].some((follow) => follow.cameraId === cameraId);
  }
}

function cameraClosed(cameraId: string): RollcallError {
  return failure('vision-unavailable:follow', { cameraId }, { retryable: true });
}

function silent(cameraId: string): RollcallError {
  return failure('camera-not-streaming:silent', { cameraId }, { retryable: true });
}

function tooManyFollows(): RollcallError {
  return failure('busy:follows', { most: mostFollows }, { retryable: true });
}
