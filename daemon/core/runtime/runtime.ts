import { isDeepStrictEqual } from 'node:util';
import type { Config } from '../../contract/settings/schema.js';
import type { CameraState } from '../../contract/vision/vision-reports.js';
import { isRollcallError, type RollcallError } from '../../kernel/errors.js';
import { SerialQueue } from '../../kernel/serial-queue.js';
import type { CameraLines } from '../../vision/lines/camera-lines.js';
import { matchPolicy } from '../../vision/operating-point.js';
import type { RecogniserInUse } from '../../vision/recogniser-in-use.js';
import type { VisionLauncher } from '../../vision/vision-launcher.js';
import type { CameraStates } from '../cameras/camera-states.js';
import type { PhotoWall } from '../cameras/photo-wall.js';
import { type PlannedVision, planVision } from '../cameras/vision-plan.js';
import {
  type CamerasInUse,
  openVisionRuntime,
  type Progress,
  type VisionRuntime,
} from '../cameras/vision-runtime.js';
import type { CameraSwitches } from '../commands/camera-switches.js';
import type { Publisher } from '../delivery/publisher.js';
import type { SightingIntake } from '../sightings/sighting-intake.js';
import {
  type PublishingOptions,
  type PublishingPlan,
  planPublishing,
  startPublishing,
} from './publishing.js';

/** What vision and publishing were started with. Equal plans need no replacement. */
interface Plans {
  readonly vision: PlannedVision;
  readonly publishing: PublishingPlan | undefined;
  /** Why there is no connection to the configured broker. */
  readonly publishingProblem?: RollcallError;
}

/** `isBrokerOptional`: recognition must not wait for a secret of the broker. Otherwise throws when that is unusable. */
async function makePlans(
  config: Config,
  options: StartOptions,
  { isBrokerOptional }: { readonly isBrokerOptional: boolean },
): Promise<Plans> {
  const { identity, records, recogniser } = options;
  // Throws without an operating point for the recogniser.
  matchPolicy(config, recogniser.pack);
  const switched = withSwitches(config, records.commands.cameras.all());
  const vision = await planVision(switched, recogniser.name);
  try {
    return { publishing: await planPublishing(config, identity), vision };
  } catch (error) {
    if (!isBrokerOptional || !isRollcallError(error) || error.kind === 'defect') throw error;
    return { publishing: undefined, publishingProblem: error, vision };
  }
}

/** What a reload replaced or opened, in words for people. */
export type ReplacedPart = 'vision processes' | 'broker connection' | `camera ${string}`;

/**
 * The configuration in force and what runs by it: the vision processes and the connection to the broker. A changed
 * configuration replaces these while the gallery and the records stay open.
 */
export class Runtime implements CamerasInUse, AsyncDisposable {
  readonly #options: StartOptions;
  readonly #progress: Progress = { rounds: 0, analysis: 0 };
  #config: Config;
  #plans: Plans;
  readonly #vision: VisionRuntime;
  #publisher: Publisher | undefined;
  /** Events published by earlier connections. */
  #publishedBefore = 0;
  readonly #turns = new SerialQueue();
  #isEnded = false;

  private constructor(options: StartOptions, plans: Plans) {
    this.#options = options;
    this.#config = options.config;
    this.#plans = plans;
    options.cameras.configure(this.cameras);
    this.#publisher = this.#startPublishing(plans);
    this.#vision = openVisionRuntime(options, this.#progress);
    this.#reportUnplanned(plans.vision);
    this.#vision.pool.start(plans.vision);
  }

  static async start(options: StartOptions): Promise<Runtime> {
    return new Runtime(options, await makePlans(options.config, options, { isBrokerOptional: true }));
  }

  /** The configuration in force. */
  get config(): Config {
    return this.#config;
  }

  /** The configured cameras, with the switches of centres applied. */
  get cameras(): Config['cameras'] {
    return withSwitches(this.#config, this.#options.records.commands.cameras.all()).cameras;
  }

  /** Ids of the cameras that a centre switched on or off. */
  get switchedCameras(): ReadonlySet<string> {
    return new Set(this.#options.records.commands.cameras.all().keys());
  }

  /** No person is identified while the gallery is sealed. */
  get isGallerySealed(): boolean {
    return this.#options.state.current().gallery === 'sealed';
  }

  get progress(): Readonly<Progress> {
    return this.#progress;
  }

  get vision(): VisionRuntime {
    return this.#vision;
  }

  /** Undefined where no broker is configured. */
  get publisher(): Publisher | undefined {
    return this.#publisher;
  }

  /** Why the box does not try to reach the configured broker. */
  get publishingProblem(): RollcallError | undefined {
    return this.#plans.publishingProblem;
  }

  /** Events that brokers have acknowledged since the start. */
  get publishedCount(): number {
    return this.#publishedBefore + (this.#publisher?.status().publishedCount ?? 0);
  }

  /**
   * Puts `config` in force and replaces the parts whose settings or secrets have changed. Also replaces the connection to a
   * broker that refuses something, so that the box tries again immediately. Unchanged cameras keep running. Throws when a part
   * cannot be planned or vision does not start; everything then runs as before. `signal` ends the wait for vision.
   */
  replace(config: Config, signal: AbortSignal): Promise<readonly ReplacedPart[]> {
    return this.#turns.run(() => this.#replace(config, signal, { triesAgain: true }));
  }

  /** Applies changed camera switches. Throws as `replace` does. */
  replan(signal: AbortSignal): Promise<readonly ReplacedPart[]> {
    return this.#turns.run(() => this.#replace(this.#config, signal));
  }

  /** Disconnects from the broker, runs `work` and connects again, even if `work` fails. */
  withoutSigning<T>(work: () => Promise<T>): Promise<T> {
    return this.#turns.run(async () => {
      await this.#publisher?.[Symbol.asyncDispose]();
      try {
        return await work();
      } finally {
        this.#startPublisher(this.#plans);
      }
    });
  }

  async #replace(
    config: Config,
    signal: AbortSignal,
    { triesAgain = false } = {},
  ): Promise<readonly ReplacedPart[]> {
    const before = this.#plans;
    // A connection that works is not given up for one that cannot.
    const isBrokerOptional = before.publishing === undefined;
    const plans = await makePlans(config, this.#options, { isBrokerOptional });
    const replaced: ReplacedPart[] = [];
    if (!isDeepStrictEqual(before.vision, plans.vision)) {
      replaced.push(...(await this.#changeVision(plans.vision, signal)));
    }
    const isRefused = triesAgain && this.#publisher?.hasRefusals() === true;
    if (isRefused || !isDeepStrictEqual(before.publishing, plans.publishing)) {
      await this.#replacePublisher(plans);
      replaced.push('broker connection');
    }
    this.#vision.pool.setLogLevel(config.logging.level);
    this.#plans = plans;
    this.#config = config;
    this.#options.cameras.configure(this.cameras);
    const ids = this.cameras.map(({ id }) => id);
    this.#vision.board.configure(ids);
    this.#vision.loads.configure(ids);
    return replaced;
  }

  async #replacePublisher(plans: Plans): Promise<void> {
    // The old connection must say goodbye before the new one announces the box.
    await this.#publisher?.[Symbol.asyncDispose]();
    this.#startPublisher(plans);
  }

  #startPublisher(plans: Plans): void {
    if (this.#isEnded) return;
    this.#publishedBefore = this.publishedCount;
    this.#publisher = this.#startPublishing(plans);
  }

  #startPublishing({ publishing, publishingProblem }: Plans): Publisher | undefined {
    if (publishingProblem === undefined) return startPublishing(publishing, this.#options);
    const { code, message, remedy } = publishingProblem;
    this.#options.logger.error('the box does not connect to its broker; events stay on the box', {
      ...{ code, reason: message, remedy },
    });
    return undefined;
  }

  async #changeVision(plan: PlannedVision, signal: AbortSignal): Promise<readonly ReplacedPart[]> {
    const { pool } = this.#vision;
    this.#forgetPlanned(plan);
    try {
      const { replaced, opened } = await pool.takeUp(plan, signal);
      this.#reportUnplanned(plan);
      return replaced > 0 ? ['vision processes'] : opened.map((id) => `camera ${id}` as const);
    } catch (error) {
      // No wait: the processes of the former plan have already loaded their models.
      await pool.takeUp(this.#plans.vision, AbortSignal.abort());
      this.#reportUnplanned(this.#plans.vision);
      throw error;
    }
  }

  /** Clears the failure of cameras that could not be planned before and now can. */
  #forgetPlanned({ unplanned }: PlannedVision): void {
    const stillUnplanned = new Set(unplanned.map(({ id }) => id));
    const planned = this.#plans.vision.unplanned.map(({ id }) => id).filter((id) => !stillUnplanned.has(id));
    this.#vision.board.closed(planned);
    this.#options.cameras.forget(planned);
  }

  #reportUnplanned({ unplanned }: PlannedVision): void {
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
    this.#options.intake.stopping();
    await this.#vision[Symbol.asyncDispose]();
    await this.#publisher?.[Symbol.asyncDispose]();
  }
}

export interface StartOptions extends PublishingOptions {
  readonly records: PublishingOptions['records'] & {
    readonly commands: { readonly cameras: Pick<CameraSwitches, 'all'> };
  };
  readonly config: Config;
  readonly recogniser: Pick<RecogniserInUse, 'name' | 'pack'>;
  readonly cameraLauncher: VisionLauncher;
  readonly photoWall: PhotoWall;
  readonly lines: CameraLines;
  readonly intake: SightingIntake;
  /** Receives the states of the cameras. */
  readonly cameras: CameraStates;
}

/**
 * Applies the camera switches of centres to the configuration. The file belongs to the installer and is never changed. Switches
 * of cameras that are not configured have no effect.
 */
function withSwitches(config: Config, switches: ReadonlyMap<string, boolean>): Config {
  if (switches.size === 0) return config;
  const cameras = config.cameras.map((camera) => {
    const enabled = switches.get(camera.id) ?? camera.enabled;
    return enabled === camera.enabled ? camera : { ...camera, enabled };
  });
  return { ...config, cameras };
}
