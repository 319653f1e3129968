import type { RecentLog } from '../../host/recent-log.js';
import type { AuditLog } from '../audit/audit-log.js';
import type { GalleryVault } from '../gallery/gallery-vault.js';
import type { EventDurations } from '../metrics/event-durations.js';
import type { MetricFormat } from '../metrics/metric-families.js';
import { type MetricSources, metricsText } from '../metrics/metrics.js';
import { PassageCounter } from '../metrics/passage-counter.js';
import type { PartContext } from '../part-context.js';
import type { RecentPassages } from '../passages/passage-counts.js';
import type { PassageJournal } from '../passages/passage-journal.js';
import type { Records } from '../records/records.js';
import { EventLoopWatch } from './event-loop-watch.js';
import { healthHandlers } from './health.js';
import { hostHandlers } from './host-handlers.js';
import { modelsHandlers } from './models-handlers.js';
import { describeBox, healthOf, type StatusOptions, statusHandlers } from './status.js';

type StatusNeeds = PartContext &
  Omit<StatusOptions, 'passages' | 'eventLoop'> & {
    readonly vault: GalleryVault;
    readonly records: Records & { readonly passages: PassageJournal };
    readonly recentPassages: RecentPassages;
    readonly eventDurations: EventDurations;
    readonly configPath: string;
    /** What the daemon has logged lately. */
    readonly log: RecentLog;
  };

/** Serves the status of the box, its health, its metrics, and what it knows about the machine. */
export function serveStatus(box: StatusNeeds) {
  const { vault, current, clock, lifetime, configPath, log } = box;
  const audit: AuditLog = vault.audit;
  const eventLoop = lifetime.use('event loop watch', new EventLoopWatch(clock));
  const options: StatusOptions = { ...box, passages: box.recentPassages, eventLoop };
  const status = statusHandlers(options);
  const sources = metricSources(box, options);
  const metrics = (format: MetricFormat) => metricsText(sources, format);
  return {
    metrics,
    handlers: {
      ...status,
      ...hostHandlers({ current, clock, audit, configPath, log, status: status['status.show'] }),
      ...modelsHandlers({ current: () => current().models }),
      ...healthHandlers({ ...healthOf(options), metrics }),
    },
  };
}

/** What the metrics are read from. */
function metricSources(box: StatusNeeds, options: StatusOptions): MetricSources {
  const { vault, records, runtime, eventDurations, startedAtMs, current, lifetime, clock } = box;
  const { gallery, records: recordsConfig } = current();
  const passages = new PassageCounter();
  lifetime.defer(
    'count of passages',
    records.passages.onWritten((passage) => passages.written(passage)),
  );
  return {
    passages,
    strangerCount: () => vault.open?.gallery.strangers.count,
    status: () => describeBox(options),
    cameras: runtime.vision,
    delivery: { outbox: records.outbox, eventDurations, clock },
    databases: {
      gallery: { path: gallery.path, transactionTimes: () => vault.fileIfOpen?.database.transactionTimes },
      records: { path: recordsConfig.path, transactionTimes: () => records.transactionTimes },
    },
    startedAtMs: clock.wallMs() - (clock.monotonicMs() - startedAtMs),
  };
}
