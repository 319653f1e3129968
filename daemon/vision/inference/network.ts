import { InferenceSession, Tensor } from '../../host/onnx-runtime.js';
import { messageOf, operational, type RollcallError } from '../../kernel/errors.js';
import { SerialQueue } from '../../kernel/serial-queue.js';
import type { Provider } from './provider.js';

/** Numbers that a network gave, by the name of its output. */
export type Outputs = Readonly<Record<string, Float32Array>>;

/** One loaded network with a single float32 input. */
export interface Network extends AsyncDisposable {
  readonly provider: Provider;
  /**
   * Runs on `data`, whose shape is `dims`. Do not change `data` until the promise settles. ONNX Runtime computes on the calling
   * thread and blocks it. Rejects with `inference-failed`.
   */
  run(data: Float32Array, dims: readonly number[]): Promise<Outputs>;
}

export interface NetworkOptions {
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
