import { statSync } from 'node:fs';
import { dirname } from 'node:path';
import type { BoxStatus } from '../../contract/status.js';
import { freeBytesAt } from '../../host/free-space.js';
import { type ProcessFacts, readProcessFacts } from '../../host/process-facts.js';
import { readTemperatures, type Temperature } from '../../host/temperatures.js';
import type { DurationHistogram } from '../../kernel/duration-histogram.js';
import { boxConditions } from '../../kernel/events/notice.js';
import type { MetricFamilies, Sample } from './metric-families.js';

/** The databases of the box. */
export type DatabaseSources = Readonly<Record<'gallery' | 'records', DatabaseSource>>;

interface DatabaseSource {
  readonly path: string;
  /** Undefined while it is not open. */
  readonly transactionTimes: () => DurationHistogram | undefined;
}

/** What is read from the machine for one answer. */
interface MachineFacts {
  readonly processes: readonly (readonly [name: string, facts: ProcessFacts])[];
  readonly temperatures: readonly Temperature[];
  readonly freeBytes: readonly (readonly [store: string, bytes: number])[];
}

export async function readMachine(databases: DatabaseSources, { vision }: BoxStatus): Promise<MachineFacts> {
  const running = vision.flatMap(({ index, pid }) =>
    pid === undefined ? [] : [[`vision-${index}`, pid] as const],
  );
  const processes = [['core', process.pid] as const, ...running].map(async ([name, pid]) => {
    const facts = await readProcessFacts(pid);
    return facts === undefined ? [] : [[name, facts] as const];
  });
  const free = Object.entries(databases).map(async ([store, { path }]) => {
    const bytes = await freeBytesAt(dirname(path)).catch(() => undefined);
    return bytes === undefined ? [] : [[store, bytes] as const];
  });
  return {
    processes: (await Promise.all(processes)).flat(),
    temperatures: await readTemperatures(),
    freeBytes: (await Promise.all(free)).flat(),
  };
}

export function addBox(families: MetricFamilies, status: BoxStatus, startedAtMs: number): void {
  const { version, site, box, conditions, eventLoop, retention, alerts } = status;
  families.gauge(
    { name: 'info', help: 'Always 1; the labels name the box.', labels: ['version', 'site', 'box'] },
    [[1, { version, site, box }]],
  );
  families.gauge({ name: 'start_time_seconds', help: 'When the daemon started, seconds since the epoch.' }, [
    [startedAtMs / 1000],
  ]);
  families.gauge(
    { name: 'condition', help: '1 while the condition is active.', labels: ['condition'] },
    boxConditions.map((condition) => [conditions.includes(condition), { condition }]),
  );
  families.gauge(
    {
      name: 'event_loop_delay_seconds',
      help: 'How late the core ran its timers over the last 30 to 60 seconds: 99th percentile and the most.',
      labels: ['statistic'],
    },
    [
      [eventLoop.p99Ms / 1000, { statistic: 'p99' }],
      [eventLoop.maximumMs / 1000, { statistic: 'maximum' }],
    ],
  );
  const { capacity } = status;
  families.gauge(
    {
      name: 'busy_cores',
      help: 'Processor cores that all programs of the machine used over the last minute.',
    },
    capacity === undefined ? [] : [[capacity.busyCores]],
  );
  families.gauge(
    { name: 'room_cameras', help: 'About how many more cameras like the present ones the box could take.' },
    capacity === undefined ? [] : [[capacity.moreCameras]],
  );
  families.gauge({ name: 'retention_failures', help: 'Kinds of data that the last run could not delete.' }, [
    [retention.failures],
  ]);
  families.gauge(
    {
      name: 'alert_deliveries',
      help: 'Alerts that wait, and failed ones in the history.',
      labels: ['state'],
    },
    [
      [alerts.pending, { state: 'pending' }],
      [alerts.failed, { state: 'failed' }],
    ],
  );
}

export function addGallery(
  families: MetricFamilies,
  { gallery }: BoxStatus,
  strangerCount: number | undefined,
): void {
  families.gauge({ name: 'gallery_open', help: '1 while persons are recognised.' }, [
    [gallery.state === 'open'],
  ]);
  families.gauge({ name: 'gallery_persons', help: 'Enrolled persons.' }, [[gallery.persons]]);
  families.gauge(
    { name: 'gallery_strangers', help: 'Unknown people that are kept. Absent while the gallery is sealed.' },
    strangerCount === undefined ? [] : [[strangerCount]],
  );
  families.gauge({ name: 'gallery_templates', help: 'Templates that are searched.' }, [[gallery.templates]]);
  families.gauge({ name: 'gallery_damaged_rows', help: 'Rows found damaged.' }, [[gallery.damagedRows]]);
}

export function addMachine(
  families: MetricFamilies,
  { processes, temperatures, freeBytes }: MachineFacts,
): void {
  families.gauge(
    { name: 'resident_memory_bytes', help: 'Memory of a process of the box.', labels: ['process'] },
    processes.map(([name, { residentBytes }]) => [residentBytes, { process: name }]),
  );
  families.gauge(
    {
      name: 'process_confined',
      help: '1 while the wall around the process stands.',
      labels: ['process', 'wall'],
    },
    processes.flatMap(([name, { hasSystemCallFilter, hasNoNewPrivileges }]): readonly Sample<boolean>[] => [
      [hasSystemCallFilter, { process: name, wall: 'system-call-filter' }],
      [hasNoNewPrivileges, { process: name, wall: 'no-new-privileges' }],
    ]),
  );
  families.gauge(
    { name: 'temperature_celsius', help: 'What the kernel tells.', labels: ['sensor'] },
    temperatures.map(({ sensor, celsius }) => [celsius, { sensor }]),
  );
  families.gauge(
    { name: 'disk_free_bytes', help: 'Free space where the store is.', labels: ['store'] },
    freeBytes.map(([store, bytes]) => [bytes, { store }]),
  );
}

export function addDatabases(families: MetricFamilies, databases: DatabaseSources): void {
  const all = Object.entries(databases);
  const labels = ['database'];
  families.gauge(
    { name: 'database_size_bytes', help: 'Size of a database with its write-ahead log.', labels },
    all.map(([database, { path }]) => [sizeOf(path) + sizeOf(`${path}-wal`), { database }]),
  );
  families.histogram(
    {
      name: 'database_transaction_duration_seconds',
      help: 'Time until a write transaction was on the disk or had failed.',
      labels,
    },
    all.flatMap(([database, { transactionTimes }]) => {
      const counts = transactionTimes()?.counts;
      return counts === undefined ? [] : [[counts, { database }] as const];
    }),
  );
}

const sizeOf = (path: string): number => statSync(path, { throwIfNoEntry: false })?.size ?? 0;
