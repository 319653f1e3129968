import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { programRoot } from '../../host/program-files.js';
import type { Clock, Timer } from '../../kernel/clock.js';
import { messageOf, operational } from '../../kernel/errors.js';
import type { Logger } from '../../kernel/logger.js';
import { present } from '../../kernel/present.js';
import { raceTimeout } from '../../kernel/race-timeout.js';
import type { ProviderInUse } from '../face-analyser.js';
import {
  errorOf,
  type InferenceCall,
  type InferenceReply,
  type NumberedCall,
  startNumber,
  type WorkerSetup,
} from './inference-messages.js';

/** A running network is waited for this long, milliseconds. */
const closeWithinMs = 2_000;

type Ready = Extract<InferenceReply, { readonly type: 'ready' }>;

/** A call takes at most a second on a machine that is far too slow, and a GPU some more before its first answer, milliseconds. */
export const callWithinMs = 60_000;

/** Loading networks takes seconds, and minutes on a machine that is far too slow; a driver that hangs never ends, milliseconds. */
export const startWithinMs = 180_000;

interface Asked {
  readonly deadline?: Timer;
  resolve(answer: unknown): void;
  reject(error: unknown): void;
}

export interface InferenceThreadOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  /** Called when `auto` gives up a GPU that no longer works. */
  onProviderChanged(provider: ProviderInUse): void;
  /** Called when a call was not answered in time. Returns the error of the calls that wait. */
  onHung(): Error;
}

const notLoaded = (): Error =>
  operational('inference-failed', `the networks were not loaded within ${startWithinMs / 1000} s`, {
    remedy: 'Check the driver of the GPU and the kernel log (dmesg), or set vision.provider to cpu.',
  });

/** One thread of this process with networks of its own. Calls may overlap. */
export class InferenceThread implements AsyncDisposable {
  readonly #worker: Worker;
  readonly #options: InferenceThreadOptions;
  /** Resolves when it takes no more calls. */
  readonly ended: Promise<void>;
  readonly #asked = new Map<number, Asked>();
  #lastNumber = startNumber;
  #isEnded = false;
  #onEnded: () => void = () => undefined;

  private constructor(setup: WorkerSetup, options: InferenceThreadOptions) {
    const { logger } = options;
    this.#options = options;
    // Always the built one: a thread does not inherit the loader for sources.
    const entry = join(programRoot(), 'dist/program/inference-worker.js');
    this.#worker = new Worker(entry, { workerData: setup, name: 'inference' });
    this.#worker.on('message', (reply: InferenceReply) => {
      if (reply.type === 'log') logger[reply.level](reply.message, reply.fields);
      else if (reply.type === 'provider-changed') options.onProviderChanged(reply.provider);
      else this.#settle(reply);
    });
    let reason = 'it stopped';
    this.#worker.on('error', (error) => {
      reason = messageOf(error);
    });
    this.ended = new Promise((resolve) => {
      this.#worker.once('exit', () => {
        const error = operational('inference-failed', `a thread that runs networks ended: ${reason}`, {
          remedy: 'Check the model files with "rollcall models verify", and the free memory of the box.',
        });
        this.#end(error);
      });
      this.#onEnded = resolve;
    });
  }

  /** Loads the networks. Throws as `openFaceAnalyser` does. */
  static async start(
    setup: WorkerSetup,
    options: InferenceThreadOptions,
  ): Promise<{ readonly thread: InferenceThread; readonly ready: Ready }> {
    const thread = new InferenceThread(setup, options);
    try {
      const deadline = options.clock.after(startWithinMs, () => thread.#end(notLoaded()));
      const ready = (await thread.#answer(startNumber, deadline)) as Ready;
      return { thread, ready };
    } catch (error) {
      await raceTimeout(options.clock, closeWithinMs, thread.#worker.terminate());
      throw error;
    }
  }

  /** Takes no more calls. */
  get isEnded(): boolean {
    return this.#isEnded;
  }

  /** Calls that wait for their answers. */
  get callCount(): number {
    return this.#asked.size;
  }

  /** Resolves or rejects as the method of the analyser does. */
  async run(call: InferenceCall): Promise<unknown> {
    this.#lastNumber += 1;
    const number = this.#lastNumber;
    // First, because it throws for what no message can contain: such a call waits for no answer.
    this.#worker.postMessage({ number, call } satisfies NumberedCall);
    return this.#answer(
      number,
      this.#options.clock.after(callWithinMs, () => this.#abandon()),
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#worker.postMessage('close');
    if ((await raceTimeout(this.#options.clock, closeWithinMs, this.ended)) === 'late')
      await this.#worker.terminate();
  }

  #answer(number: number, deadline?: Timer): Promise<unknown> {
    return new Promise((resolve, reject) => {
      this.#asked.set(number, { resolve, reject, ...present({ deadline }) });
    });
  }

  /** Gives up a thread that hangs. Native code cannot be interrupted, so nobody waits for its end. */
  #abandon(): void {
    this.#end(this.#options.onHung());
    void this.#worker.terminate();
  }

  #end(error: Error): void {
    this.#isEnded = true;
    for (const { reject, deadline } of this.#asked.values()) {
      deadline?.cancel();
      reject(error);
    }
    this.#asked.clear();
    this.#onEnded();
  }

  #settle(reply: Extract<InferenceReply, { readonly number: number }>): void {
    const asked = this.#asked.get(reply.number);
    this.#asked.delete(reply.number);
    asked?.deadline?.cancel();
    if (reply.type === 'failed') asked?.reject(errorOf(reply.error));
    else asked?.resolve(reply.type === 'ready' ? reply : reply.answer);
  }
}
