import { freemem } from 'node:os';
import { busyProcessorMs } from '../../host/process-facts.js';
import { usableCores } from '../../host/usable-cores.js';
import { type MeasuredLoad, roomFor } from '../../kernel/capacity.js';
import type { Clock } from '../../kernel/clock.js';
import { type CameraLoads, windowMs } from './camera-loads.js';

/** How often the machine is looked at, milliseconds. */
const everyMs = 5_000;
const hourMs = 3_600_000;
const peakHours = 24;
/** A box that loses more is overloaded and has no room. What its frames cost then says nothing about other times. */
const leastServed = 0.9;

/** Processor time of the machine, for tests. */
export interface MachineProbe {
  readonly cores: number;
  /** Processor time that all programs have used, milliseconds. */
  busyMs(): number;
  freeBytes(): number;
}

const thisMachine: MachineProbe = {
  cores: usableCores(),
  busyMs: busyProcessorMs,
  freeBytes: freemem,
};

/** What the cameras cost the machine, and how many more it could take. */
export interface Capacity {
  readonly cores: number;
  readonly busyCores: number;
  readonly coresPerCamera: number;
  readonly moreCameras: number;
  readonly limit: NonNullable<ReturnType<typeof roomFor>>['limit'];
}

/** What it needs to know beside the processor: read when somebody asks. */
export interface CapacityFacts {
  /** Threads for networks of all vision processes; absent where a GPU computes. */
  readonly threadCount?: number;
  readonly bytesPerCamera: number;
  readonly isOverloaded: boolean;
}

interface Sample {
  readonly atMs: number;
  readonly busyMs: number;
  readonly visionMs: number;
}

/** Measures over a sliding minute what the machine and the vision processes compute, and keeps the most expensive minute of a day. */
export class CapacityWatch {
  readonly #clock: Clock;
  readonly #loads: Pick<CameraLoads, 'all'>;
  readonly #visionProcesses: () => ReadonlyMap<number, number>;
  readonly #machine: MachineProbe;
  readonly #lastOf = new Map<number, number>();
  #visionMs = 0;
  #samples: readonly Sample[] = [];
  /** The most cores per camera, by hours of the monotonic clock. */
  readonly #peaks = new Map<number, number>();

  /** `visionProcesses`: by index, the processor time of each vision process since its start, milliseconds. */
  constructor(
    clock: Clock,
    loads: Pick<CameraLoads, 'all'>,
    visionProcesses: () => ReadonlyMap<number, number>,
    machine: MachineProbe = thisMachine,
  ) {
    this.#clock = clock;
    this.#loads = loads;
    this.#visionProcesses = visionProcesses;
    this.#machine = machine;
  }

  /** Looks at the machine, if it is time. Called about once a second. */
  look(): void {
    const atMs = this.#clock.monotonicMs();
    const last = this.#samples.at(-1);
    if (last !== undefined && atMs - last.atMs < everyMs) return;
    this.#addVision();
    const sample = { atMs, busyMs: this.#machine.busyMs(), visionMs: this.#visionMs };
    // One that is a minute old stays: the others do not span a minute.
    const old = this.#samples.findLastIndex((each) => atMs - each.atMs >= windowMs);
    this.#samples = [...this.#samples.slice(Math.max(0, old)), sample];
    this.#notePeak(atMs);
  }

  /** Undefined before a whole minute was measured, and while no camera delivers frames. */
  capacity({ threadCount, bytesPerCamera, isOverloaded }: CapacityFacts): Capacity | undefined {
    const minute = this.#minute();
    const peakCoresPerCamera = Math.max(0, ...this.#peaks.values());
    if (minute === undefined || minute.cameras === 0) return undefined;
    const busy = this.#streaming().reduce((sum, { analysisThreads }) => sum + analysisThreads, 0);
    const load: MeasuredLoad = {
      ...{ ...minute, cores: this.#machine.cores, peakCoresPerCamera, isOverloaded },
      ...(threadCount === undefined ? {} : { threads: { count: threadCount, busy } }),
      ...{ freeBytes: this.#machine.freeBytes(), bytesPerCamera },
    };
    const room = roomFor(load);
    if (room === undefined) return undefined;
    const { cores, busyCores } = load;
    return { cores, busyCores, coresPerCamera: peakCoresPerCamera, ...room };
  }

  #streaming() {
    return this.#loads.all().filter(({ deliveredFps }) => deliveredFps > 0);
  }

  #minute(): Pick<MeasuredLoad, 'busyCores' | 'cameras' | 'cameraCores'> | undefined {
    const [first, last] = [this.#samples[0], this.#samples.at(-1)];
    if (first === undefined || last === undefined || last.atMs - first.atMs < windowMs) return undefined;
    const elapsedMs = last.atMs - first.atMs;
    const streaming = this.#streaming();
    const decoderCores = streaming.reduce((sum, load) => sum + load.decoderCores, 0);
    return {
      busyCores: (last.busyMs - first.busyMs) / elapsedMs,
      cameras: streaming.length,
      cameraCores: decoderCores + (last.visionMs - first.visionMs) / elapsedMs,
    };
  }

  #notePeak(atMs: number): void {
    const hour = Math.floor(atMs / hourMs);
    for (const known of this.#peaks.keys()) if (known <= hour - peakHours) this.#peaks.delete(known);
    const minute = this.#minute();
    if (minute === undefined || minute.cameras === 0) return;
    const cores = minute.cameraCores / minute.cameras / this.#servedShare();
    this.#peaks.set(hour, Math.max(this.#peaks.get(hour) ?? 0, cores));
  }

  /** Share of the due frames that were analysed: the lost ones would have cost as much. */
  #servedShare(): number {
    const streaming = this.#streaming();
    const due = streaming.reduce((sum, { dueFps }) => sum + dueFps, 0);
    const analysed = streaming.reduce((sum, { analysedFps }) => sum + analysedFps, 0);
    return due === 0 ? 1 : Math.max(leastServed, analysed / due);
  }

  #addVision(): void {
    const processes = this.#visionProcesses();
    for (const index of this.#lastOf.keys()) if (!processes.has(index)) this.#lastOf.delete(index);
    for (const [index, ms] of processes) {
      // A process that replaces another one has computed less than that.
      this.#visionMs += Math.max(0, ms - (this.#lastOf.get(index) ?? ms));
      this.#lastOf.set(index, ms);
    }
  }
}
