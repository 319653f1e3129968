import type { BoxStatus } from '../../contract/status.js';
import { addCameras, addVision, type CameraSources } from './camera-metrics.js';
import { addDelivery, addEvents, addPassages, type DeliverySources } from './event-metrics.js';
import {
  addBox,
  addDatabases,
  addGallery,
  addMachine,
  type DatabaseSources,
  readMachine,
} from './machine-metrics.js';
import { MetricFamilies, type MetricFormat } from './metric-families.js';
import type { PassageCounter } from './passage-counter.js';

export interface MetricSources {
  readonly status: () => BoxStatus;
  readonly cameras: CameraSources;
  /** Kept strangers; undefined while the gallery is sealed. */
  readonly strangerCount: () => number | undefined;
  readonly passages: Pick<PassageCounter, 'samples'>;
  readonly delivery: DeliverySources;
  readonly databases: DatabaseSources;
  /** Wall clock, milliseconds since the epoch. */
  readonly startedAtMs: number;
}

/** The state of the box as metrics. Names and labels are part of the contract: docs/reference/metrics.md lists them. */
export async function metricsText(sources: MetricSources, format: MetricFormat): Promise<string> {
  const { startedAtMs, databases, delivery, cameras } = sources;
  const status = sources.status();
  const families = new MetricFamilies(format);
  addBox(families, status, startedAtMs);
  addGallery(families, status, sources.strangerCount());
  addMachine(families, await readMachine(databases, status));
  addDatabases(families, databases);
  addEvents(families, status);
  addPassages(families, sources.passages);
  addDelivery(families, status, delivery);
  addVision(families, status);
  addCameras(families, status.cameras, cameras);
  return families.text();
}
