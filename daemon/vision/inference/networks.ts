import type { ProviderName } from '../../contract/settings/vision-schema.js';
import { type Clock, sleep } from '../../kernel/clock.js';
import { isRollcallError, messageOf, operational, type RollcallError } from '../../kernel/errors.js';
import type { Logger } from '../../kernel/logger.js';
import type { Random } from '../../kernel/random.js';
import { type RetryPolicy, RetrySchedule } from '../../kernel/retry.js';
import type { ProviderInUse } from '../face-analyser.js';
import type { Outputs, RunMade } from './batches.js';
import { checkOnGpu } from './gpu-check.js';
import { type LoadedNetwork, type Network, type NetworkFile, openNetwork } from './network.js';
import { type GpuSigns, type Provider, providersToTry, remedyFor } from './provider.js';

/** The file of a network, and how cameras use it. */
export interface NetworkInUse extends NetworkFile {
  /** Sizes of one item that cameras often need, for a network that takes any size. */
  readonly usualShapes?: readonly (readonly number[])[];
}

export interface NetworksOptions<Key extends string> {
  readonly files: Readonly<Record<Key, NetworkInUse>>;
  readonly provider: ProviderName;
  readonly threads: number;
  readonly logger: Logger;
  readonly clock: Clock;
  readonly random: Random;
  /** Signs of a GPU: they decide which providers `auto` tries. */
  readonly signs: GpuSigns;
  /** Whether calls will overlap, so that a GPU prepares for batches, which takes up to 20 seconds. Default: they will not. */
  readonly preparesBatches?: boolean | undefined;
  /** Loads one network. Default: with ONNX Runtime. */
  readonly open?: typeof openNetwork | undefined;
  /** Called after each run of the network `key` that joins calls. */
  onRun?(key: Key, run: RunMade): void;
  /** Called when `auto` gives up a GPU that no longer works. */
  onProviderChanged?(provider: ProviderInUse): void;
}

/** How networks are loaded again when a GPU fails. */
const reopening: RetryPolicy = { baseMs: 1_000, capMs: 10_000, sustainedMs: 600_000 };
/** As many failures in succession mean that the GPU does not work. */
const mostFailures = 3;

type Loaded<Key extends string> = Readonly<Record<Key, LoadedNetwork>>;

/**
 * The networks of a face analyser, all loaded by one provider. When a run fails on a GPU, because its driver was reset or its
 * memory is full, all networks are loaded again and the run is repeated. If that does not help, `auto` continues on the
 * processor; with a required provider, all runs reject with `provider-unavailable` from then on.
 */
export class Networks<Key extends string> implements AsyncDisposable {
  readonly #options: NetworksOptions<Key>;
  readonly #retry: RetrySchedule;
  readonly #ended = new AbortController();
  #provider: ProviderInUse;
  #loaded: Loaded<Key>;
  #recovering: Promise<void> | undefined;
  #failure: RollcallError | undefined;

  private constructor(options: NetworksOptions<Key>, provider: ProviderInUse, loaded: Loaded<Key>) {
    this.#options = options;
    this.#provider = provider;
    this.#loaded = loaded;
    this.#retry = new RetrySchedule(reopening, options.clock, options.random);
  }

  /**
   * Loads all networks with one provider: the required one, or with `auto` the first that can load all of them. Throws
   * `provider-unavailable` where no provider can.
   */
  static async open<Key extends string>(options: NetworksOptions<Key>): Promise<Networks<Key>> {
    const failures: string[] = [];
    let lastFailure: RollcallError | undefined;
    for (const provider of providersToTry(options.provider, options.signs)) {
      try {
        const loaded = await loadAll(options, provider);
        return new Networks(options, inUse(options.provider, provider, failures), loaded);
      } catch (error) {
        lastFailure = unavailable(provider, error);
        failures.push(lastFailure.message);
        if (options.provider === 'auto') {
          options.logger.warn('execution provider failed, trying the next', {
            provider,
            reason: lastFailure.message,
          });
        }
      }
    }
    throw lastFailure ?? operational('provider-unavailable', 'no execution provider is known');
  }

  get provider(): ProviderInUse {
    return this.#provider;
  }

  /** The network `key`, also after all networks were loaded again. */
  network(key: Key): Network {
    return { run: (data, dims) => this.#run(key, data, dims) };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ended.abort(operational('inference-failed', 'the networks are being closed'));
    // Those who wait for it get its failure.
    await this.#recovering?.catch(() => undefined);
    await closeAll(this.#loaded);
  }

  async #run(key: Key, data: Float32Array, dims: readonly number[]): Promise<Outputs> {
    for (;;) {
      if (this.#failure !== undefined) throw this.#failure;
      await this.#recovering;
      const loaded = this.#loaded;
      try {
        const outputs = await loaded[key].run(data, dims);
        if (this.#provider.actual !== 'cpu') this.#retry.progressed();
        return outputs;
      } catch (error) {
        if (this.#provider.actual === 'cpu' && loaded === this.#loaded) throw error;
        if (!isRollcallError(error, 'inference-failed') || this.#ended.signal.aborted) throw error;
        await this.#recover(loaded, error);
      }
    }
  }

  /** Replaces the networks that failed, once for all runs that failed with them. */
  #recover(failed: Loaded<Key>, cause: unknown): Promise<void> {
    if (failed !== this.#loaded) return Promise.resolve();
    this.#recovering ??= this.#replace(this.#provider.actual as Provider, cause)
      .catch((error: unknown) => {
        if (isRollcallError(error)) this.#failure = error;
        throw error;
      })
      .finally(() => {
        this.#recovering = undefined;
      });
    return this.#recovering;
  }

  async #replace(provider: Provider, firstCause: unknown): Promise<void> {
    const { clock, logger } = this.#options;
    const failed = this.#loaded;
    this.#loaded = {} as Loaded<Key>;
    try {
      // The device is given up with the last network on it; only then does ONNX Runtime ask for a new one.
      await closeAll(failed);
    } catch (error) {
      logger.warn('networks on a failed GPU could not be released', { provider, reason: messageOf(error) });
    }
    for (let cause = firstCause; ; ) {
      const waitMs = this.#retry.failed();
      if (this.#retry.failures >= mostFailures) return this.#giveUp(provider, cause);
      logger.warn('the GPU failed, loading the networks again', { provider, reason: messageOf(cause) });
      await sleep(clock, waitMs, this.#ended.signal);
      try {
        this.#loaded = await loadAll(this.#options, provider);
        return;
      } catch (error) {
        cause = error;
      }
    }
  }

  async #giveUp(provider: Provider, cause: unknown): Promise<void> {
    const failure = unavailable(provider, cause);
    if (this.#options.provider !== 'auto') throw failure;
    try {
      this.#loaded = await loadAll(this.#options, 'cpu');
    } catch (error) {
      throw unavailable('cpu', error);
    }
    this.#provider = inUse('auto', 'cpu', [failure.message]);
    this.#options.logger.warn('the GPU keeps failing, continuing on the processor', { ...this.#provider });
    this.#options.onProviderChanged?.(this.#provider);
  }
}

function inUse(requested: ProviderName, actual: Provider, failures: readonly string[]): ProviderInUse {
  // A machine without a GPU is as it should be; only one whose GPU cannot be used deserves a warning.
  if (requested !== 'auto' || actual !== 'cpu' || failures.length === 0) return { requested, actual };
  return { requested, actual, warning: `${failures.join('; ')}; inference runs on the CPU` };
}

async function loadAll<Key extends string>(
  options: NetworksOptions<Key>,
  provider: Provider,
): Promise<Loaded<Key>> {
  const { files, threads, open = openNetwork, onRun } = options;
  const loaded: Partial<Record<Key, LoadedNetwork>> = {};
  try {
    const networks = [];
    for (const key of Object.keys(files) as Key[]) {
      const { usualShapes = [], ...file } = files[key];
      const network = await open({ ...file, provider, threads, onRun: (run) => onRun?.(key, run) });
      loaded[key] = network;
      networks.push({ file, network, usualShapes });
    }
    if (provider !== 'cpu') {
      const { clock, logger, preparesBatches = false } = options;
      const isChosen = options.provider === provider;
      await checkOnGpu(networks, { clock, logger, isChosen, preparesBatches });
    }
    return loaded as Loaded<Key>;
  } catch (error) {
    await closeAll(loaded);
    throw error;
  }
}

/** Unloads networks; those that are running finish first. */
async function closeAll(networks: Readonly<Record<string, LoadedNetwork | undefined>>): Promise<void> {
  for (const network of Object.values(networks)) await network?.[Symbol.asyncDispose]();
}

/** Removes source lines of ONNX Runtime from its message; the cause comes after them. */
function unavailable(provider: Provider, cause: unknown): RollcallError {
  const reason =
    messageOf(cause)
      .trim()
      .split('\n')[0]
      ?.replace(/^\/onnxruntime_src.* was false\. /, '') ?? '';
  return operational('provider-unavailable', `the execution provider ${provider} does not work: ${reason}`, {
    remedy: remedyFor(provider),
    details: { provider },
    cause,
  });
}
