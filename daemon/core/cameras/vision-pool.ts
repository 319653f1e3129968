import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import type { VisionStatus } from '../../contract/status.js';
import {
  type CameraTestOutcome,
  type ClipTakenOutcome,
  cameraNotStreaming,
  type DeviceProfilesOutcome,
  type DiscoveryOutcome,
  type SnapshotOutcome,
  type ViewOutcome,
} from '../../contract/vision/vision-answers.js';
import type { CameraPlan, DevicePlan, LiveKind, VisionPlan } from '../../contract/vision/vision-orders.js';
import type { Report } from '../../contract/vision/vision-reports.js';
import type { Clock } from '../../kernel/clock.js';
import { operational, type RollcallError } from '../../kernel/errors.js';
import { type Isolation, withNetwork } from '../../kernel/isolation.js';
import type { Logger, LogLevel } from '../../kernel/logger.js';
import { present } from '../../kernel/present.js';
import type { Random } from '../../kernel/random.js';
import { askDevices } from '../../vision/ingest/ws-discovery.js';
import type { CameraLines } from '../../vision/lines/camera-lines.js';
import type { VisionLauncher } from '../../vision/vision-launcher.js';
import { type Dealt, dealCameras, type PlannedVision } from './vision-plan.js';
import { visionUnavailable } from './vision-requests.js';
import { VisionSlot } from './vision-slot.js';
import { untilVisionRuns } from './vision-start.js';

export interface VisionPoolOptions {
  readonly logLevel: LogLevel;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly launcher: VisionLauncher;
  /** Connects the processes to their cameras. */
  readonly lines: CameraLines;
  /** Where the gate may connect to the processes for live pictures. */
  readonly liveFolder: string;
  /** An accepted report of a process about its cameras; see `VisionSlotOptions`. */
  onReport(report: Report, picture: Uint8Array): void;
  /**
   * Every process that runs has reported progress since the last call. Those that start, or wait for their restart, are left to their
   * slots: one that keeps failing must not cost the cameras of the others.
   */
  onRound(): void;
  /** No process watches these cameras, for now or for good. */
  onDown(cameraIds: readonly string[]): void;
  /** A process misbehaved and is replaced. `about`: its cameras, or its name. `isDegraded`: it happened repeatedly. */
  onMisbehaviour(about: readonly string[], isDegraded: boolean): void;
  /** The misbehaviour of these is over. */
  onTrusted(about: readonly string[]): void;
  /** Replaces the vision program of a process, by its number; see `VisionProcessOptions`. */
  readonly programOf?: (index: number) => readonly string[] | undefined;
}

/** The effect of a changed plan. */
export interface TakenUp {
  /** The number of replaced processes. */
  readonly replaced: number;
  /** Cameras that were opened, or reopened by another process or with other settings. */
  readonly opened: readonly string[];
}

/** An open way to the pictures of a camera. */
export interface OpenedView {
  /** The name of the socket in the folder for live pictures. */
  readonly socket: string;
  close(): void;
}

interface Slot {
  readonly slot: VisionSlot;
  /** The plan that it was started with, without cameras. */
  readonly shared: unknown;
}

/**
 * All vision processes with cameras. Applies a changed plan while they run: an unchanged camera keeps its process, session and
 * tracks if possible. The caller waits for each change before the next.
 */
export class VisionPool implements AsyncDisposable {
  readonly #options: VisionPoolOptions;
  readonly #abort = new AbortController();
  readonly #reportedThisRound = new Set<VisionSlot>();
  #logLevel: LogLevel;
  #slots: readonly Slot[] = [];
  #lastView = 0;

  constructor(options: VisionPoolOptions) {
    this.#options = options;
    this.#logLevel = options.logLevel;
  }

  /** Starts the processes of the first plan. `isRunning` and `failure` report the outcome. */
  start(planned: PlannedVision): void {
    const cameras = planned.plan.cameras.map(({ id }) => id);
    for (const each of dealCameras([], cameras, planned)) this.#add(planned, each);
  }

  /**
   * Applies `planned`. Throws when a new process cannot start; apply the former plan then. `signal` ends the wait for a start.
   */
  async takeUp(planned: PlannedVision, signal: AbortSignal): Promise<TakenUp> {
    const { cameras } = planned.plan;
    const ids = cameras.map(({ id }) => id);
    const dealt = dealCameras(this.#dealtBefore(planned), ids, planned);
    await this.#close(cameras, dealt);
    let replaced = 0;
    const opened: string[] = [];
    for (const each of dealt) {
      const present = this.#slots.find(({ slot }) => slot.index === each.index);
      if (present !== undefined && isDeepStrictEqual(present.shared, sharedBy(planned))) {
        opened.push(...openMissing(present.slot, plansOf(each, cameras)));
        continue;
      }
      // One process at a time: a box lacks the memory for two sets, and the other processes keep running meanwhile.
      if (present !== undefined) await this.#end(present);
      if (present !== undefined) replaced += 1;
      await untilVisionRuns(this.#add(planned, each), signal);
      opened.push(...each.cameras);
    }
    return { replaced, opened };
  }

  setLogLevel(level: LogLevel): void {
    this.#logLevel = level;
    for (const { slot } of this.#slots) slot.setLogLevel(level);
  }

  /** What each process has computed since its start, by its index, milliseconds of one core. */
  processorMs(): ReadonlyMap<number, number> {
    return new Map(this.#slots.map(({ slot }) => [slot.index, slot.processorMs]));
  }

  status(): readonly VisionStatus[] {
    return this.#slots.map(({ slot }) => slot.status());
  }

  /** How far the processes with cameras are isolated, as they say themselves. */
  get isolation(): Isolation {
    const { isolation } = this.#options.launcher;
    return this.#slots.some(({ slot }) => slot.hasUnwantedNetwork) ? withNetwork(isolation) : isolation;
  }

  /** The reason that a process gave for not running, if any. */
  get failure(): Extract<Report, { type: 'failed' }> | undefined {
    return this.#slots.find(({ slot }) => slot.failure !== undefined)?.slot.failure;
  }

  get isRunning(): boolean {
    return this.#slots.every(({ slot }) => slot.isRunning);
  }

  /** Opens a camera for a test and returns what it shows. Throws `vision-unavailable` (retryable). */
  testCamera(camera: CameraPlan): Promise<CameraTestOutcome> {
    const running = this.#slots.find(({ slot }) => slot.isRunning);
    if (running === undefined) return Promise.reject(visionUnavailable('no vision process is running'));
    return running.slot.ask((request) => ({ type: 'test-camera', request, camera }));
  }

  /** Asks a device for its profiles. Throws `vision-unavailable` (retryable). */
  askDevice(device: DevicePlan): Promise<DeviceProfilesOutcome> {
    const running = this.#slots.find(({ slot }) => slot.isRunning);
    if (running === undefined) return Promise.reject(visionUnavailable('no vision process is running'));
    return running.slot.ask((request) => ({ type: 'ask-device', request, device }));
  }

  /** Looks for cameras in the networks of this machine. A vision process reads the answers. Throws `vision-unavailable` (retryable). */
  async discoverCameras(durationMs: number): Promise<DiscoveryOutcome> {
    const { signal } = this.#abort;
    const asked = await askDevices({ durationMs, clock: this.#options.clock, signal });
    const running = this.#slots.find(({ slot }) => slot.isRunning);
    if (running === undefined) throw visionUnavailable('no vision process is running');
    const { messageId, isCutShort } = asked;
    const answers = asked.answers.map(({ address, text }) => ({ address, bytes: text.length }));
    return running.slot.ask(
      (request) => ({ type: 'read-device-answers', request, messageId, answers, isCutShort }),
      Buffer.concat(asked.answers.map(({ text }) => text)),
    );
  }

  /** The next picture of a camera, sealed to an X25519 key (base64url); `isMarked`: with the boxes of its faces. Throws `vision-unavailable` (retryable). */
  takeSnapshot(cameraId: string, sealTo: string, { isMarked = false } = {}): Promise<SnapshotOutcome> {
    const found = this.#slots.find(({ slot }) => slot.cameraIds.includes(cameraId));
    if (found === undefined) return Promise.resolve(cameraNotStreaming);
    return found.slot.ask((request) => ({ type: 'take-snapshot', request, cameraId, sealTo, isMarked }));
  }

  /** The frames of a camera for a clip, by monotonic time. @throws `vision-unavailable` */
  takeClip(
    cameraId: string,
    { fromMs, untilMs }: { readonly fromMs: number; readonly untilMs: number },
  ): Promise<ClipTakenOutcome> {
    const found = this.#slots.find(({ slot }) => slot.cameraIds.includes(cameraId));
    if (found === undefined) return Promise.resolve(cameraNotStreaming);
    return found.slot.ask((request) => ({ type: 'take-clip', request, cameraId, fromMs, untilMs }));
  }

  /**
   * Lets who shows the ticket get the pictures or the video of a camera, until the view is closed.
   * @throws `camera-not-streaming`, `live-unavailable`, `vision-unavailable`
   */
  async openView(cameraId: string, kind: LiveKind, ticket: string): Promise<OpenedView> {
    const slot = this.#slots.find((each) => each.slot.cameraIds.includes(cameraId))?.slot;
    if (slot === undefined) throw failedView(cameraNotStreaming);
    this.#lastView += 1;
    const view = this.#lastView;
    const socket = slot.liveSocket;
    const socketPath = join(this.#options.liveFolder, socket);
    const close = (): void => slot.closeView(view);
    try {
      const outcome = await slot.ask<ViewOutcome>((request) => ({
        ...{ type: 'open-view', request, view, cameraId, kind, ticket, socketPath },
      }));
      if (outcome.outcome === 'failed') throw failedView(outcome);
    } catch (error) {
      close();
      throw error;
    }
    return { socket, close };
  }

  /** Begins or ends the reports of what is measured at the faces of a camera. */
  followCamera(cameraId: string, isFollowed: boolean): void {
    this.#slots
      .find(({ slot }) => slot.cameraIds.includes(cameraId))
      ?.slot.followCamera(cameraId, isFollowed);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#abort.abort();
    await Promise.all(this.#slots.map(({ slot }) => slot[Symbol.asyncDispose]()));
  }

  /**
   * The cameras of each process. None if the change replaces every process anyway and their number is automatic: then no camera stays
   * where it is, and all of them are spread evenly.
   */
  #dealtBefore(planned: PlannedVision): readonly Dealt[] {
    const isReplaced = ({ shared }: Slot): boolean => !isDeepStrictEqual(shared, sharedBy(planned));
    if (!planned.movesCameras && this.#slots.every(isReplaced)) return [];
    return this.#slots.map(({ slot }) => ({ index: slot.index, cameras: slot.cameraIds }));
  }

  /** Closes removed, changed and moving cameras first, so that no camera gets two sessions. */
  async #close(cameras: readonly CameraPlan[], dealt: readonly Dealt[]): Promise<void> {
    const close = async (each: Slot): Promise<void> => {
      const own = dealt.find(({ index }) => index === each.slot.index);
      if (own === undefined) {
        await this.#end(each);
        return;
      }
      const stays = (id: string): boolean =>
        own.cameras.includes(id) && cameras.some((camera) => camera.id === id && each.slot.hasCamera(camera));
      const closing = each.slot.cameraIds.filter((id) => !stays(id));
      await Promise.all(closing.map((id) => each.slot.closeCamera(id)));
      if (closing.length > 0) this.#options.onDown(closing);
      this.#options.onTrusted(closing);
    };
    await Promise.all(this.#slots.map(close));
  }

  #add(planned: PlannedVision, { index, cameras }: Dealt): VisionSlot {
    const { clock, random, logger, launcher, lines, liveFolder } = this.#options;
    const { onDown, onMisbehaviour, onTrusted, programOf } = this.#options;
    const slot: VisionSlot = new VisionSlot({
      index,
      plan: { ...planned.plan, cameras: plansOf({ index, cameras }, planned.plan.cameras) },
      purpose: 'cameras',
      logLevel: this.#logLevel,
      ...{ clock, random, logger, launcher, lines, liveFolder },
      program: programOf?.(index),
      onReport: (report, picture) => {
        if (report.type === 'progress') this.#countRound(slot);
        this.#options.onReport(report, picture);
      },
      onDown,
      onMisbehaviour: (isDegraded) => onMisbehaviour(nameOf(slot), isDegraded),
      onTrusted: () => onTrusted(nameOf(slot)),
    });
    const added = { slot, shared: sharedBy(planned) };
    this.#slots = [...this.#slots, added].sort((a, b) => a.slot.index - b.slot.index);
    return this.#abort.signal.aborted ? slot : slot.start();
  }

  async #end(ended: Slot): Promise<void> {
    await ended.slot[Symbol.asyncDispose]();
    this.#options.onTrusted(nameOf(ended.slot));
    this.#slots = this.#slots.filter((each) => each !== ended);
    this.#reportedThisRound.delete(ended.slot);
  }

  #countRound(slot: VisionSlot): void {
    this.#reportedThisRound.add(slot);
    const isAwaited = (each: VisionSlot): boolean => each.isRunning && !this.#reportedThisRound.has(each);
    if (this.#slots.some((each) => isAwaited(each.slot))) return;
    this.#reportedThisRound.clear();
    this.#options.onRound();
  }
}

function failedView({
  code,
  message,
  remedy,
  says,
}: Extract<ViewOutcome, { outcome: 'failed' }>): RollcallError {
  return operational(code, message, { remedy, ...present({ says }), retryable: true });
}

/** The names of its cameras, or of the process itself. */
function nameOf({ index, cameraIds }: VisionSlot): readonly string[] {
  return cameraIds.length === 0 ? [`vision-process-${index}`] : cameraIds;
}

/** A difference in this part of the plan replaces a process. Automatic threads of a run are left out: they follow the number of cameras. */
function sharedBy({ plan, threads }: PlannedVision): unknown {
  return { ...plan, cameras: [], threads } satisfies Omit<VisionPlan, 'threads'> & { threads: unknown };
}

function plansOf({ cameras: ids }: Dealt, cameras: readonly CameraPlan[]): CameraPlan[] {
  return cameras.filter(({ id }) => ids.includes(id));
}

function openMissing(slot: VisionSlot, cameras: readonly CameraPlan[]): readonly string[] {
  const missing = cameras.filter((camera) => !slot.hasCamera(camera));
  for (const camera of missing) slot.openCamera(camera);
  return missing.map(({ id }) => id);
}
