import type { Clock } from '../../kernel/clock.js';
import type { ConditionPort } from '../delivery/condition-port.js';
import { type CameraLoads, windowMs } from './camera-loads.js';

/**
 * The box is overloaded when a vision process loses more than this share of the due frames of a whole minute. Its thread can be full while
 * the others have room, and they would hide what its cameras lose.
 */
const mostLost = 0.1;
/** Fewer due frames within the minute say nothing: a camera was just opened, or none streams. */
const fewestDue = 60;
/** The condition ends after this time without an overloaded minute, milliseconds. */
const calmMs = 10 * 60_000;

/** Frames per second of all cameras over the last minute, or since they were opened. */
export interface AnalysisRate {
  readonly dueFps: number;
  readonly analysedFps: number;
}

/** Compares the frames that were analysed with those that were due, and turns lasting losses into the condition `overloaded`. */
export class OverloadWatch {
  readonly #clock: Clock;
  readonly #conditions: Pick<ConditionPort, 'begin' | 'end'>;
  readonly #loads: Pick<CameraLoads, 'all' | 'loadOf'>;
  readonly #sinceMs: number;
  /** When a minute was overloaded. At first it is not known whether the last run ended so: the condition then stays for now. */
  #overloadedAtMs: number | undefined;

  constructor(
    clock: Clock,
    loads: Pick<CameraLoads, 'all' | 'loadOf'>,
    conditions: Pick<ConditionPort, 'begin' | 'end'>,
  ) {
    this.#clock = clock;
    this.#loads = loads;
    this.#conditions = conditions;
    this.#sinceMs = clock.monotonicMs();
    this.#overloadedAtMs = this.#sinceMs;
  }

  /** A minute of this run was overloaded within the last ten. */
  get isOverloaded(): boolean {
    return this.#overloadedAtMs !== undefined && this.#overloadedAtMs > this.#sinceMs;
  }

  rate(): AnalysisRate {
    const loads = this.#loads.all();
    return {
      dueFps: loads.reduce((sum, { dueFps }) => sum + dueFps, 0),
      analysedFps: loads.reduce((sum, { analysedFps }) => sum + analysedFps, 0),
    };
  }

  /** Judges the last minute of the cameras of one vision process. Called about once a second for each. */
  judge(cameraIds: readonly string[]): void {
    const nowMs = this.#clock.monotonicMs();
    const loads = cameraIds.flatMap((id) => this.#loads.loadOf(id) ?? []);
    const due = loads.reduce((sum, { dueFps, measuredS }) => sum + dueFps * measuredS, 0);
    const analysed = loads.reduce((sum, { analysedFps, measuredS }) => sum + analysedFps * measuredS, 0);
    const isWholeMinute = nowMs - this.#sinceMs >= windowMs;
    if (isWholeMinute && due >= fewestDue && due - analysed > mostLost * due) {
      this.#overloadedAtMs = nowMs;
      const { dueFps, analysedFps } = this.rate();
      this.#conditions.begin('overloaded', { dueFps: rounded(dueFps), analysedFps: rounded(analysedFps) });
    } else if (this.#overloadedAtMs !== undefined && nowMs - this.#overloadedAtMs > calmMs) {
      this.#overloadedAtMs = undefined;
      this.#conditions.end('overloaded');
    }
  }
}

const rounded = (fps: number): number => Math.round(10 * fps) / 10;
