import { basename } from 'node:path';
import { InferenceSession, Tensor } from '../../daemon/host/onnx-runtime.js';

/** One run of one network, ready to be made again. */
interface RecordedRun {
  readonly label: string;
  readonly again: () => Promise<unknown>;
}

/** What the runs of one network with one input shape took together. */
export interface NetworkTimes {
  readonly label: string;
  readonly count: number;
  /** Wall-clock time, milliseconds. */
  readonly totalMs: number;
}

/**
 * Watches every run of every network that this process opens after `start`, below all of our own code, and can make
 * the same runs again, on the same inputs and in the same order, with nothing around them.
 */
export class ModelRuns {
  #recorded: RecordedRun[] = [];
  #isRecording = false;
  #count = 0;

  /** Must come before the first network is opened. */
  start(): void {
    const create = InferenceSession.create.bind(InferenceSession) as (
      path: string,
      options?: InferenceSession.SessionOptions,
    ) => Promise<InferenceSession>;
    const watched = async (
      path: string,
      options?: InferenceSession.SessionOptions,
    ): Promise<InferenceSession> => {
      const session = await create(path, options);
      this.#watch(basename(path, '.onnx'), session);
      return session;
    };
    InferenceSession.create = watched as typeof InferenceSession.create;
  }

  /** Runs `work` and keeps every run of a network in it, in place of what was kept before. */
  async record(work: () => Promise<unknown>): Promise<void> {
    this.#recorded = [];
    this.#isRecording = true;
    await work();
    this.#isRecording = false;
  }

  /** Runs made since the last call. */
  takeCount(): number {
    const count = this.#count;
    this.#count = 0;
    return count;
  }

  get recordedCount(): number {
    return this.#recorded.length;
  }

  /** Makes all kept runs again. */
  async repeat(): Promise<readonly NetworkTimes[]> {
    const times = new Map<string, { count: number; totalMs: number }>();
    for (const { label, again } of this.#recorded) {
      const startedMs = performance.now();
      await again();
      const { count, totalMs } = times.get(label) ?? { count: 0, totalMs: 0 };
      times.set(label, { count: count + 1, totalMs: totalMs + performance.now() - startedMs });
    }
    return [...times].map(([label, each]) => ({ label, ...each }));
  }

  #watch(network: string, session: InferenceSession): void {
    const run = session.run.bind(session);
    session.run = (feeds: InferenceSession.FeedsType): Promise<InferenceSession.ReturnType> => {
      this.#count += 1;
      if (this.#isRecording) {
        const kept = copyOf(feeds);
        this.#recorded.push({ label: `${network} ${shapeOf(kept)}`, again: () => run(kept) });
      }
      return run(feeds);
    };
  }
}

function shapeOf(feeds: Readonly<Record<string, Tensor>>): string {
  return Object.values(feeds)
    .map(({ dims }) => dims.join('x'))
    .join(' ');
}

function copyOf(feeds: InferenceSession.FeedsType): Record<string, Tensor> {
  return Object.fromEntries(
    Object.entries(feeds).map(([name, value]) => {
      if (!(value instanceof Tensor) || !(value.data instanceof Float32Array)) {
        throw new Error(`the input ${name} is no float32 tensor`);
      }
      return [name, new Tensor('float32', value.data.slice(), value.dims)];
    }),
  );
}
