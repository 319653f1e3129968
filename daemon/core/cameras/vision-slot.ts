import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { liveSocketName } from '../../contract/live.js';
import type { VisionStatus } from '../../contract/status.js';
import { type Refusal, ReportGuard } from '../../contract/vision/report-guard.js';
import type { Answer } from '../../contract/vision/vision-answers.js';
import type { CameraPlan, Request, VisionPlan } from '../../contract/vision/vision-orders.js';
import type { Report } from '../../contract/vision/vision-reports.js';
import { opaqueText } from '../../host/opaque-text.js';
import { type Clock, sleep } from '../../kernel/clock.js';
import { messageOf } from '../../kernel/errors.js';
import type { Logger, LogLevel } from '../../kernel/logger.js';
import { present } from '../../kernel/present.js';
import type { Random } from '../../kernel/random.js';
import { RetrySchedule } from '../../kernel/retry.js';
import { TokenBucket } from '../../kernel/token-bucket.js';
import type { CameraLines } from '../../vision/lines/camera-lines.js';
import type { VisionLauncher } from '../../vision/vision-launcher.js';
import { spawnVisionProcess, type VisionEnd, type VisionProcess } from '../../vision/vision-process.js';
import { VisionRequests, visionUnavailable } from './vision-requests.js';

const retryPolicy = { baseMs: 500, capMs: 30_000, sustainedMs: 20_000 };
/** After this many restarts without sustained progress the slot counts as degraded. It still tries again. */
const restartBudget = 5;
/** A process that reports no progress for this long hangs and is replaced. A process for photographs gives way to cameras and may take longer. */
const silenceLimitMs = { cameras: 30_000, photographs: 180_000 } as const;
/**
 * The limit while a process loads its networks, which it does in silence. Loading takes one or two seconds of processor time; at
 * a load of ten, the process gets a twentieth of a core (CFS weights of its niceness).
 */
const startLimitMs = 180_000;
const stopGraceMs = 6_000;
/** Enough to decode and embed a photograph on a busy box. A camera test may wait for a key frame. */
const requestTimeoutMs = { cameras: 60_000, photographs: 180_000 } as const;
/**
 * A process that misbehaved may be compromised. It is replaced after ever longer waits, until a process has behaved for
 * `sustainedMs`.
 */
const misbehaviourPolicy = { baseMs: 2_000, capMs: 10 * 60_000, sustainedMs: 10 * 60_000 };
/** After this many replacements for misbehaviour the slot counts as degraded and its cameras as failed. */
const misbehaviourBudget = 2;
/** Allowed refusals: a late answer, or a report about a camera that was just closed, is no attack. */
const tolerance = { most: 20, everyMs: 3_000 };
/** The shortest time between two log lines about refusals. */
const logRefusalsEveryMs = 1_000;
/** A process that needs longer to close a camera hangs and is replaced. */
const closeTimeoutMs = 10_000;

const unwantedNetwork = {
  code: 'isolation-unavailable',
  message: 'a vision process has a network, which its wall should have taken away',
  remedy:
    'In the installed service, install this version again, and look for drop-ins of the vision units with PrivateNetwork=; the kernel needs network namespaces (CONFIG_NET_NS).',
};

const newLiveSocket = (): string => liveSocketName(opaqueText());

type Phase = VisionStatus['state'];
type RestartCause = keyof VisionStatus['restartCauses'];

export interface VisionSlotOptions {
  readonly index: number;
  /** The plan that its processes start with. Cameras may change later. */
  readonly plan: VisionPlan;
  readonly purpose: 'cameras' | 'photographs';
  readonly logLevel: LogLevel;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly launcher: VisionLauncher;
  /** Connects the process to its cameras. Absent: it has none. */
  readonly lines?: CameraLines;
  /** Where the gate may connect to the process for live pictures. Absent: nowhere. */
  readonly liveFolder?: string;
  /** Replaces the vision program, see `VisionProcessOptions`. */
  readonly program?: readonly string[] | undefined;
  /** An accepted report that answers no request. `picture`: its JPEG, or empty. */
  onReport(report: Report, picture: Uint8Array): void;
  /** The process misbehaved and is replaced. `isDegraded`: it happened repeatedly. */
  onMisbehaviour?(isDegraded: boolean): void;
  /** A process has started: `slot.hasUnwantedNetwork` says what it found. */
  onStarted?(slot: VisionSlot): void;
  /** The process has behaved for long enough. */
  onTrusted?(): void;
  /** The process with these cameras ended. Another one follows. */
  onDown(cameraIds: readonly string[]): void;
}

/**
 * Runs one vision process from `start` until disposal. When the process ends for any reason, another one starts after a backoff.
 * Only sustained progress resets the backoff. Cameras of other slots keep running.
 */
export class VisionSlot implements AsyncDisposable {
  readonly index: number;
  readonly #options: VisionSlotOptions;
  readonly #cameras = new Map<string, CameraPlan>();
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #retry: RetrySchedule;
  /** Counts misbehaviour. */
  readonly #distrust: RetrySchedule;
  readonly #requests: VisionRequests;
  readonly #refused = new Map<Refusal, number>();
  #unlogged = 0;
  readonly #abort = new AbortController();
  #logLevel: LogLevel;
  #running: Promise<void> = Promise.resolve();
  #phase: Phase = 'starting';
  #process: VisionProcess | undefined;
  #liveSocket = newLiveSocket();
  #guard: ReportGuard;
  #tolerance: TokenBucket;
  #ready: Extract<Report, { type: 'ready' }> | undefined;
  #lastFailure: string | undefined;
  #failure: Extract<Report, { type: 'failed' }> | undefined;
  readonly #restartCauses = new Map<RestartCause, number>();
  #hasUnwantedNetwork = false;
  #isSilent = false;
  /** Of its start, of its readiness, or of its last progress. Other reports must not keep one alive that holds up the watchdog. */
  #lastProgressMs = 0;
  #processorMs = 0;

  constructor(options: VisionSlotOptions) {
    const { index, plan, logLevel, clock, random, logger } = options;
    this.index = index;
    this.#options = options;
    for (const camera of plan.cameras) this.#cameras.set(camera.id, camera);
    this.#logLevel = logLevel;
    this.#clock = clock;
    this.#logger = logger.child({ visionProcess: index });
    this.#retry = new RetrySchedule(retryPolicy, clock, random);
    this.#distrust = new RetrySchedule(misbehaviourPolicy, clock, random);
    this.#requests = new VisionRequests(clock);
    this.#guard = new ReportGuard(clock, this.#cameras);
    this.#tolerance = new TokenBucket(clock, tolerance);
  }

  start(): this {
    this.#running = this.#run(this.#abort.signal);
    return this;
  }

  get cameraIds(): readonly string[] {
    return [...this.#cameras.keys()];
  }

  get isRunning(): boolean {
    return this.#phase === 'running';
  }

  /** The failure that the process reported before it ended, until a process becomes ready. */
  get failure(): Extract<Report, { type: 'failed' }> | undefined {
    return this.#failure;
  }

  /** Whether the last process that started has a network that its wall should have taken away. */
  get hasUnwantedNetwork(): boolean {
    return this.#hasUnwantedNetwork;
  }

  /** What the process has computed since its start, as it says, milliseconds of one core. */
  get processorMs(): number {
    return this.#processorMs;
  }

  /** The name of the socket for live pictures of the present process. */
  get liveSocket(): string {
    return this.#liveSocket;
  }

  status(): VisionStatus {
    return {
      index: this.index,
      state: this.#phase,
      restarts: this.#restarts,
      restartCauses: Object.fromEntries(this.#restartCauses),
      ...present({ pid: this.#process?.pid }),
      ...(this.#ready === undefined
        ? {}
        : {
            provider: this.#ready.provider,
            recogniser: this.#ready.recogniser,
            ffmpegVersion: this.#ready.ffmpegVersion,
          }),
      ...(this.#lastFailure === undefined ? {} : { lastFailure: this.#lastFailure }),
      ...(this.#refused.size === 0 ? {} : { refused: Object.fromEntries(this.#refused) }),
    };
  }

  /** True if it watches this camera with exactly these settings. */
  hasCamera(camera: CameraPlan): boolean {
    return isDeepStrictEqual(this.#cameras.get(camera.id), camera);
  }

  /** Opens another camera. No other process may have it open. */
  openCamera(camera: CameraPlan): void {
    this.#cameras.set(camera.id, camera);
    this.#process?.send({ type: 'open-camera', camera });
  }

  /** Resolves when the session with the camera is closed: by the process, or because the process ended. */
  async closeCamera(cameraId: string): Promise<void> {
    const child = this.#process;
    if (child !== undefined) {
      const timeoutMs = this.isRunning ? closeTimeoutMs : requestTimeoutMs[this.#options.purpose];
      const closed = this.#requests.ask(
        timeoutMs,
        (request) => ({ type: 'close-camera', request, cameraId }),
        (order) => child.send(order),
      );
      await closed.catch(async (error: unknown) => {
        this.#logger.warn('a camera was not closed properly', { camera: cameraId, error });
        // The next process must not open it again.
        this.#cameras.delete(cameraId);
        await child.stop(0);
      });
    }
    this.#cameras.delete(cameraId);
    this.#guard.forgetCamera(cameraId);
  }

  /** Rejects with `vision-unavailable` (retryable). */
  ask<T extends Answer>(order: (request: number) => Request, attachment?: Uint8Array): Promise<T> {
    const child = this.#process;
    if (child === undefined || !this.isRunning || this.#abort.signal.aborted) {
      return Promise.reject(visionUnavailable('no vision process is running'));
    }
    const timeoutMs = requestTimeoutMs[this.#options.purpose];
    const send = (asked: Request): void => child.send(asked, attachment);
    return this.#requests.ask<T>(timeoutMs, order, send, (request) => child.giveUp(request));
  }

  /** Ends a view of a camera, if the process that opened it still runs. */
  closeView(view: number): void {
    this.#process?.send({ type: 'close-view', view });
  }

  /** Begins or ends the reports of what is measured at a camera, by the process that runs now. */
  followCamera(cameraId: string, isFollowed: boolean): void {
    this.#process?.send({ type: 'follow-camera', cameraId, isFollowed });
  }

  /** Sets the level for the present process and later ones. */
  setLogLevel(level: LogLevel): void {
    this.#logLevel = level;
    this.#process?.send({ type: 'log-level', level });
  }

  /** Ends the process. No other follows. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#abort.abort();
    await this.#running;
  }

  async #run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const { reason, misbehaviour } = await this.#runOnce(signal);
      if (signal.aborted) return;
      const isMisbehaviour = misbehaviour !== undefined;
      this.#lastFailure = isMisbehaviour ? reason : (this.#failure?.message ?? reason);
      const waitMs = Math.max(this.#retry.failed(), isMisbehaviour ? this.#distrust.failed() : 0);
      const cause = this.#causeOf(isMisbehaviour);
      this.#restartCauses.set(cause, (this.#restartCauses.get(cause) ?? 0) + 1);
      const isDistrusted = this.#distrust.failures > misbehaviourBudget;
      this.#phase = isDistrusted || this.#retry.failures > restartBudget ? 'degraded' : 'restarting';
      if (isMisbehaviour) this.#options.onMisbehaviour?.(isDistrusted);
      this.#logger.error('a vision process ended and will be restarted', {
        reason: this.#lastFailure,
        remedy: this.#failure?.remedy,
        restarts: this.#restarts,
        waitMs: Math.round(waitMs),
      });
      await sleep(this.#clock, waitMs, signal).catch((error: unknown) => {
        this.#logger.debug('the wait for a restart was cut short', { reason: messageOf(error) });
      });
    }
  }

  get #restarts(): number {
    return [...this.#restartCauses.values()].reduce((total, count) => total + count, 0);
  }

  #causeOf(isMisbehaviour: boolean): RestartCause {
    if (isMisbehaviour) return 'misbehaved';
    if (this.#isSilent) return 'silent';
    return this.#failure === undefined ? 'ended' : 'failed';
  }

  async #runOnce(signal: AbortSignal): Promise<VisionEnd> {
    this.#guard = new ReportGuard(this.#clock, this.#cameras);
    this.#tolerance = new TokenBucket(this.#clock, tolerance);
    const { launcher, lines, purpose, program, plan, liveFolder } = this.#options;
    const child = spawnVisionProcess({
      ...{ launcher, lines, purpose, program, liveFolder, logger: this.#logger },
      readable: plan.modelsDirectory === null ? [] : [plan.modelsDirectory],
      askedBytes: () => this.#requests.askedBytes,
      onReport: (report, picture) => this.#judge(report, picture),
      onLineDropped: () => this.#refuse('log'),
    });
    this.#process = child;
    this.#ready = undefined;
    this.#failure = undefined;
    this.#isSilent = false;
    this.#processorMs = 0;
    this.#lastProgressMs = this.#clock.monotonicMs();
    child.send({ type: 'log-level', level: this.#logLevel });
    child.send({ type: 'start', plan: { ...this.#options.plan, cameras: [...this.#cameras.values()] } });
    const stop = (): void => void child.stop(stopGraceMs);
    signal.addEventListener('abort', stop, { once: true });
    const watch = this.#watchSilence(child);
    const end = await child.ended;
    if (end.misbehaviour === 'protocol') this.#count('protocol');
    watch.cancel();
    signal.removeEventListener('abort', stop);
    this.#process = undefined;
    if (liveFolder !== undefined) await this.#removeSocket(join(liveFolder, this.#liveSocket));
    this.#liveSocket = newLiveSocket();
    this.#requests.abandon();
    this.#options.onDown(this.cameraIds);
    return end;
  }

  /** A killed process leaves it behind, and a process of another user cannot remove it. */
  async #removeSocket(path: string): Promise<void> {
    await rm(path, { force: true }).catch((error: unknown) =>
      this.#logger.warn('a socket for live pictures was not removed', { error }),
    );
  }

  #judge(report: Report, picture: Uint8Array): void {
    const { accepted, refused } = this.#guard.judge(report);
    if (refused !== undefined) this.#refuse(refused);
    if (refused !== undefined && 'request' in report) this.#requests.refuse(report.request);
    if (accepted !== undefined) this.#report(accepted, picture);
  }

  #refuse(refusal: Refusal): void {
    this.#count(refusal);
    // Too many log lines are only dropped: a library that warns at every frame is no attack.
    if (refusal === 'log' || this.#tolerance.take()) return;
    this.#process?.kill(`it misbehaves: the core repeatedly rejected its reports (${refusal})`);
  }

  #count(refusal: Refusal): void {
    this.#refused.set(refusal, (this.#refused.get(refusal) ?? 0) + 1);
    this.#unlogged += 1;
    if (this.#unlogged === 1) this.#clock.after(logRefusalsEveryMs, () => this.#logRefusals());
  }

  #logRefusals(): void {
    const refused = Object.fromEntries(this.#refused);
    this.#logger.warn('the core rejects reports of a vision process', { count: this.#unlogged, refused });
    this.#unlogged = 0;
  }

  #report(report: Report, picture: Uint8Array): void {
    if (report.type === 'ready') this.#takeReady(report);
    else if (report.type === 'provider-changed') {
      if (this.#ready !== undefined) this.#ready = { ...this.#ready, provider: report.provider };
      this.#warnOfProcessor(report.provider);
    } else if (report.type === 'failed') {
      this.#failure = report;
      // A network that hangs holds up the end of the process, too.
      this.#process?.killAfter(stopGraceMs);
    } else if (report.type === 'progress') {
      this.#lastProgressMs = this.#clock.monotonicMs();
      this.#processorMs = report.processorMs;
      this.#retry.progressed();
      const before = this.#distrust.failures;
      this.#distrust.progressed();
      if (this.#distrust.failures < before) this.#options.onTrusted?.();
    }
    if (!('request' in report)) this.#options.onReport(report, picture);
    else if (!this.#requests.take(report, picture)) this.#refuse('answer');
  }

  #takeReady(report: Extract<Report, { type: 'ready' }>): void {
    const { provider } = report;
    const { launcher } = this.#options;
    this.#lastProgressMs = this.#clock.monotonicMs();
    this.#ready = report;
    this.#hasUnwantedNetwork = report.hasNetwork && !launcher.isolation.gaps.includes('network');
    this.#options.onStarted?.(this);
    if (this.#hasUnwantedNetwork) {
      const { code, message, remedy } = unwantedNetwork;
      this.#logger.error(message, { remedy });
      if (launcher.mustBeFull === true) {
        this.#failure = { type: 'failed', code, message, remedy };
        void this.#process?.stop(0);
        return;
      }
    }
    this.#failure = undefined;
    this.#phase = 'running';
    this.#logger.info('a vision process is ready', { pid: this.#process?.pid, provider });
    if (provider.warning !== undefined) this.#warnOfProcessor(provider);
  }

  #warnOfProcessor(provider: Extract<Report, { type: 'ready' }>['provider']): void {
    this.#logger.warn('the preferred provider is not usable; inference runs on the processor', {
      ...provider,
    });
  }

  #watchSilence(child: VisionProcess): { cancel(): void } {
    const limitMs = silenceLimitMs[this.#options.purpose];
    let isCancelled = false;
    const check = (): void => {
      if (isCancelled) return;
      const silenceMs = this.#ready === undefined ? startLimitMs : limitMs;
      if (this.#clock.monotonicMs() - this.#lastProgressMs > silenceMs) {
        this.#logger.error('a vision process is silent for too long and is killed', {
          pid: child.pid,
          silenceMs,
        });
        this.#isSilent = true;
        void child.stop(0);
        return;
      }
      timer = this.#clock.after(limitMs / 4, check);
    };
    let timer = this.#clock.after(limitMs / 4, check);
    return {
      cancel() {
        isCancelled = true;
        timer.cancel();
      },
    };
  }
}
