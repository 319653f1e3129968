import { InferenceSession, Tensor } from '../../host/onnx-runtime.js';
import { messageOf, operational, type RollcallError } from '../../kernel/errors.js';
import { SerialQueue } from '../../kernel/serial-queue.js';
import { Batches, type Outputs, type RunMade } from './batches.js';
import type { Provider } from './provider.js';

/** A network with a single float32 input. */
export interface Network {
  /**
   * Runs on `data`, whose shape is `dims`; the first of them is the number of items. Calls may overlap. Do not change `data` until
   * the promise settles. ONNX Runtime computes on the calling thread and blocks it. Rejects with `inference-failed`.
   */
  run(data: Float32Array, dims: readonly number[]): Promise<Outputs>;
}

/** A network that a provider has loaded. */
export interface LoadedNetwork extends Network, AsyncDisposable {
  /** The sizes of one item of the input; a name stands for a size that the network leaves open. */
  readonly itemShape: readonly (number | string)[];
  /** Whether calls are joined into batches. */
  readonly isBatched: boolean;
}

export interface NetworkFile {
  /** Names the network in errors. */
  readonly name: string;
  readonly path: string;
  /** The verified content of the file at `path`. Absent: ONNX Runtime reads the file itself. */
  readonly bytes?: Uint8Array | undefined;
  /** True where the network takes only one item at a time, even if its file says otherwise. */
  readonly isSingle?: boolean | undefined;
}

export interface NetworkOptions extends NetworkFile {
  readonly provider: Provider;
  /** Threads that one run may use. More than one is useful only while cores are idle. */
  readonly threads: number;
  /** Called after each run of a network that joins calls. */
  onRun?(run: RunMade): void;
}

/** Loads a network. Rejects with the reason if the provider cannot run here. */
export async function openNetwork(options: NetworkOptions): Promise<LoadedNetwork> {
  const session = await openSession(options);
  const [inputName = 'image'] = session.inputNames;
  const runOnce = async (data: Float32Array, dims: readonly number[]): Promise<Outputs> => {
    try {
      const results = await session.run({ [inputName]: new Tensor('float32', data, dims) });
      return Object.fromEntries(Object.entries(results).map(([name, value]) => [name, floatsOf(value)]));
    } catch (error) {
      throw inferenceFailed(options, error);
    }
  };
  const itemShape = shapeOf(session.inputMetadata[0]).slice(1);
  // On the processor, an item in a batch costs as much as one alone, or more.
  const isBatched = options.provider !== 'cpu' && options.isSingle !== true && takesBatches(session);
  if (isBatched) {
    const batches = new Batches(runOnce, options.onRun);
    return {
      itemShape,
      isBatched,
      run: (data, dims) => batches.run(data, dims),
      async [Symbol.asyncDispose]() {
        await batches.settled();
        await session.release();
      },
    };
  }
  const turn = new SerialQueue();
  return {
    itemShape,
    isBatched,
    run: (data, dims) => turn.run(() => runOnce(data, dims)),
    [Symbol.asyncDispose]: () => turn.run(() => session.release()),
  };
}

function openSession({ path, bytes, provider, threads }: NetworkOptions): Promise<InferenceSession> {
  const settings: InferenceSession.SessionOptions = {
    executionProviders: [provider],
    graphOptimizationLevel: 'all',
    executionMode: 'sequential',
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    logSeverityLevel: 4,
    // Idle threads sleep instead of spinning, so that the decoders get the processor.
    extra: { session: { intra_op: { allow_spinning: '0' }, inter_op: { allow_spinning: '0' } } },
  };
  return bytes === undefined
    ? InferenceSession.create(path, settings)
    : InferenceSession.create(bytes, settings);
}

/** Whether input and outputs leave the number of items open. */
function takesBatches({ inputMetadata, outputMetadata }: InferenceSession): boolean {
  return [...inputMetadata, ...outputMetadata].every((value) => typeof shapeOf(value)[0] === 'string');
}

function shapeOf(value: InferenceSession.ValueMetadata | undefined): readonly (number | string)[] {
  return value?.isTensor === true ? value.shape : [];
}

function floatsOf(value: unknown): Float32Array {
  if (value instanceof Tensor && value.data instanceof Float32Array) return value.data;
  throw operational('inference-failed', 'a network returned an output that is not float32');
}

function inferenceFailed(
  { name, provider }: Pick<NetworkOptions, 'name' | 'provider'>,
  cause: unknown,
): RollcallError {
  return operational('inference-failed', `the network ${name} failed: ${messageOf(cause)}`, {
    details: { network: name, provider },
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
