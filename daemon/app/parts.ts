import { isDeepStrictEqual } from 'node:util';
import { InTurn } from '../base/in-turn.js';
import type { Config } from '../config/schema.js';
import { cameraId } from '../domain/ids.js';
import { systemClock as clock } from '../host/system-clock.js';
import { systemRandom as random } from '../host/system-random.js';
import { matchPolicy } from '../models/operating-point.js';
import type { ConditionPort } from '../publish/condition-port.js';
import type { Publisher } from '../publish/publisher.js';
import type { CameraState, Report } from '../vision/protocol.js';
import type { RecogniserInUse } from '../vision/recogniser-in-use.js';
import { decodeSighting } from '../vision/sighting-codec.js';
import { CameraBoard } from './cameras/camera-board.js';
import type { CameraStates } from './cameras/camera-states.js';
import { withSwitches } from './cameras/camera-switches.js';
import { type PlannedVision, planVision } from './cameras/vision-plan.js';
import { VisionPool, type VisionPoolOptions } from './cameras/vision-pool.js';
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

/** The vision processes, and what they said of their cameras. */
export interface VisionPart extends AsyncDisposable {
  readonly pool: VisionPool;
  readonly board: CameraBoard;
}

/** What stands for a camera whose vision process misbehaves again and again. */
const misbehaving: CameraState = {
  state: 'failed',
  code: 'vision-misbehaving',
  message: 'the vision process of this camera says what the core cannot believe, again and again',
  remedy:
    'look at what the camera sends and who can reach it, and read the log of rollcalld; restart rollcalld when that is mended',
  nextTryMs: 0,
};

export interface VisionPartOptions extends Pick<VisionPoolOptions, 'logger' | 'programOf'> {
  readonly config: Pick<Config, 'logging'>;
  readonly intake: Pick<SightingIntake, 'take' | 'forgetCamera'>;
  /** Told of the cameras, whatever is replaced. */
  readonly cameras: Pick<CameraStates, 'take' | 'forget'>;
  readonly conditions: Pick<ConditionPort, 'change' | 'end'>;
}

/** Connects the vision processes with those who hear what they say. `progress` is counted up. */
export function openVisionPart(options: VisionPartOptions, progress: Progress): VisionPart {
  const { config, intake, cameras, conditions, logger } = options;
  const board = new CameraBoard();
  const setState = (id: string, state: CameraState): void => {
    board.setState(id, state);
    cameras.take(id, state);
  };
  const onReport = (report: Report, picture: Uint8Array): void => {
    if (report.type === 'sighting') intake.take(decodeSighting(report.sighting, picture));
    else if (report.type === 'camera') setState(report.cameraId, report.state);
    else if (report.type === 'progress' && board.takeCounters(report.cameras)) progress.analysis += 1;
  };
  const onDown = (cameraIds: readonly string[]): void => {
    board.closed(cameraIds);
    cameras.forget(cameraIds);
    for (const id of cameraIds) intake.forgetCamera(cameraId(id));
  };
  const onRound = (): void => {
    progress.rounds += 1;
  };
  const onMisbehaviour = (about: readonly string[], isDegraded: boolean): void => {
    conditions.change('vision-misbehaving', {}, { holds: about });
    if (isDegraded) for (const id of about) setState(id, misbehaving);
  };
  const onTrusted = (about: readonly string[]): void =>
    conditions.change('vision-misbehaving', {}, { over: about });
  // Processes that are started now have done nothing yet.
  conditions.end('vision-misbehaving');
  const pool = new VisionPool({
    ...{ clock, random, logger, onReport, onRound, onDown, onMisbehaviour, onTrusted },
    logLevel: config.logging.level,
    ...(options.programOf === undefined ? {} : { programOf: options.programOf }),
  });
  return { pool, board, [Symbol.asyncDispose]: () => pool[Symbol.asyncDispose]() };
}

/** What the parts were started with. Two that are equal need no replacement. */
interface Plans {
  readonly vision: PlannedVision;
  readonly publishing: PublishingPlan | undefined;
}

async function planParts(config: Config, options: StartOptions): Promise<Plans> {
  const { identity, records, recogniser } = options;
  // Throws where nobody says when two faces are one person.
  matchPolicy(config, recogniser.pack);
  const switched = withSwitches(config, records.commands.cameras.all());
  const vision = await planVision(switched, recogniser.name);
  return { publishing: await planPublishing(config, identity), vision };
}

/** What a reload replaced or opened, for people. */
export type ReplacedPart = 'vision processes' | 'broker connection' | `camera ${string}`;

/** Parts that a changed configuration replaces while the gallery and the records stay open. */
export class ReplaceableParts implements AsyncDisposable {
  readonly #options: StartOptions;
  readonly #progress: Progress = { rounds: 0, analysis: 0 };
  #config: Config;
  #plans: Plans;
  readonly #vision: VisionPart;
  #publisher: Publisher | undefined;
  /** By the connections before this one. */
  #publishedBefore = 0;
  readonly #turns = new InTurn();
  #isEnded = false;

  private constructor(options: StartOptions, plans: Plans) {
    this.#options = options;
    this.#config = options.config;
    this.#plans = plans;
    options.cameras.configure(this.cameras);
    this.#publisher = startPublishing(plans.publishing, options);
    this.#vision = openVisionPart(options, this.#progress);
    this.#tellUnplanned(plans.vision);
    this.#vision.pool.start(plans.vision);
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

  /** Events that a broker has acknowledged since the start. */
  get publishedCount(): number {
    return this.#publishedBefore + (this.#publisher?.status().publishedCount ?? 0);
  }

  /**
   * Puts `config` in force and replaces the parts for which it, or a secret that it names, has changed; also the connection to a
   * broker that refuses something, so that it is tried again at once. Cameras that have not changed go on. Throws when a part
   * cannot be planned or vision does not start with it; everything then runs as before. `signal` ends the wait for vision.
   */
  replace(config: Config, signal: AbortSignal): Promise<readonly ReplacedPart[]> {
    return this.#turns.run(() => this.#replace(config, signal, { triesAgain: true }));
  }

  /** Takes up what was switched beside the configuration. Throws as `replace` does. */
  replan(signal: AbortSignal): Promise<readonly ReplacedPart[]> {
    return this.#turns.run(() => this.#replace(this.#config, signal));
  }

  /** Says goodbye to the broker, runs `work`, and connects anew, whatever became of it. */
  inSilence<T>(work: () => Promise<T>): Promise<T> {
    return this.#turns.run(async () => {
      await this.#publisher?.[Symbol.asyncDispose]();
      try {
        return await work();
      } finally {
        this.#startPublisher(this.#plans.publishing);
      }
    });
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
      replaced.push(...(await this.#changeVision(plans.vision, signal)));
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
    this.#vision.board.configure(this.cameras.map(({ id }) => id));
    return replaced;
  }

  async #replacePublisher(plan: PublishingPlan | undefined): Promise<void> {
    // One after the other: the goodbye of the old connection must not follow the greeting of the new.
    await this.#publisher?.[Symbol.asyncDispose]();
    this.#startPublisher(plan);
  }

  #startPublisher(plan: PublishingPlan | undefined): void {
    if (this.#isEnded) return;
    this.#publishedBefore = this.publishedCount;
    this.#publisher = startPublishing(plan, this.#options);
  }

  async #changeVision(plan: PlannedVision, signal: AbortSignal): Promise<readonly ReplacedPart[]> {
    const { pool } = this.#vision;
    this.#forgetPlanned(plan);
    try {
      const { replaced, opened } = await pool.takeUp(plan, signal);
      this.#tellUnplanned(plan);
      return replaced > 0 ? ['vision processes'] : opened.map((id) => `camera ${id}` as const);
    } catch (error) {
      // The processes of the plan before have loaded their models already: no wait is needed.
      await pool.takeUp(this.#plans.vision, AbortSignal.abort());
      this.#tellUnplanned(this.#plans.vision);
      throw error;
    }
  }

  /** What was said of a camera that could not be planned, and can be now, no longer holds. */
  #forgetPlanned({ unplanned }: PlannedVision): void {
    const still = new Set(unplanned.map(({ id }) => id));
    const planned = this.#plans.vision.unplanned.map(({ id }) => id).filter((id) => !still.has(id));
    this.#vision.board.closed(planned);
    this.#options.cameras.forget(planned);
  }

  #tellUnplanned({ unplanned }: PlannedVision): void {
    const { cameras, logger } = this.#options;
    for (const { id, ...failure } of unplanned) {
      logger.error('a camera cannot be opened', { camera: id, ...failure });
      const state: CameraState = { state: 'failed', ...failure, nextTryMs: 0 };
      this.#vision.board.setState(id, state);
      cameras.take(id, state);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isEnded = true;
    await this.#vision[Symbol.asyncDispose]();
    await this.#publisher?.[Symbol.asyncDispose]();
  }
}

export interface StartOptions extends PublishingParts {
  readonly config: Config;
  readonly recogniser: Pick<RecogniserInUse, 'name' | 'pack'>;
  readonly intake: SightingIntake;
  /** Told of the cameras, whatever is replaced. */
  readonly cameras: CameraStates;
}
