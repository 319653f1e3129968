import type { Clock } from '../kernel/clock.js';
import { chooseTurn, type FrameValue } from '../kernel/tracks/frame-turns.js';

/** What the next frame of a camera asks for. */
export interface FrameDemand {
  readonly value: FrameValue;
  /** Frames that are due a second. */
  readonly fps: number;
}

/** For so long after a due frame of any camera was lost, all cameras save time, milliseconds. */
const saveForMs = 3000;

interface Waiting {
  readonly demand: () => FrameDemand;
  readonly servedAtMs: number;
  /** True: the turn is given. False: the wait ended without one. */
  resolve(isGiven: boolean): void;
}

/**
 * Lets as many cameras analyse a frame at a time as there are threads for networks, and decides who is next (`chooseTurn`).
 * The frames wait in their cameras, where newer ones take their places: nothing queues here.
 */
export class AnalysisTurns {
  readonly #clock: Clock;
  readonly #places: () => number;
  readonly #waiting = new Map<TurnSeat, Waiting>();
  #taken = 0;
  #lostAtMs = Number.NEGATIVE_INFINITY;

  /** `places`: how many frames may be analysed at a time now. */
  constructor(clock: Clock, places: () => number) {
    this.#clock = clock;
    this.#places = places;
  }

  /** Whether due frames were lost a moment ago, of whichever camera. */
  get isShortOfTime(): boolean {
    return this.#clock.monotonicMs() - this.#lostAtMs < saveForMs;
  }

  /** A seat for one more camera. */
  join(): TurnSeat {
    return new TurnSeat(this, this.#clock);
  }

  wait(seat: TurnSeat, waiting: Waiting): void {
    this.#waiting.set(seat, waiting);
    this.#giveTurns();
  }

  leave(seat: TurnSeat): void {
    this.#waiting.get(seat)?.resolve(false);
    this.#waiting.delete(seat);
  }

  lost(): void {
    this.#lostAtMs = this.#clock.monotonicMs();
  }

  end(): void {
    this.#taken -= 1;
    this.#giveTurns();
  }

  #giveTurns(): void {
    // While no thread runs, one frame goes on all the same: its call starts a thread, or fails with the reason.
    while (this.#taken < Math.max(1, this.#places())) {
      const waiting = [...this.#waiting];
      const cameras = waiting.map(([, { demand, servedAtMs }]) => {
        const { value, fps } = demand();
        return { value, intervalMs: 1000 / fps, servedAtMs };
      });
      const [seat, next] = waiting[chooseTurn(cameras, this.#clock.monotonicMs()) ?? -1] ?? [];
      if (seat === undefined) return;
      this.#waiting.delete(seat);
      this.#taken += 1;
      next?.resolve(true);
    }
  }
}

/** The seat of one camera among those that share the threads for networks. */
export class TurnSeat {
  readonly #turns: AnalysisTurns;
  readonly #clock: Clock;
  #servedAtMs: number;

  constructor(turns: AnalysisTurns, clock: Clock) {
    this.#turns = turns;
    this.#clock = clock;
    this.#servedAtMs = clock.monotonicMs();
  }

  /**
   * Runs `task` when the camera's turn has come, or not at all after `withdraw`. `demand` is asked whenever a turn is given.
   */
  async run(demand: () => FrameDemand, task: () => Promise<void>): Promise<void> {
    const servedAtMs = this.#servedAtMs;
    const isGiven = await new Promise<boolean>((resolve) => {
      this.#turns.wait(this, { demand, servedAtMs, resolve });
    });
    if (!isGiven) return;
    this.#servedAtMs = this.#clock.monotonicMs();
    try {
      await task();
    } finally {
      this.#turns.end();
    }
  }

  /** A due frame of this camera was lost because its turn did not come in time. */
  lost(): void {
    this.#turns.lost();
  }

  /** Ends a wait. */
  withdraw(): void {
    this.#turns.leave(this);
  }
}
