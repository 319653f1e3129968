import type { Clock } from '../kernel/clock.js';
import { chooseTurn, type FrameValue } from '../kernel/tracks/frame-turns.js';
import { SpareTime } from './spare-time.js';

/** What the next frame of a camera asks for. */
export interface FrameDemand {
  readonly value: FrameValue;
  /** Frames that are due a second. */
  readonly fps: number;
}

/** For so long after a due frame of any camera was lost, all cameras save time, milliseconds. */
const saveForMs = 3000;
/** For so long after a frame with a face, the next one is expected, milliseconds: due ones come 40 to 67 ms apart, and later under overload. */
const facesExpectedForMs = 500;

interface Waiting {
  readonly demand: () => FrameDemand;
  readonly servedAtMs: number;
  /** Gets the value of the frame to which the turn is given; undefined where the wait ended without one. */
  resolve(given: FrameValue | undefined): void;
}

/**
 * Lets as many cameras analyse a frame at a time as there are threads for networks, and decides who is next (`chooseTurn`).
 * The frames wait in their cameras, where newer ones take their places: nothing queues here.
 *
 * While a camera follows a face, one of several places is kept from cameras that follow none. In such a turn the detector looks, which
 * takes longer than the time between two frames of a face: looks in all places at once would cost every face its frames.
 */
export class AnalysisTurns {
  readonly #clock: Clock;
  readonly #places: () => number;
  readonly #waiting = new Map<TurnSeat, Waiting>();
  #taken = 0;
  /** Turns of cameras without a face, of those that are taken. */
  #emptyTaken = 0;
  /** Of all places: looks, decoders, and other programs stretch the turns, too. */
  readonly #spare: SpareTime;
  #countedMs: number;
  #facesMs = Number.NEGATIVE_INFINITY;
  #lostAtMs = Number.NEGATIVE_INFINITY;

  /** `places`: how many frames may be analysed at a time now. */
  constructor(clock: Clock, places: () => number) {
    this.#clock = clock;
    this.#places = places;
    this.#spare = new SpareTime(clock);
    this.#countedMs = clock.monotonicMs();
  }

  /** False after nearly all places were taken nearly all the time, until many of them were free again. */
  get hasTime(): boolean {
    return this.#spare.isLeft;
  }

  /** Whether due frames were lost a moment ago, of whichever camera, or nearly would have been. */
  get isShortOfTime(): boolean {
    return this.#spare.isFull || this.#clock.monotonicMs() - this.#lostAtMs < saveForMs;
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
    this.#waiting.get(seat)?.resolve(undefined);
    this.#waiting.delete(seat);
  }

  lost(): void {
    this.#lostAtMs = this.#clock.monotonicMs();
  }

  /** A turn ended that was given to a frame of this value. */
  end(value: FrameValue): void {
    this.#count(-1);
    if (value === 'empty') this.#emptyTaken -= 1;
    this.#giveTurns();
  }

  #giveTurns(): void {
    // While no thread runs, one frame goes on all the same: its call starts a thread, or fails with the reason.
    const places = Math.max(1, this.#places());
    while (this.#taken < places) {
      const nowMs = this.#clock.monotonicMs();
      const waiting = [...this.#waiting].map(([seat, { demand, servedAtMs, resolve }]) => {
        const { value, fps } = demand();
        return { seat, resolve, value, intervalMs: 1000 / fps, servedAtMs };
      });
      if (waiting.some(({ value }) => value !== 'empty')) this.#facesMs = nowMs;
      const isKept = nowMs - this.#facesMs < facesExpectedForMs;
      const mostEmpty = isKept ? Math.max(1, places - 1) : places;
      const admitted = waiting.filter(({ value }) => value !== 'empty' || this.#emptyTaken < mostEmpty);
      const next = admitted[chooseTurn(admitted, nowMs) ?? -1];
      if (next === undefined) return;
      this.#waiting.delete(next.seat);
      this.#count(1);
      if (next.value === 'empty') this.#emptyTaken += 1;
      next.resolve(next.value);
    }
  }

  /** `change` more turns are taken from now on. */
  #count(change: 1 | -1): void {
    const nowMs = this.#clock.monotonicMs();
    this.#spare.took((this.#taken * (nowMs - this.#countedMs)) / Math.max(1, this.#places()));
    this.#countedMs = nowMs;
    this.#taken += change;
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
    const given = await new Promise<FrameValue | undefined>((resolve) => {
      this.#turns.wait(this, { demand, servedAtMs, resolve });
    });
    if (given === undefined) return;
    this.#servedAtMs = this.#clock.monotonicMs();
    try {
      await task();
    } finally {
      this.#turns.end(given);
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
