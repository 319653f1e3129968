import {
  Counter,
  Gauge,
  Histogram,
  type HistogramConfiguration,
  type OpenMetricsContentType,
  Registry,
} from 'prom-client';
import type { DurationCounts } from '../../kernel/duration-histogram.js';

/** What describes one metric. */
export interface MetricHead {
  /** Without `rollcall_`. It ends in its unit, and that of a counter in `_total`. */
  readonly name: string;
  readonly help: string;
  readonly labels?: readonly string[];
}

/** A value with its labels: all of `MetricHead.labels`. */
export type Sample<Value> = readonly [value: Value, labels?: Readonly<Record<string, string>>];

/** The media types of the two formats. */
export const metricFormats = {
  text: Registry.PROMETHEUS_CONTENT_TYPE,
  openMetrics: Registry.OPENMETRICS_CONTENT_TYPE,
} as const;
export type MetricFormat = keyof typeof metricFormats;

/** The metrics of one answer. Nothing lives longer, so that no sample outlives what it is about. */
export class MetricFamilies {
  readonly #registry: Registry | Registry<OpenMetricsContentType>;
  readonly #boundText: (boundS: number) => string;

  constructor(format: MetricFormat) {
    // OpenMetrics writes the bounds of buckets as fractions, and readers may refuse others.
    this.#boundText = (boundS) =>
      format === 'openMetrics' && Number.isInteger(boundS) ? boundS.toFixed(1) : `${boundS}`;
    if (format === 'text') this.#registry = new Registry();
    else {
      const registry = new Registry<OpenMetricsContentType>();
      registry.setContentType(metricFormats.openMetrics);
      this.#registry = registry;
    }
  }

  gauge(head: MetricHead, samples: readonly Sample<number | boolean>[]): void {
    const metric = new Gauge(this.#configuration(head));
    for (const [value, labels = {}] of samples) metric.set(labels, Number(value));
  }

  counter(head: MetricHead, samples: readonly Sample<number>[]): void {
    const metric = new Counter(this.#configuration(head));
    // A vision process may say anything; a counter refuses to go down.
    for (const [value, labels = {}] of samples) metric.inc(labels, Math.max(0, value));
  }

  histogram(head: MetricHead, samples: readonly Sample<DurationCounts>[]): void {
    new CountedHistogram(this.#configuration(head), samples, this.#boundText);
  }

  /** All of them, in the format. */
  text(): Promise<string> {
    return this.#registry.metrics();
  }

  #configuration({ name, help, labels = [] }: MetricHead) {
    return { name: `rollcall_${name}`, help, labelNames: labels, registers: [this.#registry] };
  }
}

/** A histogram whose durations were counted elsewhere. */
class CountedHistogram extends Histogram {
  readonly #head: Pick<HistogramConfiguration<string>, 'name' | 'help'>;
  readonly #samples: readonly Sample<DurationCounts>[];
  readonly #boundText: (boundS: number) => string;

  constructor(
    configuration: HistogramConfiguration<string>,
    samples: readonly Sample<DurationCounts>[],
    boundText: (boundS: number) => string,
  ) {
    super(configuration);
    this.#head = configuration;
    this.#samples = samples;
    this.#boundText = boundText;
  }

  /** Gives the registry the content. Its types do not name this method, and `get` calls it, too. */
  async getForPromString() {
    const { name, help } = this.#head;
    const values = this.#samples.flatMap(([{ boundsS, counts, sumS }, labels = {}]) => {
      let upTo = 0;
      const buckets = counts.map((count, index) => {
        upTo += count;
        const boundS = boundsS[index];
        return {
          metricName: `${name}_bucket`,
          labels: { le: boundS === undefined ? '+Inf' : this.#boundText(boundS), ...labels },
          value: upTo,
        };
      });
      return [
        ...buckets,
        { metricName: `${name}_sum`, labels, value: Math.max(0, sumS) },
        { metricName: `${name}_count`, labels, value: upTo },
      ];
    });
    return { name, help, type: 'histogram', aggregator: 'sum', values };
  }
}
