import type { CameraProgress } from '../../contract/vision/vision-reports.js';
import type { Clock } from '../../kernel/clock.js';
import type { ConditionPort } from '../delivery/condition-port.js';

const windowMs = 60_000;
/** The box is overloaded when it loses more than this share of the due frames of a whole minute. */
const mostLost = 0.1;
/** Fewer due frames in a minute say nothing: a camera was just opened, or none streams. */
const fewestDue = 60;
/** The condition ends after this time without an overloaded minute, milliseconds. */
const calmMs = 10 * 60_000;

/** Frames a second over the last minute. */
export interface AnalysisRate {
  readonly dueFps: number;
  readonly analysedFps: number;
}

interface Counts {
  readonly analysed: number;
  readonly late: number;
}

interface Step extends Counts {
  readonly atMs: number;
}

/** Compares the frames that were analysed with those that were due, and turns lasting losses into the condition `overloaded`. */
export class OverloadWatch {
  readonly #clock: Clock;
  readonly #conditions: Pick<ConditionPort, 'begin' | 'end'>;
  readonly #last = new Map<string, Counts>();
  readonly #sinceMs: number;
  #steps: readonly Step[] = [];
  #overloadedAtMs: number | undefined;

  constructor(clock: Clock, conditions: Pick<ConditionPort, 'begin' | 'end'>) {
    this.#clock = clock;
    this.#conditions = conditions;
    this.#sinceMs = clock.monotonicMs();
    // The condition of the last run: it begins again if the load is still there.
    conditions.end('overloaded');
  }

  /** Takes the counters that a vision process sends about once a second. */
  take(cameras: readonly Pick<CameraProgress, 'id' | 'counters'>[]): void {
    const nowMs = this.#clock.monotonicMs();
    const steps = cameras.map(({ id, counters }) => this.#step(id, counters, nowMs));
    this.#steps = [...this.#steps.filter(({ atMs }) => nowMs - atMs < windowMs), ...steps];
    this.#judge(nowMs);
  }

  /** No process watches these cameras now. Their counters start over. */
  closed(cameraIds: readonly string[]): void {
    for (const id of cameraIds) this.#last.delete(id);
  }

  rate(): AnalysisRate {
    const nowMs = this.#clock.monotonicMs();
    const { analysed, late } = totalOf(this.#steps.filter(({ atMs }) => nowMs - atMs < windowMs));
    const perS = (count: number): number => count / (windowMs / 1000);
    return { dueFps: perS(analysed + late), analysedFps: perS(analysed) };
  }

  #step(id: string, counters: CameraProgress['counters'], atMs: number): Step {
    // Other drops happen before it is known whether a frame is due, and a slow network causes them too.
    const { analysed = 0, droppedLate: late = 0 } = counters;
    const before = this.#last.get(id) ?? { analysed, late };
    this.#last.set(id, { analysed, late });
    return {
      atMs,
      analysed: Math.max(0, analysed - before.analysed),
      late: Math.max(0, late - before.late),
    };
  }

  #judge(nowMs: number): void {
    const { analysed, late } = totalOf(this.#steps);
    const due = analysed + late;
    const isWholeMinute = nowMs - this.#sinceMs >= windowMs;
    if (isWholeMinute && due >= fewestDue && late > mostLost * due) {
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

const totalOf = (steps: readonly Counts[]): Counts => ({
  analysed: steps.reduce((sum, { analysed }) => sum + analysed, 0),
  late: steps.reduce((sum, { late }) => sum + late, 0),
});
