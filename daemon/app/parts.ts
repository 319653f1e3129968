import { isDeepStrictEqual } from 'node:util';
import type { Logger } from '../base/logger.js';
import type { Config } from '../config/schema.js';
import type { BoxIdentity } from '../domain/event-payload.js';
import { cameraId } from '../domain/ids.js';
import { systemClock as clock } from '../host/system-clock.js';
import { systemRandom as random } from '../host/system-random.js';
import type { Publisher, PublisherOptions } from '../publish/publisher.js';
import type { Records } from '../records/open-records.js';
import type { Report } from '../vision/protocol.js';
import { decodeSighting } from '../vision/sighting-codec.js';
import { CameraBoard } from './camera-board.js';
import { type PublishingPlan, planPublishing, startPublishing } from './compose-publisher.js';
import type { SightingIntake } from './sighting-intake.js';
import { type PlannedVision, planVision } from './vision-plan.js';
import { VisionPool } from './vision-pool.js';
import { untilVisionRuns } from './vision-start.js';

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
  { config, intake, logger, progress }: StartOptions & { readonly progress: Progress },
): VisionPart {
  const board = new CameraBoard();
  for (const { id, ...failure } of unplanned) {
    logger.error('a camera cannot be opened', { camera: id, ...failure });
    board.setState(id, { state: 'failed', ...failure, nextTryMs: 0 });
  }
  const onReport = (report: Report): void => {
    if (report.type === 'sighting') intake.take(decodeSighting(report.sighting));
    else if (report.type === 'camera') board.setState(report.cameraId, report.state);
    else if (report.type === 'progress' && board.takeCounters(report.cameras)) progress.analysis += 1;
  };
  const onDown = (cameraIds: readonly string[]): void => {
    board.forget(cameraIds);
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

async function planParts(config: Config, identity: BoxIdentity): Promise<Plans> {
  return { publishing: await planPublishing(config, identity), vision: await planVision(config) };
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

  private constructor(options: StartOptions, plans: Plans) {
    this.#options = options;
    this.#config = options.config;
    this.#plans = plans;
    this.#publisher = startPublishing(plans.publishing, options);
    this.#vision = this.#startVision(plans.vision, options.config);
  }

  static async start(options: StartOptions): Promise<ReplaceableParts> {
    return new ReplaceableParts(options, await planParts(options.config, options.identity));
  }

  /** The configuration in force. */
  get config(): Config {
    return this.#config;
  }

  /** Nobody is identified until somebody unlocks the gallery. */
  get isGallerySealed(): boolean {
    return this.#options.gallery.state() === 'sealed';
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
   * Puts `config` in force and replaces the parts for which it, or a secret that it names, has changed. Throws when a part
   * cannot be planned or vision does not start with it; everything then runs as before. `signal` ends the wait for vision.
   */
  async replace(config: Config, signal: AbortSignal): Promise<readonly ReplacedPart[]> {
    const plans = await planParts(config, this.#options.identity);
    const before = this.#plans;
    const replaced: ReplacedPart[] = [];
    if (!isDeepStrictEqual(before.vision, plans.vision)) {
      await this.#replaceVision(plans.vision, config, signal);
      replaced.push('vision processes');
    }
    if (!isDeepStrictEqual(before.publishing, plans.publishing)) {
      // One after the other: the goodbye of the old connection must not follow the greeting of the new.
      await this.#publisher?.[Symbol.asyncDispose]();
      this.#publisher = startPublishing(plans.publishing, this.#options);
      replaced.push('broker connection');
    }
    this.#vision.pool.setLogLevel(config.logging.level);
    this.#plans = plans;
    this.#config = config;
    return replaced;
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
    await this.#vision[Symbol.asyncDispose]();
    await this.#publisher?.[Symbol.asyncDispose]();
  }
}

export interface StartOptions {
  readonly config: Config;
  readonly identity: BoxIdentity;
  readonly intake: SightingIntake;
  readonly records: Records;
  /** What the state message says of the gallery. */
  readonly gallery: PublisherOptions['gallery'];
  readonly logger: Logger;
}
