import { startMetricsListener } from '../api/metrics-listener.js';
import type { PartContext } from '../part-context.js';
import { EventDurations } from './event-durations.js';
import { type MetricFormat, metricFormats } from './metric-families.js';

/** Measures how long events take to reach the broker. */
export function measureDelivery({ clock }: PartContext): { readonly eventDurations: EventDurations } {
  return { eventDurations: new EventDurations(clock) };
}

/** Lets agents on this machine read the metrics, where the configuration says so. */
export async function serveMetrics({
  metrics,
  current,
  lifetime,
  clock,
  logger,
}: PartContext & { readonly metrics: (format: MetricFormat) => Promise<string> }): Promise<void> {
  const { port } = current().metrics;
  if (port === undefined) return;
  const form = (format: MetricFormat) => ({ mediaType: metricFormats[format], text: () => metrics(format) });
  const listener = await startMetricsListener({
    ...{ port, text: form('text'), openMetrics: form('openMetrics'), clock, logger },
  });
  if (listener !== undefined) lifetime.use('metrics', listener);
}
