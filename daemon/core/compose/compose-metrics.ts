import { systemClock as clock } from '../../host/system-clock.js';
import { startMetricsListener } from '../api/metrics-listener.js';
import type { EventDurations } from '../metrics/event-durations.js';
import { type MetricFormat, metricFormats } from '../metrics/metric-families.js';
import type { MetricSources } from '../metrics/metrics.js';
import { PassageCounter } from '../metrics/passage-counter.js';
import type { Runtime } from '../runtime/runtime.js';
import { describeBox, type StatusOptions } from '../status/status.js';
import type { ComposeContext, Stores } from './stores.js';

interface MetricParts {
  readonly runtime: Pick<Runtime, 'vision'>;
  /** Monotonic clock. */
  readonly startedAtMs: number;
  readonly eventDurations: EventDurations;
}

/** What the metrics are read from. */
export function metricSources(
  { current, lifetime }: ComposeContext,
  { vault, records }: Stores,
  status: StatusOptions,
  { runtime, startedAtMs, eventDurations }: MetricParts,
): MetricSources {
  const { gallery, records: recordsConfig } = current();
  const passages = new PassageCounter();
  lifetime.defer(
    'count of passages',
    records.passages.onWritten((passage) => passages.written(passage)),
  );
  return {
    passages,
    strangerCount: () => vault.open?.gallery.strangers.count,
    status: () => describeBox(status),
    cameras: runtime.vision,
    delivery: { outbox: records.outbox, eventDurations, clock },
    databases: {
      gallery: { path: gallery.path, transactionTimes: () => vault.fileIfOpen?.database.transactionTimes },
      records: { path: recordsConfig.path, transactionTimes: () => records.transactionTimes },
    },
    startedAtMs: clock.wallMs() - (clock.monotonicMs() - startedAtMs),
  };
}

/** Lets agents on this machine read the metrics, where the configuration says so. */
export async function serveMetrics(
  { current, lifetime, logger }: ComposeContext,
  metrics: (format: MetricFormat) => Promise<string>,
): Promise<void> {
  const { port } = current().metrics;
  if (port === undefined) return;
  const form = (format: MetricFormat) => ({ mediaType: metricFormats[format], text: () => metrics(format) });
  const listener = await startMetricsListener({
    ...{ port, text: form('text'), openMetrics: form('openMetrics'), clock, logger },
  });
  if (listener !== undefined) lifetime.use('metrics', listener);
}
