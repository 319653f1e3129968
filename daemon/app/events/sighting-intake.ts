import { setImmediate as nextTurn } from 'node:timers/promises';
import { Allowance } from '../../base/allowance.js';
import { type Clock, sleep } from '../../base/clock.js';
import { isRollcallError, type RollcallError } from '../../base/errors.js';
import type { Logger } from '../../base/logger.js';
import type { CameraId, PersonId, TrackId } from '../../domain/ids.js';
import type { Sighting } from '../../domain/tracks/sighting.js';
import type { Decider, SightingOutcome } from '../../records/decider.js';
import type { EvidenceCapture } from './evidence-capture.js';

/** How long to wait before a sighting whose fact could not be stored is tried again, milliseconds. */
const retryMs = 2_000;
/**
 * Sightings kept while nothing can be stored. Past that the oldest are given up, counted and logged as errors: the memory
 * of the box is finite too.
 */
const backlogLimit = 5_000;
/** Sightings of a longer backlog wait without their pictures, which are many times their size. */
const pictureBacklogLimit = 500;

/** So many waiting sightings are worked on within a moment. */
const heldUpFrom = 100;

/** Sightings that cannot be worked on are logged so often: vision may send a hundred of them in a second. */
const failureLog = { most: 10, everyMs: 1_000 };

/** Worked on between two turns of the event loop: a backlog must not hold up everything else. */
const sightingsInATurn = 10;

interface Taken {
  readonly sighting: Sighting;
  /** Wall clock less monotonic clock when the sighting came: a later jump of the wall clock does not move the fact. */
  readonly wallOffsetMs: number;
  /** It was worked on before: something else is known now. */
  readonly isAgain: boolean;
}

/** What became of sightings since the start. */
export interface IntakeCounters {
  readonly taken: number;
  readonly facts: number;
  readonly suppressed: number;
  readonly givenUp: number;
}

/**
 * Brings sightings to the decider one after the other, in the order they came. A full disk or a busy database delays them;
 * nothing is lost as long as the backlog holds.
 */
export class SightingIntake implements AsyncDisposable {
  readonly #decider: Decider;
  readonly #evidence: EvidenceCapture | undefined;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #abort = new AbortController();
  readonly #waiting: Taken[] = [];
  /** What is worked on, again and again where it has to wait. */
  #inHand: Taken | undefined;
  #working: Promise<void> | undefined;
  readonly #failures: Allowance;
  #taken = 0;
  #facts = 0;
  #suppressed = 0;
  #givenUp = 0;
  #problem: RollcallError | undefined;

  constructor(options: {
    readonly decider: Decider;
    /** Keeps the pictures of recorded facts; absent where none are kept. */
    readonly evidence?: EvidenceCapture;
    readonly clock: Clock;
    readonly logger: Logger;
  }) {
    this.#decider = options.decider;
    this.#evidence = options.evidence;
    this.#clock = options.clock;
    this.#logger = options.logger;
    this.#failures = new Allowance(options.clock, failureLog);
  }

  get counters(): IntakeCounters {
    return {
      taken: this.#taken,
      facts: this.#facts,
      suppressed: this.#suppressed,
      givenUp: this.#givenUp,
    };
  }

  /** Sightings that were taken and not worked on yet. */
  get waitingCount(): number {
    return this.#waiting.length + (this.#problem === undefined ? 0 : 1);
  }

  /** Sightings wait for longer than it takes to work on them. */
  get isHeldUp(): boolean {
    return this.#problem !== undefined || this.#waiting.length > heldUpFrom;
  }

  /** What keeps sightings from being worked on, until one could be. */
  get problem(): RollcallError | undefined {
    return this.#problem;
  }

  take(sighting: Sighting): void {
    this.#taken += 1;
    this.#push(sighting, false);
  }

  /** Judges the latest sighting of a track once more; nothing happens where a later one has come. */
  lookAgain(sighting: Sighting): void {
    this.#push(sighting, true);
  }

  #push(sighting: Sighting, isAgain: boolean): void {
    const wallOffsetMs = this.#clock.wallMs() - this.#clock.monotonicMs();
    const isShort = this.#waiting.length < pictureBacklogLimit;
    this.#waiting.push({ sighting: isShort ? sighting : withoutPicture(sighting), wallOffsetMs, isAgain });
    if (this.#waiting.length > backlogLimit) {
      this.#waiting.shift();
      this.#givenUp += 1;
      if (this.#givenUp % 100 === 1) {
        this.#logger.error('sightings are given up: nothing could be stored for too long', {
          givenUp: this.#givenUp,
        });
      }
    }
    this.#working ??= this.#work();
  }

  /** The vision process of this camera ended without ending its tracks: the sightings that still wait are their last. */
  forgetCamera(cameraId: CameraId): void {
    const ended = new Set<TrackId>();
    const endOf = (taken: Taken): Taken => {
      const { sighting } = taken;
      // One that is judged again may be older than others that wait.
      if (taken.isAgain || sighting.cameraId !== cameraId || ended.has(sighting.trackId)) return taken;
      ended.add(sighting.trackId);
      return { ...taken, sighting: { ...sighting, isEnded: true } };
    };
    const newestFirst = [...this.#waiting].reverse().map(endOf);
    this.#waiting.splice(0, newestFirst.length, ...newestFirst.reverse());
    if (this.#inHand !== undefined) this.#inHand = endOf(this.#inHand);
    this.#decider.forgetCamera(cameraId);
    this.#evidence?.forgetCamera(cameraId);
  }

  /** This person is no longer in the gallery. */
  forgetPerson(personId: PersonId): void {
    this.#decider.forgetPerson(personId);
  }

  /** Finishes what can be stored at once, then stops. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#abort.abort();
    await this.#working;
  }

  async #work(): Promise<void> {
    let inARow = 0;
    for (let taken = this.#waiting.shift(); taken !== undefined; taken = this.#waiting.shift()) {
      this.#inHand = taken;
      this.#evidence?.see(taken.sighting);
      while (!(await this.#decide(this.#inHand)));
      this.#inHand = undefined;
      inARow += 1;
      if (inARow % sightingsInATurn === 0) await nextTurn();
    }
    this.#working = undefined;
  }

  /** False: it has to be tried again. */
  async #decide({ sighting, wallOffsetMs, isAgain }: Taken): Promise<boolean> {
    const wallMsOf = (atMs: number): number => atMs + wallOffsetMs;
    try {
      const outcome = await this.#decider.onSighting(sighting, wallMsOf, isAgain);
      for (const { fact, eventId } of outcome.recorded) this.#evidence?.keep(fact, eventId, wallMsOf);
      this.#report(sighting, outcome);
      this.#workedOn(sighting);
    } catch (error) {
      if (isRollcallError(error) && error.retryable) {
        if (!this.#abort.signal.aborted) return this.#waitFor(error);
        this.#giveUpWaiting(error);
      } else if (this.#failures.take()) {
        const untold = this.#failures.takeRefused();
        const { cameraId: camera, trackId: track } = sighting;
        this.#logger.error('a sighting could not be worked on', { camera, track, error, untold });
      }
    }
    return true;
  }

  /** Said once, and again when the reason changes: a full disk is not the less full for being told every 2 s. */
  async #waitFor(problem: RollcallError): Promise<false> {
    const isNew = this.#problem?.code !== problem.code;
    this.#problem = problem;
    const { code, message, remedy } = problem;
    if (isNew)
      this.#logger.error('sightings wait: events cannot be recorded', { code, reason: message, remedy });
    await sleep(this.#clock, retryMs, this.#abort.signal).catch(() => undefined);
    return false;
  }

  /** The daemon stops while sightings wait, this one and those behind it: each would meet the same. */
  #giveUpWaiting({ code }: RollcallError): void {
    const count = 1 + this.#waiting.splice(0).length;
    this.#givenUp += count;
    this.#logger.error('sightings are given up: the daemon stops before they could be worked on', {
      code,
      count,
    });
  }

  #workedOn(sighting: Sighting): void {
    this.#evidence?.workedOn(sighting);
    if (this.#problem === undefined) return;
    this.#problem = undefined;
    this.#logger.info('sightings are worked on again', { waiting: this.#waiting.length });
  }

  #report(sighting: Sighting, outcome: SightingOutcome): void {
    const about = { camera: sighting.cameraId, track: sighting.trackId, sequence: sighting.sequence };
    const { identification, recorded, suppressed } = outcome;
    if (identification !== undefined) {
      this.#logger.info('identification changed', { ...about, outcome: identification.outcome });
    }
    for (const { fact } of recorded) {
      this.#facts += 1;
      this.#logger.info('fact recorded', { ...about, kind: fact.kind });
    }
    for (const { fact, reason, elapsedS } of suppressed) {
      this.#suppressed += 1;
      this.#logger.info('fact suppressed', { ...about, kind: fact.kind, reason, elapsedS });
    }
  }
}

function withoutPicture({ bestShot, ...sighting }: Sighting): Sighting {
  return sighting;
}
