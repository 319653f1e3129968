import type { Clock } from '../../kernel/clock.js';
import { defect, messageOf, operational } from '../../kernel/errors.js';
import type { Detection, FaceLandmarks } from '../../kernel/faces/face.js';
import type { Box } from '../../kernel/faces/geometry.js';
import type { Picture } from '../../kernel/faces/picture.js';
import type { ViewQuality } from '../../kernel/faces/quality.js';
import type { Embedding } from '../../kernel/identification/match.js';
import type { RecogniserId } from '../../kernel/ids.js';
import type { FaceTexture } from '../../kernel/liveness/skin-shift.kernel.js';
import type { Surroundings } from '../../kernel/liveness/surroundings.kernel.js';
import type { Logger } from '../../kernel/logger.js';
import type {
  DetectOptions,
  FaceAnalyser,
  FaceRegion,
  ProviderInUse,
  SmallestFace,
} from '../face-analyser.js';
import { faceSurroundings, faceTexture } from './face-texture.kernel.js';
import type { InferenceCall, NetworkMethod, WorkerSetup } from './inference-messages.js';
import { callWithinMs, InferenceThread } from './inference-thread.js';
import { assessView } from './onnx-face-analyser.js';

export interface InferencePoolOptions {
  readonly setup: WorkerSetup;
  /** The most threads, 1 or more. */
  readonly mostThreads: number;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Called when `auto` gives up a GPU that no longer works. */
  readonly onProviderChanged?: (provider: ProviderInUse) => void;
}

/** The code of a call that is not answered. */
export const networkHung = 'network-hung';

/**
 * A look that no frame waits for keeps its place among them for so long, milliseconds. It takes a second at most on a machine that is far
 * too slow; where one hangs, the looks of all cameras would wait for it until it is given up.
 */
export const besideWithinMs = 5_000;

/** Calls that a thread with a GPU takes at a time: it answers them in batches. */
const mostCallsOnGpu = 64;

/**
 * Threads that one run may use in a pool of `count`. The setup was made for the cameras of the start: those that are added later take
 * the cores that helped single runs.
 */
export function threadsOfRun(
  {
    setup,
    mostThreads,
  }: Pick<InferencePoolOptions, 'mostThreads'> & { readonly setup: Pick<WorkerSetup, 'threads'> },
  count: number,
): number {
  return Math.min(setup.threads, Math.max(1, Math.floor(mostThreads / count)));
}

/** With more threads that hang, the process starts again. */
const mostHung = 2;

const remedyOfHang =
  'Check the driver of the GPU and the kernel log (dmesg), or set vision.provider to cpu; if it stays, report it as a bug.';

/** A defect, because it is about one call: the other cameras go on. */
const notAnswered = (): Error =>
  defect(networkHung, `a network did not answer within ${callWithinMs / 1000} s`, { remedy: remedyOfHang });

const tooManyHung = (): Error =>
  operational('inference-failed', `more than ${mostHung} threads that run networks hang`, {
    remedy: remedyOfHang,
  });

/** Whether no frame waits for the answer. */
function isBeside(call: InferenceCall): boolean {
  return call.method === 'detect' && call.parameters[1].isBeside === true;
}

interface WaitingCall {
  readonly call: InferenceCall;
  resolve(answer: unknown): void;
  reject(error: unknown): void;
}

/**
 * A face analyser whose networks run in threads of this process, each with networks of its own. Any thread answers any call, and
 * calls that find no free thread wait in order. A thread takes one call at a time, or many where a GPU computes them in batches.
 * Only what needs no network is computed in the calling thread.
 */
export class InferencePool implements FaceAnalyser {
  readonly recogniser: RecogniserId;
  readonly #options: InferencePoolOptions;
  readonly #threads = new Set<InferenceThread>();
  /** Threads that take another call. The one that answered last is the first to be asked: its caches are warm. */
  #free: readonly InferenceThread[] = [];
  #provider: ProviderInUse;
  #waiting: readonly WaitingCall[] = [];
  /** Places of calls that are computed now and for which no frame waits. */
  #besideCount = 0;
  #users = 1;
  #wantedThreads = 1;
  #isGrowing = false;
  #growing: Promise<void> | undefined;
  #isEnded = false;
  #hungCount = 0;

  private constructor(
    options: InferencePoolOptions,
    { thread, ready }: Awaited<ReturnType<typeof InferenceThread.start>>,
  ) {
    this.recogniser = ready.recogniser;
    this.#provider = ready.provider;
    this.#options = options;
    this.#add(thread);
  }

  /** Starts the first thread. Throws as `openFaceAnalyser` does. */
  static async open(options: InferencePoolOptions): Promise<InferencePool> {
    const { clock, logger } = options;
    let tell = (_provider: ProviderInUse): void => undefined;
    const onProviderChanged = (provider: ProviderInUse): void => tell(provider);
    let hung = (): Error => notAnswered();
    const onHung = (): Error => hung();
    const started = await InferenceThread.start(options.setup, { clock, logger, onProviderChanged, onHung });
    const pool = new InferencePool(options, started);
    tell = (provider) => pool.#changeProvider(provider);
    hung = () => pool.#hang();
    return pool;
  }

  get provider(): ProviderInUse {
    return this.#provider;
  }

  /** Threads that run now. */
  get threadCount(): number {
    return this.#threads.size;
  }

  /** Calls that are answered at a time now. */
  get mostCalls(): number {
    return this.#threads.size * this.#mostCallsOfThread;
  }

  get #mostCallsOfThread(): number {
    return this.#provider.actual === 'cpu' ? 1 : mostCallsOnGpu;
  }

  /** Starts threads until there is one for each of `count` users, or as many as allowed. Threads are never given up again. */
  serve(count: number): void {
    this.#users = Math.max(this.#users, count);
    const { mostThreads } = this.#options;
    // A graphics processor is one device: more threads would only load the networks into its memory again.
    const most = this.provider.actual === 'cpu' ? mostThreads : 1;
    this.#wantedThreads = Math.max(this.#wantedThreads, Math.min(this.#users, most));
    if (!this.#isGrowing) this.#growing = this.#grow();
  }

  detect(picture: Picture, options: DetectOptions): Promise<readonly Detection[]> {
    return this.#call('detect', picture, options);
  }

  locate(picture: Picture, regions: readonly FaceRegion[]): Promise<readonly (FaceLandmarks | undefined)[]> {
    return this.#call('locate', picture, regions);
  }

  embed(picture: Picture, landmarks: FaceLandmarks): Promise<Embedding> {
    return this.#call('embed', picture, landmarks);
  }

  passivePad(picture: Picture, detectionBox: Box): Promise<number | undefined> {
    return this.#call('passivePad', picture, detectionBox);
  }

  assess(picture: Picture, landmarks: FaceLandmarks, options: SmallestFace): ViewQuality {
    return assessView(picture, landmarks, options);
  }

  texture(picture: Picture, landmarks: FaceLandmarks): FaceTexture {
    return faceTexture(picture, landmarks.shape);
  }

  surroundings(picture: Picture, landmarks: FaceLandmarks): Surroundings {
    return faceSurroundings(picture, landmarks.shape);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isEnded = true;
    await this.#growing;
    await Promise.all([...this.#threads].map((thread) => thread[Symbol.asyncDispose]()));
  }

  #call<Method extends NetworkMethod>(
    method: Method,
    ...parameters: Parameters<FaceAnalyser[Method]>
  ): ReturnType<FaceAnalyser[Method]> {
    const call = { method, parameters } as InferenceCall;
    const answer = new Promise((resolve, reject) => {
      this.#waiting = [...this.#waiting, { call, resolve, reject }];
      this.#next();
      if (this.#threads.size === 0) this.serve(this.#wantedThreads);
    });
    return answer as ReturnType<FaceAnalyser[Method]>;
  }

  /** Hands waiting calls to threads with room: a thread that has just started on a GPU has room for many. */
  #next(): void {
    for (;;) {
      const thread = this.#free.at(-1);
      // Where there are several threads, one is left to the calls that frames wait for.
      const isRoomBeside = this.#besideCount < Math.max(1, this.mostCalls - 1);
      const next = this.#waiting.find(({ call }) => isRoomBeside || !isBeside(call));
      if (thread === undefined || next === undefined) return;
      this.#waiting = this.#waiting.filter((each) => each !== next);
      const leave = isBeside(next.call) ? this.#takePlaceBeside() : undefined;
      const answered = thread.run(next.call);
      if (thread.callCount >= this.#mostCallsOfThread) this.#free = this.#free.slice(0, -1);
      answered.then(next.resolve, next.reject).finally(() => {
        leave?.();
        this.#release(thread);
      });
    }
  }

  /** Returns what gives the place back. */
  #takePlaceBeside(): () => void {
    this.#besideCount += 1;
    let isTaken = true;
    const leave = (): void => {
      late.cancel();
      if (isTaken) this.#besideCount -= 1;
      isTaken = false;
    };
    const late = this.#options.clock.after(besideWithinMs, () => {
      leave();
      this.#next();
    });
    return leave;
  }

  #release(thread: InferenceThread): void {
    if (thread.isEnded || thread.callCount >= this.#mostCallsOfThread) return;
    this.#free = [...this.#free.filter((each) => each !== thread), thread];
    this.#next();
  }

  /** The processor needs as many threads as there are users: those asked for so far are started now. */
  #changeProvider(provider: ProviderInUse): void {
    this.#provider = provider;
    this.#options.onProviderChanged?.(provider);
    this.serve(this.#users);
  }

  #add(thread: InferenceThread): void {
    this.#threads.add(thread);
    void thread.ended.then(() => this.#lost(thread));
    this.#release(thread);
  }

  #lost(thread: InferenceThread): void {
    this.#threads.delete(thread);
    this.#free = this.#free.filter((each) => each !== thread);
    if (!this.#isEnded) this.serve(this.#wantedThreads);
  }

  /** One thread after the other: the threads that exist already serve everyone meanwhile. */
  async #grow(): Promise<void> {
    const { setup, clock, logger } = this.#options;
    const onProviderChanged = (changed: ProviderInUse): void => this.#changeProvider(changed);
    this.#isGrowing = true;
    try {
      while (!this.#isEnded && this.#threads.size < this.#wantedThreads) {
        // Where `auto` chose the processor, a later thread need not try a GPU.
        const provider = this.#provider.actual === 'cpu' ? 'cpu' : setup.provider;
        const threads = threadsOfRun(this.#options, this.#wantedThreads);
        const { thread, ready } = await InferenceThread.start(
          { ...setup, provider, threads },
          { clock, logger, onProviderChanged, onHung: () => this.#hang() },
        );
        if (ready.provider.actual !== this.#provider.actual) this.#changeProvider(ready.provider);
        this.#add(thread);
      }
    } catch (error) {
      this.#wantedThreads = Math.max(1, this.#threads.size);
      logger.warn('another thread for networks could not be started', { reason: messageOf(error) });
      if (this.#threads.size === 0) this.#rejectWaiting(error);
    } finally {
      this.#isGrowing = false;
    }
  }

  /** The first threads that hang are replaced, at the cost of one camera. They keep what they hold until the process ends. */
  #hang(): Error {
    this.#hungCount += 1;
    const seconds = callWithinMs / 1000;
    const count = this.#hungCount;
    this.#options.logger.error('a network does not answer and its thread is replaced', { seconds, count });
    return count > mostHung ? tooManyHung() : notAnswered();
  }

  #rejectWaiting(error: unknown): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const { reject } of waiting) reject(error);
  }
}
