import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { programRoot } from '../../host/program-files.js';
import type { Clock } from '../../kernel/clock.js';
import { messageOf, operational } from '../../kernel/errors.js';
import type { Logger } from '../../kernel/logger.js';
import { raceTimeout } from '../../kernel/race-timeout.js';
import { errorOf, type InferenceCall, type InferenceReply, type WorkerSetup } from './inference-messages.js';

/** A running network is waited for this long, milliseconds. */
const closeWithinMs = 2_000;

type Ready = Extract<InferenceReply, { readonly type: 'ready' }>;

interface Asked {
  resolve(answer: unknown): void;
  reject(error: unknown): void;
}

/** One thread of this process with networks of its own. It takes one call at a time. */
export class InferenceThread implements AsyncDisposable {
  readonly #worker: Worker;
  readonly #clock: Clock;
  /** Resolves when it takes no more calls. */
  readonly ended: Promise<void>;
  #asked: Asked | undefined;
  #isEnded = false;

  private constructor(
    setup: WorkerSetup,
    { clock, logger }: { readonly clock: Clock; readonly logger: Logger },
  ) {
    this.#clock = clock;
    // Always the built one: a thread does not inherit the loader for sources.
    const entry = join(programRoot(), 'dist/program/inference-worker.js');
    this.#worker = new Worker(entry, { workerData: setup, name: 'inference' });
    this.#worker.on('message', (reply: InferenceReply) => {
      if (reply.type === 'log') logger[reply.level](reply.message, reply.fields);
      else this.#settle(reply);
    });
    let reason = 'it stopped';
    this.#worker.on('error', (error) => {
      reason = messageOf(error);
    });
    this.ended = new Promise((resolve) => {
      this.#worker.once('exit', () => {
        this.#isEnded = true;
        this.#asked?.reject(
          operational('inference-failed', `a thread that runs networks ended: ${reason}`, {
            remedy: 'Check the model files with "rollcall models verify", and the free memory of the box.',
          }),
        );
        resolve();
      });
    });
  }

  /** Loads the networks. Throws as `openFaceAnalyser` does. */
  static async start(
    setup: WorkerSetup,
    options: { readonly clock: Clock; readonly logger: Logger },
  ): Promise<{ readonly thread: InferenceThread; readonly ready: Ready }> {
    const thread = new InferenceThread(setup, options);
    try {
      const ready = (await thread.#answer()) as Ready;
      return { thread, ready };
    } catch (error) {
      await thread.#worker.terminate();
      throw error;
    }
  }

  /** Takes no more calls. */
  get isEnded(): boolean {
    return this.#isEnded;
  }

  /** Resolves or rejects as the method of the analyser does. The next call comes after that. */
  run(call: InferenceCall): Promise<unknown> {
    const answer = this.#answer();
    this.#worker.postMessage(call);
    return answer;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#worker.postMessage('close');
    if ((await raceTimeout(this.#clock, closeWithinMs, this.ended)) === 'late')
      await this.#worker.terminate();
  }

  #answer(): Promise<unknown> {
    return new Promise((resolve, reject) => {
      this.#asked = { resolve, reject };
    });
  }

  #settle(reply: Exclude<InferenceReply, { readonly type: 'log' }>): void {
    const asked = this.#asked;
    this.#asked = undefined;
    if (reply.type === 'failed') asked?.reject(errorOf(reply.error));
    else asked?.resolve(reply.type === 'ready' ? reply : reply.answer);
  }
}
