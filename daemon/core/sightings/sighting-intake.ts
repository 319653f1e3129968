import { setImmediate as nextTurn } from 'node:timers/promises';
import { type Clock, sleep } from '../../kernel/clock.js';
import { isRollcallError, type RollcallError } from '../../kernel/errors.js';
import type { CameraId, PersonId, TrackId } from '../../kernel/ids.js';
import type { Logger } from '../../kernel/logger.js';
import type { Passage } from '../../kernel/passages/passage.js';
import { TokenBucket } from '../../kernel/token-bucket.js';
import type { Sighting } from '../../kernel/tracks/sighting.js';
import type { EvidenceCapture } from '../events/evidence-capture.js';
import type { Decider, SightingOutcome } from './decider.js';

/** The wait after a fact could not be stored, milliseconds. */
const retryMs = 2_000;
/** The most sightings that wait while nothing can be stored. Beyond that the oldest are dropped, counted and logged. */
const backlogLimit = 5_000;
/** In a longer backlog, sightings wait without their pictures, which are many times larger. */
const pictureBacklogLimit = 500;

/** A shorter backlog is processed within a moment. */
const heldUpFrom = 100;

/** The limit of log lines about failed sightings: vision may send a hundred in a second. */
const failureLog = { most: 10, everyMs: 1_000 };

/** Sightings processed between two turns of the event loop, so that a backlog does not block everything else. */
const sightingsInATurn = 10;

interface Taken {
  readonly sighting: Sighting;
  /** Wall clock minus monotonic clock when the sighting arrived, so that a later jump of the wall clock does not move the fact. */
  readonly wallOffsetMs: number;
  /** The sighting is judged again because more is known now. */
  readonly isAgain: boolean;
}

/** Counts of sightings since the start. */
export interface IntakeCounters {
  readonly taken: number;
  readonly facts: number;
  readonly suppressed: number;
  readonly givenUp: number;
}

export type DeciderPort = Pick<
  Decider,
  'onSighting' | 'forgetCamera' | 'forgetPerson' | 'openPassages' | 'stopping'
>;

/**
 * Passes sightings to the decider one by one, in the order of arrival. A full disk or a busy database delays them; none is lost
 * unless the backlog is full.
 */
export class SightingIntake implements AsyncDisposable {
  readonly #decider: DeciderPort;
  readonly #evidence: EvidenceCapture | undefined;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #abort = new AbortController();
  readonly #waiting: Taken[] = [];
  /** The sighting in work. It stays here while it is tried again. */
  #inHand: Taken | undefined;
  /** The sighting in work waits until it is tried again. */
  #isWaiting = false;
  #working: Promise<void> | undefined;
  readonly #failures: TokenBucket;
  #taken = 0;
  #facts = 0;
  #suppressed = 0;
  #givenUp = 0;
  #problem: RollcallError | undefined;

  constructor(options: {
    readonly decider: DeciderPort;
    /** Keeps the pictures of recorded facts, if given. */
    readonly evidence?: EvidenceCapture;
    readonly clock: Clock;
    readonly logger: Logger;
  }) {
    this.#decider = options.decider;
    this.#evidence = options.evidence;
    this.#clock = options.clock;
    this.#logger = options.logger;
    this.#failures = new TokenBucket(options.clock, failureLog);
  }

  get counters(): IntakeCounters {
    return {
      taken: this.#taken,
      facts: this.#facts,
      suppressed: this.#suppressed,
      givenUp: this.#givenUp,
    };
  }

  /** Sightings that are not processed yet. */
  get waitingCount(): number {
    return this.#waiting.length + (this.#problem === undefined ? 0 : 1);
  }

  /** True while sightings wait for longer than their processing takes. */
  get isHeldUp(): boolean {
    return this.#problem !== undefined || this.#waiting.length > heldUpFrom;
  }

  /** Why sightings cannot be processed now, if so. */
  get problem(): RollcallError | undefined {
    return this.#problem;
  }

  take(sighting: Sighting): void {
    this.#taken += 1;
    this.#push(sighting, false);
  }

  /** Judges the latest sighting of a track again. Does nothing if a newer one has arrived. */
  judgeAgain(sighting: Sighting): void {
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
        this.#logger.error('sightings are dropped because nothing could be stored for too long', {
          givenUp: this.#givenUp,
        });
      }
    }
    this.#working ??= this.#work();
  }

  /** Ends the tracks of this camera, because its vision process ended without doing so: the newest waiting sightings become the last. */
  forgetCamera(cameraId: CameraId): void {
    const ended = new Set<TrackId>();
    const endOf = (taken: Taken): Taken => {
      const { sighting } = taken;
      // A sighting that is judged again may be older than others that wait.
      if (taken.isAgain || sighting.cameraId !== cameraId || ended.has(sighting.trackId)) return taken;
      ended.add(sighting.trackId);
      return { ...taken, sighting: { endedBy: 'vision-stopped', ...sighting, isEnded: true } };
    };
    const newestFirst = [...this.#waiting].reverse().map(endOf);
    this.#waiting.splice(0, newestFirst.length, ...newestFirst.reverse());
    // The sighting in work is decided as it was given, unless it waits for another try.
    const ending = this.#isWaiting ? ended : new Set(ended);
    if (this.#inHand !== undefined) this.#inHand = endOf(this.#inHand);
    void this.#decider.forgetCamera(cameraId, ending).then((passages) => {
      for (const passage of passages) this.#evidence?.keepPassage(passage);
    });
  }

  /** The passages of the faces that are in sight of a camera, as they stand. */
  openPassages(cameraId: CameraId): readonly Passage[] {
    return this.#decider.openPassages(cameraId);
  }

  /** The daemon stops, and its vision processes with it. */
  stopping(): void {
    this.#decider.stopping();
  }

  /** Forgets a person who is no longer in the gallery. */
  forgetPerson(personId: PersonId): void {
    this.#decider.forgetPerson(personId);
  }

  /** Processes what can be stored without a wait, then stops. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#abort.abort();
    await this.#working;
  }

  async #work(): Promise<void> {
    let inARow = 0;
    for (let taken = this.#waiting.shift(); taken !== undefined; taken = this.#waiting.shift()) {
      this.#inHand = taken;
      const { sighting, wallOffsetMs } = taken;
      this.#evidence?.see(sighting, (atMs) => atMs + wallOffsetMs);
      while (!(await this.#decide(this.#inHand)));
      this.#inHand = undefined;
      inARow += 1;
      if (inARow % sightingsInATurn === 0) await nextTurn();
    }
    this.#working = undefined;
  }

  /** False if the sighting must be tried again. */
  async #decide({ sighting, wallOffsetMs, isAgain }: Taken): Promise<boolean> {
    const wallMsOf = (atMs: number): number => atMs + wallOffsetMs;
    try {
      const outcome = await this.#decider.onSighting(sighting, wallMsOf, isAgain);
      const { recorded, ended } = outcome;
      for (const { fact, eventId } of recorded) this.#evidence?.keep(fact, eventId);
      if (ended !== undefined) this.#evidence?.keepPassage(ended);
      this.#report(sighting, outcome);
      this.#workAgain();
    } catch (error) {
      if (isRollcallError(error) && error.retryable) {
        if (!this.#abort.signal.aborted) return this.#waitFor(error);
        this.#giveUpWaiting(error);
      } else if (this.#failures.take()) {
        const unlogged = this.#failures.takeRefused();
        const { cameraId: camera, trackId: track } = sighting;
        this.#logger.error('a sighting could not be processed', { camera, track, error, unlogged });
      }
    }
    return true;
  }

  /** Waits before the next try. Logs only when the reason changes, not at every try. */
  async #waitFor(problem: RollcallError): Promise<false> {
    const isNew = this.#problem?.code !== problem.code;
    this.#problem = problem;
    const { code, message, remedy } = problem;
    if (isNew)
      this.#logger.error('sightings wait because events cannot be recorded', {
        code,
        reason: message,
        remedy,
      });
    this.#isWaiting = true;
    await sleep(this.#clock, retryMs, this.#abort.signal).catch(() => undefined);
    this.#isWaiting = false;
    return false;
  }

  /** Drops this sighting and the waiting ones: the daemon stops, and none of them could be recorded. */
  #giveUpWaiting({ code }: RollcallError): void {
    const count = 1 + this.#waiting.splice(0).length;
    this.#givenUp += count;
    this.#logger.error('sightings are dropped because the daemon stops before they could be processed', {
      code,
      count,
    });
  }

  #workAgain(): void {
    if (this.#problem === undefined) return;
    this.#problem = undefined;
    this.#logger.info('sightings are processed again', { waiting: this.#waiting.length });
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
    for (const { fact, ...why } of suppressed) {
      this.#suppressed += 1;
      this.#logger.info('fact suppressed', { ...about, kind: fact.kind, ...why });
    }
  }
}

function withoutPicture({ bestShot, ...sighting }: Sighting): Sighting {
  return sighting;
}
