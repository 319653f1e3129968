import { defect, operational } from '../../kernel/errors.js';

/** Numbers that a network gave, by the name of its output. */
export type Outputs = Readonly<Record<string, Float32Array>>;

/** One run of a network on an input of shape `dims`. */
export type RunOnce = (data: Float32Array, dims: readonly number[]) => Promise<Outputs>;

/**
 * The numbers of items that a run takes. A GPU prepares for each new shape of an input, which takes up to half a second, so that
 * there are few; what is missing is filled up.
 */
const BATCH_SIZES = [1, 4, 16, 64] as const;

/** Most memory for the input of a run, bytes. It bounds the memory of a network, and how long one run keeps others waiting. */
const MOST_INPUT_BYTES = 32 * 1024 * 1024;

/** The sizes of batches for items of `samples` numbers, smallest first. */
export function batchSizesFor(samples: number): readonly number[] {
  const bytes = samples * Float32Array.BYTES_PER_ELEMENT;
  return BATCH_SIZES.filter((size) => size === 1 || size * bytes <= MOST_INPUT_BYTES);
}

/** One run that was made. */
export interface RunMade {
  /** Calls that it answered. */
  readonly calls: number;
  /** Items of these calls. */
  readonly items: number;
  /** Items that the network computed, with those that fill up the batch. */
  readonly size: number;
}

interface WaitingCall {
  readonly data: Float32Array;
  readonly dims: readonly number[];
  readonly items: number;
  resolve(outputs: Outputs): void;
  reject(error: unknown): void;
}

/**
 * Joins calls of one network into batches: while a run is in progress, further calls wait, and the next run takes all that have
 * inputs of the same shape. No call waits for others to come.
 */
export class Batches {
  readonly #runOnce: RunOnce;
  readonly #onRun: (run: RunMade) => void;
  #waiting: readonly WaitingCall[] = [];
  #running: Promise<void> | undefined;
  #joined = new Float32Array(0);

  constructor(runOnce: RunOnce, onRun: (run: RunMade) => void = () => undefined) {
    this.#runOnce = runOnce;
    this.#onRun = onRun;
  }

  /** Runs on `data`; the first of `dims` is the number of items. Do not change `data` until the promise settles. */
  run(data: Float32Array, dims: readonly number[]): Promise<Outputs> {
    const [items = 0] = dims;
    if (items < 1 || data.length !== product(dims))
      throw defect(
        'wrong-shape',
        `an input of ${data.length} numbers does not have the shape ${dims.join('x')}`,
      );
    return new Promise((resolve, reject) => {
      this.#waiting = [...this.#waiting, { data, dims, items, resolve, reject }];
      this.#running ??= this.#runAll();
    });
  }

  /** Resolves when no call is left. */
  async settled(): Promise<void> {
    while (this.#running !== undefined) await this.#running;
  }

  async #runAll(): Promise<void> {
    while (this.#waiting.length > 0) {
      // Calls that came during the last run, which blocked this thread, are read in the next turn of the event loop.
      await new Promise((resolve) => setImmediate(resolve));
      await this.#runBatch(this.#takeBatch());
    }
    this.#running = undefined;
  }

  /** The call that waits longest, and those that fit into one run with it. */
  #takeBatch(): readonly WaitingCall[] {
    const [first] = this.#waiting;
    if (first === undefined) return [];
    const shape = itemShape(first);
    const most = batchSizesFor(first.data.length / first.items).at(-1) ?? 1;
    const batch: WaitingCall[] = [];
    const others: WaitingCall[] = [];
    let items = 0;
    for (const call of this.#waiting) {
      const fits = items === 0 || (items + call.items <= most && itemShape(call) === shape);
      if (fits) items += call.items;
      (fits ? batch : others).push(call);
    }
    this.#waiting = others;
    return batch;
  }

  async #runBatch(batch: readonly WaitingCall[]): Promise<void> {
    const [first] = batch;
    if (first === undefined) return;
    const items = batch.reduce((sum, call) => sum + call.items, 0);
    const perItem = first.data.length / first.items;
    const size = batchSizesFor(perItem).find((each) => each >= items) ?? items;
    try {
      const data = size === first.items ? first.data : this.#join(batch, size * perItem);
      const outputs = await this.#runOnce(data, [size, ...first.dims.slice(1)]);
      this.#onRun({ calls: batch.length, items, size });
      let from = 0;
      for (const call of batch) {
        call.resolve(partOf(outputs, { from, to: from + call.items, size }));
        from += call.items;
      }
    } catch (error) {
      for (const { reject } of batch) reject(error);
    }
  }

  /** The inputs one after another. What fills up the batch is whatever the buffer contains: nobody reads what becomes of it. */
  #join(batch: readonly WaitingCall[], samples: number): Float32Array {
    if (this.#joined.length < samples) this.#joined = new Float32Array(samples);
    let offset = 0;
    for (const { data } of batch) {
      this.#joined.set(data, offset);
      offset += data.length;
    }
    return this.#joined.subarray(0, samples);
  }
}

const product = (dims: readonly number[]): number => dims.reduce((a, b) => a * b, 1);
const itemShape = ({ dims }: WaitingCall): string => dims.slice(1).join('x');

interface Part {
  readonly from: number;
  readonly to: number;
  readonly size: number;
}

/** The outputs of the items `from` to `to` of a batch of `size`. */
function partOf(outputs: Outputs, { from, to, size }: Part): Outputs {
  if (from === 0 && to === size) return outputs;
  return Object.fromEntries(
    Object.entries(outputs).map(([name, data]) => {
      const perItem = data.length / size;
      if (!Number.isInteger(perItem))
        throw operational(
          'wrong-model',
          `the output ${name} of a network does not belong to the items of its batch`,
          {
            remedy: 'Verify the model files with "rollcall models verify".',
          },
        );
      return [name, data.subarray(from * perItem, to * perItem)];
    }),
  );
}
