import type { Clock } from '../../base/clock.js';
import { operational, type RollcallError } from '../../base/errors.js';
import type { Logger } from '../../base/logger.js';
import type { Random } from '../../base/random.js';
import type { VisionStatus } from '../../control/box-control.js';
import type { LogLevel } from '../../host/pino-logger.js';
import { notStreaming } from '../../vision/not-streaming.js';
import type {
  CameraPlan,
  CameraTestOutcome,
  Order,
  PhotoOutcome,
  Report,
  SnapshotOutcome,
  VisionPlan,
} from '../../vision/protocol.js';
import { VisionSlot } from './vision-slot.js';

/** A photograph is decoded and embedded well within this; a camera test may wait for a key frame. */
const requestTimeoutMs = 60_000;

type Answer = PhotoOutcome | CameraTestOutcome | SnapshotOutcome;

interface Waiting {
  readonly slot: VisionSlot;
  settle(result: Answer): void;
  fail(error: RollcallError): void;
}

/** All vision processes: cameras are dealt out to them in turn; single requests go to the first that runs. */
export class VisionPool implements AsyncDisposable {
  readonly #slots: readonly VisionSlot[];
  readonly #slotOf = new Map<string, VisionSlot>();
  readonly #clock: Clock;
  readonly #abort = new AbortController();
  readonly #waiting = new Map<number, Waiting>();
  readonly #onReport: (report: Report) => void;
  readonly #onRound: () => void;
  readonly #reportedThisRound = new Set<VisionSlot>();
  readonly #running: Promise<void>[] = [];
  #nextRequest = 0;

  constructor(options: {
    readonly processes: number;
    readonly plan: VisionPlan;
    readonly logLevel: LogLevel;
    readonly clock: Clock;
    readonly random: Random;
    readonly logger: Logger;
    onReport(report: Report): void;
    /** Every process has reported progress since this was called last. */
    onRound(): void;
    /** A process ended; these were its cameras. */
    onDown(cameraIds: readonly string[]): void;
  }) {
    const { processes, plan, logLevel, clock, random, logger } = options;
    this.#clock = clock;
    this.#onReport = options.onReport;
    this.#onRound = options.onRound;
    this.#slots = Array.from({ length: processes }, (_, index) => {
      const cameras = plan.cameras.filter((_camera, order) => order % processes === index);
      const slot: VisionSlot = new VisionSlot({
        index,
        plan: { ...plan, cameras },
        logLevel,
        clock,
        random,
        logger,
        onReport: (report) => this.#report(slot, report),
        onDown: () => {
          this.#abandon(slot);
          options.onDown(cameras.map(({ id }) => id));
        },
      });
      for (const { id } of cameras) this.#slotOf.set(id, slot);
      return slot;
    });
  }

  start(): void {
    for (const slot of this.#slots) this.#running.push(slot.run(this.#abort.signal));
  }

  setLogLevel(level: LogLevel): void {
    for (const slot of this.#slots) slot.setLogLevel(level);
  }

  status(): readonly VisionStatus[] {
    return this.#slots.map((slot) => slot.status());
  }

  /** What a process named as the reason it cannot run, if one did. */
  get failure(): Extract<Report, { type: 'failed' }> | undefined {
    return this.#slots.find((slot) => slot.failure !== undefined)?.failure;
  }

  get isRunning(): boolean {
    return this.#slots.every((slot) => slot.isRunning);
  }

  /**
   * Decodes, inspects and embeds a photograph; `faceNumber` picks one of several faces. Throws `vision-unavailable`
   * (retryable).
   */
  analysePhoto(image: Uint8Array, faceNumber?: number): Promise<PhotoOutcome> {
    const picked = faceNumber === undefined ? {} : { faceNumber };
    return this.#request(
      (request) => ({ type: 'analyse-photo', request, photograph: 'new', ...picked }),
      image,
    );
  }

  /** The same for a photograph that enrolment kept: its quality is no reason to refuse it. */
  analyseKeptPhoto(jpeg: Uint8Array): Promise<PhotoOutcome> {
    return this.#request((request) => ({ type: 'analyse-photo', request, photograph: 'kept' }), jpeg);
  }

  /** Opens a camera beside whatever runs and says what it shows. Throws `vision-unavailable` (retryable). */
  testCamera(camera: CameraPlan): Promise<CameraTestOutcome> {
    return this.#request((request) => ({ type: 'test-camera', request, camera }));
  }

  /** The next picture of a camera, sealed to an X25519 key (base64url). Throws `vision-unavailable` (retryable). */
  takeSnapshot(cameraId: string, sealTo: string): Promise<SnapshotOutcome> {
    const slot = this.#slotOf.get(cameraId);
    if (slot === undefined) return Promise.resolve(notStreaming);
    return this.#ask(slot, (request) => ({ type: 'take-snapshot', request, cameraId, sealTo }));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#abort.abort();
    await Promise.all(this.#running);
  }

  /** Any process will do: the first that runs. */
  #request<T extends Answer>(order: (request: number) => Order, attachment?: Uint8Array): Promise<T> {
    return this.#ask(
      this.#slots.find((candidate) => candidate.isRunning),
      order,
      attachment,
    );
  }

  #ask<T extends Answer>(
    slot: VisionSlot | undefined,
    order: (request: number) => Order,
    attachment?: Uint8Array,
  ): Promise<T> {
    if (slot === undefined || !slot.isRunning || this.#abort.signal.aborted)
      return Promise.reject(unavailable('no vision process is running'));
    const request = this.#nextRequest++;
    return new Promise<T>((resolve, reject) => {
      const timer = this.#clock.after(requestTimeoutMs, () =>
        waiting.fail(unavailable('it did not answer in time')),
      );
      const finish = (): void => {
        timer.cancel();
        this.#waiting.delete(request);
      };
      const waiting: Waiting = {
        slot,
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
      slot.send(order(request), attachment);
    });
  }

  #report(slot: VisionSlot, report: Report): void {
    if (report.type === 'progress') this.#countRound(slot);
    if (report.type === 'photo' || report.type === 'camera-test' || report.type === 'snapshot') {
      this.#waiting.get(report.request)?.settle(report.result);
    } else {
      this.#onReport(report);
    }
  }

  #countRound(slot: VisionSlot): void {
    this.#reportedThisRound.add(slot);
    if (this.#reportedThisRound.size < this.#slots.length) return;
    this.#reportedThisRound.clear();
    this.#onRound();
  }

  #abandon(slot: VisionSlot): void {
    for (const waiting of [...this.#waiting.values()]) {
      if (waiting.slot === slot) waiting.fail(unavailable('the vision process ended meanwhile'));
    }
  }
}

function unavailable(why: string): RollcallError {
  return operational('vision-unavailable', `the picture could not be analysed: ${why}`, {
    remedy: "try again; 'rollcall status' says why vision is not running",
    retryable: true,
  });
}
