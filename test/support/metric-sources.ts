import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EventDurations } from '../../daemon/core/metrics/event-durations.js';
import type { MetricSources } from '../../daemon/core/metrics/metrics.js';
import { DurationHistogram } from '../../daemon/kernel/duration-histogram.js';
import { healthyStatus } from './healthy-status.js';

const nowMs = Date.parse('2026-05-04T09:00:00Z');

/** What the metrics of a box say that has done each thing once. */
export function metricSources(changes: Partial<MetricSources> = {}): MetricSources {
  const clock = { wallMs: () => nowMs };
  const eventDurations = new EventDurations(clock);
  const payload = new TextEncoder().encode(JSON.stringify({ time: '2026-05-04T08:59:59.300Z' }));
  eventDurations.delivered({ kind: 'attendance', isAgain: false, payload });
  const transactions = new DurationHistogram([0.001, 0.01]);
  transactions.observe(0.002);
  const database = { path: join(tmpdir(), 'box.db'), transactionTimes: () => transactions };
  return {
    status: () => ({
      ...healthyStatus,
      capacity: { cores: 4, busyCores: 1.5, coresPerCamera: 0.3, moreCameras: 3, limit: 'processor' },
      vision: healthyStatus.vision.map((process) => ({ ...process, refused: { time: 3 } })),
      cameras: healthyStatus.cameras.map((camera) => ({ ...camera, counters: { lastFrameAgeMs: 40 } })),
    }),
    cameras: {
      board: { stageTimesOf: (id) => (id === 'door' ? { detect: Array.from({ length: 12 }, () => 1) } : {}) },
      watches: { viewersOf: () => 1 },
    },
    strangerCount: () => 4,
    passages: { samples: () => [[1, { camera: 'door', outcome: 'unproven', reason: 'no-blink' }]] },
    delivery: {
      outbox: {
        counts: () => [{ kind: 'attendance', count: 2, sizeBytes: 900, givenUp: 1 }],
        oldest: () => [{ kind: 'attendance', sinceMs: nowMs - 5_000 }],
      },
      eventDurations,
      clock,
    },
    databases: { gallery: database, records: database },
    startedAtMs: nowMs - 60_000,
    ...changes,
  };
}
