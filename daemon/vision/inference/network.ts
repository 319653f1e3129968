import type { ProviderName } from '../../contract/settings/vision-schema.js';
import { InferenceSession, Tensor } from '../../host/onnx-runtime.js';
import { messageOf, operational, type RollcallError } from '../../kernel/errors.js';
import type { Logger } from '../../kernel/logger.js';
import { SerialQueue } from '../../kernel/serial-queue.js';
import type { ProviderInUse } from '../face-analyser.js';
import { type GpuSigns, type Provider, providersToTry, remedyFor } from './provider.js';

/** Numbers that a network gave, by the name of its output. */
type Outputs = Readonly<Record<string, Float32Array>>;

/** One loaded network with a single float32 input. */
export interface Network extends AsyncDisposable {
  readonly provider: Provider;
  /**
   * Runs on `data`, whose shape is `dims`. Do not change `data` until the promise settles. ONNX Runtime computes on the calling
   * thread and blocks it. Rejects with `inference-failed`.
   */
  run(data: Float32Array, dims: readonly number[]): Promise<Outputs>;
}

interface NetworkOptions {
  /** Names the network in errors. */
  readonly name: string;
  readonly path: string;
  /** The verified content of the file at `path`. Absent: ONNX Runtime reads the file itself. */
  readonly bytes?: Uint8Array | undefined;
  readonly provider: Provider;
  /** Threads that one run may use. More than one is useful only while cores are idle. */
  readonly threads: number;
}

/** Loads a network. Rejects with the reason if the provider cannot run here. */
export async function openNetwork(options: NetworkOptions): Promise<Network> {
  const settings: InferenceSession.SessionOptions = {
    executionProviders: [options.provider],
    graphOptimizationLevel: 'all',
    executionMode: 'sequential',
    intraOpNumThreads: options.threads,
    interOpNumThreads: 1,
    logSeverityLevel: 4,
    // Idle threads sleep instead of spinning, so that the decoders get the processor.
    extra: { session: { intra_op: { allow_spinning: '0' }, inter_op: { allow_spinning: '0' } } },
  };
  const { path, bytes } = options;
  const session = await (bytes === undefined
    ? InferenceSession.create(path, settings)
    : InferenceSession.create(bytes, settings));
  const [inputName] = session.inputNames;
  const turn = new SerialQueue();
  const runOnce = async (data: Float32Array, dims: readonly number[]): Promise<Outputs> => {
    try {
      const results = await session.run({ [inputName ?? 'image']: new Tensor('float32', data, dims) });
      return Object.fromEntries(Object.entries(results).map(([name, value]) => [name, floatsOf(value)]));
    } catch (error) {
      throw inferenceFailed(options, error);
    }
  };
  return {
    provider: options.provider,
    run: (data, dims) => turn.run(() => runOnce(data, dims)),
    [Symbol.asyncDispose]: () => turn.run(() => session.release()),
  };
}

function floatsOf(value: unknown): Float32Array {
  if (value instanceof Tensor && value.data instanceof Float32Array) return value.data;
  throw operational('inference-failed', 'a network returned an output that is not float32');
}

function inferenceFailed(options: NetworkOptions, cause: unknown): RollcallError {
  return operational('inference-failed', `the network ${options.name} failed: ${messageOf(cause)}`, {
    details: { network: options.name, provider: options.provider },
    remedy:
      'Check the model files with "rollcall models verify"; set the provider to cpu if a GPU is in use.',
    cause,
  });
}

/** The output `name` of a network. A network without it is the wrong model. */
export function output(outputs: Outputs, name: string): Float32Array {
  const data = outputs[name];
  if (data !== undefined) return data;
  throw operational('wrong-model', `the network has no output ${name}`, {
    details: { found: Object.keys(outputs) },
    remedy: 'Verify the model files with "rollcall models verify".',
  });
}

/** Name and file of each network, by its key in the program. */
type NetworkFiles<Key extends string> = Readonly<
  Record<Key, Pick<NetworkOptions, 'name' | 'path' | 'bytes'>>
>;

interface OpenNetworksOptions<Key extends string> {
  readonly files: NetworkFiles<Key>;
  readonly provider: ProviderName;
  readonly threads: number;
  readonly logger: Logger;
  /** Signs of a GPU: they decide which providers `auto` tries. */
  readonly signs: GpuSigns;
}

interface OpenedNetworks<Key extends string> {
  readonly networks: Readonly<Record<Key, Network>>;
  readonly provider: ProviderInUse;
}

/**
 * Loads all networks with one provider: the required one, or with `auto` the first that can load all of them. Throws
 * `provider-unavailable` where no provider can.
 */
export async function openNetworks<Key extends string>(
  options: OpenNetworksOptions<Key>,
): Promise<OpenedNetworks<Key>> {
  const failures: string[] = [];
  let lastFailure: RollcallError | undefined;
  for (const provider of providersToTry(options.provider, options.signs)) {
    try {
      const networks = await openAll(options, provider);
      return { networks, provider: inUse(options.provider, provider, failures) };
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

function inUse(requested: ProviderName, actual: Provider, failures: readonly string[]): ProviderInUse {
  // A machine without a GPU is as it should be; only one whose GPU cannot be used deserves a warning.
  if (requested !== 'auto' || actual !== 'cpu' || failures.length === 0) return { requested, actual };
  return { requested, actual, warning: `${failures.join('; ')}; inference runs on the CPU` };
}

async function openAll<Key extends string>(
  { files, threads }: OpenNetworksOptions<Key>,
  provider: Provider,
): Promise<Readonly<Record<Key, Network>>> {
  const opened: Partial<Record<Key, Network>> = {};
  try {
    for (const key of Object.keys(files) as Key[]) {
      opened[key] = await openNetwork({ ...files[key], provider, threads });
    }
    return opened as Record<Key, Network>;
  } catch (error) {
    await closeNetworks(opened);
    throw error;
  }
}

/** Unloads networks; those that are running finish first. */
export async function closeNetworks(networks: Readonly<Record<string, Network | undefined>>): Promise<void> {
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
