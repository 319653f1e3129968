import type { Logger } from '../base/logger.js';
import type { Config } from '../config/schema.js';
import type { BoxIdentity } from '../domain/event-payload.js';
import { cameraId } from '../domain/ids.js';
import { systemClock as clock } from '../host/system-clock.js';
import { systemRandom as random } from '../host/system-random.js';
import type { Publisher } from '../publish/publisher.js';
import type { Records } from '../records/open-records.js';
import type { Report } from '../vision/protocol.js';
import { decodeSighting } from '../vision/sighting-codec.js';
import { CameraBoard } from './camera-board.js';
import { startPublishing } from './compose-publisher.js';
import type { SightingIntake } from './sighting-intake.js';
import { planVision } from './vision-plan.js';
import { VisionPool } from './vision-pool.js';

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

/** Starts the vision processes that `config` asks for; sightings go to `intake`. */
async function startVisionPart(
  config: Config,
  { intake, logger, progress }: Pick<StartOptions, 'intake' | 'logger'> & { readonly progress: Progress },
): Promise<VisionPart> {
  const { plan, processes, unplanned } = await planVision(config);
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
  const pool = new VisionPool({ processes, plan, clock, random, logger, onReport, onRound, onDown });
  pool.start();
  return { pool, board, [Symbol.asyncDispose]: () => pool[Symbol.asyncDispose]() };
}

/** Parts that a changed configuration replaces while the gallery and the records stay open. */
export class ReplaceableParts implements AsyncDisposable {
  readonly #intake: SightingIntake;
  readonly #records: Records;
  readonly #identity: BoxIdentity;
  readonly #logger: Logger;
  readonly #progress: Progress;
  #config: Config;
  #vision: VisionPart;
  #publisher: Publisher | undefined;

  private constructor(
    options: StartOptions & { readonly progress: Progress },
    vision: VisionPart,
    publisher: Publisher | undefined,
  ) {
    this.#config = options.config;
    this.#intake = options.intake;
    this.#records = options.records;
    this.#identity = options.identity;
    this.#logger = options.logger;
    this.#progress = options.progress;
    this.#vision = vision;
    this.#publisher = publisher;
  }

  static async start(options: StartOptions): Promise<ReplaceableParts> {
    const publisher = await startPublishing(options);
    const progress: Progress = { rounds: 0, analysis: 0 };
    const vision = await startVisionPart(options.config, { ...options, progress });
    return new ReplaceableParts({ ...options, progress }, vision, publisher);
  }

  /** The configuration in force. */
  get config(): Config {
    return this.#config;
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

  /** Puts `config` in force; replaces only the parts named. What fails leaves the part that ran before running. */
  async replace(
    config: Config,
    parts: { readonly vision: boolean; readonly publisher: boolean },
  ): Promise<void> {
    if (parts.publisher) {
      const next = { config, identity: this.#identity, records: this.#records, logger: this.#logger };
      const started = await startPublishing(next);
      const previous = this.#publisher;
      this.#publisher = started;
      await previous?.[Symbol.asyncDispose]();
    }
    if (parts.vision) {
      const previous = this.#vision;
      // One after the other: cameras often allow few sessions, and the memory of a box is made for one set.
      await previous[Symbol.asyncDispose]();
      const parts = { intake: this.#intake, logger: this.#logger, progress: this.#progress };
      this.#vision = await startVisionPart(config, parts);
    }
    this.#config = config;
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
  readonly logger: Logger;
}
