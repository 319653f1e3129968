import { isDeepStrictEqual } from 'node:util';
import type { Config } from '../config/schema.js';
import { cameraId } from '../domain/ids.js';
import { systemClock as clock } from '../host/system-clock.js';
import { systemRandom as random } from '../host/system-random.js';
import type { Publisher } from '../publish/publisher.js';
import type { CameraState, Report } from '../vision/protocol.js';
import { decodeSighting } from '../vision/sighting-codec.js';
import { CameraBoard } from './cameras/camera-board.js';
import type { CameraStates } from './cameras/camera-states.js';
import { withSwitches } from './cameras/camera-switches.js';
import { type PlannedVision, planVision } from './cameras/vision-plan.js';
import { VisionPool } from './cameras/vision-pool.js';
import { untilVisionRuns } from './cameras/vision-start.js';
import {
  type PublishingParts,
  type PublishingPlan,
  planPublishing,
  startPublishing,
} from './compose/compose-publisher.js';
import type { SightingIntake } from './events/sighting-intake.js';

/** Counts that only grow, whatever is replaced: what the watchdog goes by. */
export interface Progress {
  /** Times every vision process has reported since the time before. */
  rounds: number;
  /** Reports that showed analysis getting on. */
  analysis: number;
}

/** The vision processes of one configuration, and what they said of their cameras. */
export interface VisionPart extends AsyncDisposable {
  readonly pool: VisionPool;
  readonly board: CameraBoard;
}

/** Starts the planned vision processes; sightings go to `intake`. */
function startVisionPart(
  { plan, processes, unplanned }: PlannedVision,
  { config, intake, cameras, logger, progress }: StartOptions & { readonly progress: Progress },
): VisionPart {
  const board = new CameraBoard();
  const setState = (id: string, state: CameraState): void => {
    board.setState(id, state);
    cameras.take(id, state);
  };
  for (const { id, ...failure } of unplanned) {
    logger.error('a camera cannot be opened', { camera: id, ...failure });
    setState(id, { state: 'failed', ...failure, nextTryMs: 0 });
  }
  const onReport = (report: Report): void => {
    if (report.type === 'sighting') intake.take(decodeSighting(report.sighting));
    else if (report.type === 'camera') setState(report.cameraId, report.state);
    else if (report.type === 'progress' && board.takeCounters(report.cameras)) progress.analysis += 1;
  };
  const onDown = (cameraIds: readonly string[]): void => {
    board.forget(cameraIds);
    cameras.forget(cameraIds);
    for (const id of cameraIds) intake.forgetCamera(cameraId(id));
  };
  const onRound = (): void => {
    progress.rounds += 1;
  };
  const pool = new VisionPool({
    processes,
    plan,
    logLevel: config.logging.level,
    clock,
    random,
    logger,
    onReport,
    onRound,
    onDown,
  });
  pool.start();
  return { pool, board, [Symbol.asyncDispose]: () => pool[Symbol.asyncDispose]() };
}

/** What the parts were started with. Two that are equal need no replacement. */
interface Plans {
  readonly vision: PlannedVision;
  readonly publishing: PublishingPlan | undefined;
}

async function planParts(config: Config, { identity, records }: StartOptions): Promise<Plans> {
  const switched = withSwitches(config, records.commands.cameras.all());
  return { publishing: await planPublishing(config, identity), vision: await planVision(switched) };
}

/** A part that a reload replaced, for people. */
export type ReplacedPart = 'vision processes' | 'broker connection';

/** Parts that a changed configuration replaces while the gallery and the records stay open. */
export class ReplaceableParts implements AsyncDisposable {
  readonly #options: StartOptions;
  readonly #progress: Progress = { rounds: 0, analysis: 0 };
  #config: Config;
  #plans: Plans;
  #vision: VisionPart;
  #publisher: Publisher | undefined;
  #turn: Promise<unknown> = Promise.resolve();
  #isEnded = false;

  private constructor(options: StartOptions, plans: Plans) {
    this.#options = options;
    this.#config = options.config;
    this.#plans = plans;
    options.cameras.configure(this.cameras);
    this.#publisher = startPublishing(plans.publishing, options);
    this.#vision = this.#startVision(plans.vision, options.config);
  }

  static async start(options: StartOptions): Promise<ReplaceableParts> {
    return new ReplaceableParts(options, await planParts(options.config, options));
  }

  /** The configuration in force. */
  get config(): Config {
    return this.#config;
  }

  /** Those of the configuration, with what a centre switched. */
  get cameras(): Config['cameras'] {
    return withSwitches(this.#config, this.#options.records.commands.cameras.all()).cameras;
  }

  /** Cameras that a centre switched on or off, whatever the configuration says. */
  get switchedCameras(): ReadonlySet<string> {
    return new Set(this.#options.records.commands.cameras.all().keys());
  }

  /** Nobody is identified until somebody unlocks the gallery. */
  get isGallerySealed(): boolean {
    return this.#options.state.current().gallery === 'sealed';
  }

  get progress(): Readonly<Progress> {
    return this.#progress;
  }

  get vision(): VisionPart {
    return this.#vision;
  }

  /** Undefined where no broker is configured. */
  get publisher(): Publisher | undefined {
    return this.#publisher;
  }

  /**
   * Puts `config` in force and replaces the parts for which it, or a secret that it names, has changed; also the connection to a
   * broker that refuses something, so that it is tried again at once. Throws when a part
   * cannot be planned or vision does not start with it; everything then runs as before. `signal` ends the wait for vision.
   */
  replace(config: Config, signal: AbortSignal): Promise<readonly ReplacedPart[]> {
    return this.#inTurn(() => this.#replace(config, signal, { triesAgain: true }));
  }

  /** Takes up what was switched beside the configuration. Throws as `replace` does. */
  replan(signal: AbortSignal): Promise<readonly ReplacedPart[]> {
    return this.#inTurn(() => this.#replace(this.#config, signal));
  }

  /** Says goodbye to the broker, runs `work`, and connects anew, whatever became of it. */
  inSilence<T>(work: () => Promise<T>): Promise<T> {
    return this.#inTurn(async () => {
      await this.#publisher?.[Symbol.asyncDispose]();
      try {
        return await work();
      } finally {
        this.#startPublisher(this.#plans.publishing);
      }
    });
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#turn.then(work);
    this.#turn = result.catch(() => undefined);
    return result;
  }

  async #replace(
    config: Config,
    signal: AbortSignal,
    { triesAgain = false } = {},
  ): Promise<readonly ReplacedPart[]> {
    const plans = await planParts(config, this.#options);
    const before = this.#plans;
    const replaced: ReplacedPart[] = [];
    if (!isDeepStrictEqual(before.vision, plans.vision)) {
      await this.#replaceVision(plans.vision, config, signal);
      replaced.push('vision processes');
    }
    const isRefused = triesAgain && this.#publisher?.isRefusedSomething() === true;
    if (isRefused || !isDeepStrictEqual(before.publishing, plans.publishing)) {
      await this.#replacePublisher(plans.publishing);
      replaced.push('broker connection');
    }
    this.#vision.pool.setLogLevel(config.logging.level);
    this.#plans = plans;
    this.#config = config;
    this.#options.cameras.configure(this.cameras);
    return replaced;
  }

  async #replacePublisher(plan: PublishingPlan | undefined): Promise<void> {
    // One after the other: the goodbye of the old connection must not follow the greeting of the new.
    await this.#publisher?.[Symbol.asyncDispose]();
    this.#startPublisher(plan);
  }

  #startPublisher(plan: PublishingPlan | undefined): void {
    if (!this.#isEnded) this.#publisher = startPublishing(plan, this.#options);
  }

  async #replaceVision(plan: PlannedVision, config: Config, signal: AbortSignal): Promise<void> {
    // One after the other: cameras often allow few sessions, and the memory of a box is made for one set.
    await this.#vision[Symbol.asyncDispose]();
    this.#vision = this.#startVision(plan, config);
    try {
      await untilVisionRuns(this.#vision.pool, signal);
    } catch (error) {
      await this.#vision[Symbol.asyncDispose]();
      this.#vision = this.#startVision(this.#plans.vision, this.#config);
      throw error;
    }
  }

  #startVision(plan: PlannedVision, config: Config): VisionPart {
    return startVisionPart(plan, { ...this.#options, config, progress: this.#progress });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isEnded = true;
    await this.#vision[Symbol.asyncDispose]();
    await this.#publisher?.[Symbol.asyncDispose]();
  }
}

export interface StartOptions extends PublishingParts {
  readonly config: Config;
  readonly intake: SightingIntake;
  /** Told of the cameras, whatever is replaced. */
  readonly cameras: CameraStates;
}
