import { messageOf, operational, type RollcallError } from '../../kernel/errors.js';
import type { Logger } from '../../kernel/logger.js';
import type { ProviderInUse } from '../face-analyser.js';
import { type Network, type NetworkOptions, openNetwork } from './network.js';
import { type GpuSigns, type Provider, type ProviderRequest, providersToTry, remedyFor } from './provider.js';

/** Name and file of each network, by its key in the program. */
type NetworkFiles<Key extends string> = Readonly<
  Record<Key, Pick<NetworkOptions, 'name' | 'path' | 'bytes'>>
>;

interface OpenNetworksOptions<Key extends string> {
  readonly files: NetworkFiles<Key>;
  readonly provider: ProviderRequest;
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

function inUse(requested: ProviderRequest, actual: Provider, failures: readonly string[]): ProviderInUse {
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
