import { type CameraProgress, stages } from '../../contract/vision/vision-reports.js';
import type { Clock } from '../../kernel/clock.js';

export const windowMs = 60_000;

/** What a camera got and cost over the last minute or since its first report. */
export interface CameraLoad {
  /** The time that was measured, seconds: less than a minute after the first report. */
  readonly measuredS: number;
  readonly dueFps: number;
  readonly analysedFps: number;
  readonly deliveredFps: number;
  /** Cores that its decoder used. */
  readonly decoderCores: number;
  /** Threads for networks that it kept busy, and its part of the main thread. */
  readonly analysisThreads: number;
}

type Totals = Readonly<Record<'analysed' | 'late' | 'delivered' | 'decoderMs' | 'analysisMs', number>>;

interface Sample extends Totals {
  readonly atMs: number;
}

interface Known {
  /** The counters of the last report; undefined when another process will start to count. */
  readonly counters: Totals | undefined;
  /** Totals that never start over, oldest first. The first is up to a minute old, the others are younger. */
  readonly samples: readonly Sample[];
}

const nothing: Totals = { analysed: 0, late: 0, delivered: 0, decoderMs: 0, analysisMs: 0 };

/** The loads of the cameras over a sliding minute, from the counters that vision processes send about once a second. */
export class CameraLoads {
  readonly #clock: Clock;
  readonly #cameras = new Map<string, Known>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  take(cameras: readonly Pick<CameraProgress, 'id' | 'counters'>[]): void {
    const atMs = this.#clock.monotonicMs();
    for (const { id, counters: reported } of cameras) {
      const counters = totalsOf(reported);
      const { counters: before = counters, samples } = this.#cameras.get(id) ?? { samples: [] };
      const last = samples.at(-1) ?? nothing;
      const grown = each((name) => last[name] + Math.max(0, counters[name] - before[name]));
      const kept = samples.filter((sample) => atMs - sample.atMs < windowMs);
      this.#cameras.set(id, { counters, samples: [...kept, { atMs, ...grown }] });
    }
  }

  /** No process watches these cameras now. Their counters start over. */
  closed(cameraIds: readonly string[]): void {
    for (const id of cameraIds) {
      const known = this.#cameras.get(id);
      if (known !== undefined) this.#cameras.set(id, { ...known, counters: undefined });
    }
  }

  /** Undefined without two reports within the last minute. */
  loadOf(cameraId: string): CameraLoad | undefined {
    const nowMs = this.#clock.monotonicMs();
    const samples = (this.#cameras.get(cameraId)?.samples ?? []).filter(
      ({ atMs }) => nowMs - atMs <= windowMs,
    );
    const [first, last] = [samples[0], samples.at(-1)];
    if (first === undefined || last === undefined || first === last) return undefined;
    const elapsedMs = nowMs - first.atMs;
    const perMs = each((name) => (last[name] - first[name]) / elapsedMs);
    return {
      measuredS: elapsedMs / 1000,
      dueFps: 1000 * (perMs.analysed + perMs.late),
      analysedFps: 1000 * perMs.analysed,
      deliveredFps: 1000 * perMs.delivered,
      decoderCores: perMs.decoderMs,
      analysisThreads: perMs.analysisMs,
    };
  }

  /** Of all cameras that reported within the last minute. */
  all(): readonly CameraLoad[] {
    return [...this.#cameras.keys()].flatMap((id) => this.loadOf(id) ?? []);
  }

  /** Forgets cameras that are no longer configured. */
  configure(cameraIds: readonly string[]): void {
    for (const id of this.#cameras.keys()) if (!cameraIds.includes(id)) this.#cameras.delete(id);
  }
}

const each = (value: (name: keyof Totals) => number): Totals => ({
  analysed: value('analysed'),
  late: value('late'),
  delivered: value('delivered'),
  decoderMs: value('decoderMs'),
  analysisMs: value('analysisMs'),
});

/** Frames are due only by `analysed` and `droppedLate`: other drops happen before it is known, and a slow network causes them too. */
function totalsOf(counters: CameraProgress['counters']): Totals {
  const { analysed = 0, droppedLate: late = 0, delivered = 0, decoderMs = 0 } = counters;
  const analysisMs = stages.reduce((sum, stage) => sum + (counters[`${stage}Ms`] ?? 0), 0);
  return { analysed, late, delivered, decoderMs, analysisMs };
}
