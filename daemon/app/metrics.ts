import type { BoxStatus } from '../contract/status.js';
import { boxConditions } from '../contract/status.js';

type Labels = Readonly<Record<string, string>>;

/** One metric in the text format of Prometheus, with its samples. */
function family(
  name: string,
  type: 'counter' | 'gauge' | 'untyped',
  help: string,
  samples: readonly (readonly [value: number | boolean, labels?: Labels])[],
): string {
  const lines = samples.map(
    ([value, labels = {}]) => `rollcall_${name}${labelText(labels)} ${Number(value)}`,
  );
  return [`# HELP rollcall_${name} ${help}`, `# TYPE rollcall_${name} ${type}`, ...lines].join('\n');
}

function labelText(labels: Labels): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escaped(value)}"`);
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`;
}

/** A value from a camera or a vision process must not end its line or its quotes. */
const escaped = (text: string): string =>
  text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');

/** The status of the box as metrics. Names of metrics are part of the contract: docs/metrics.md lists them. */
export function metricsText(status: BoxStatus): string {
  return `${[...ofTheBox(status), ...ofEvents(status), ...ofVision(status), ...ofCameras(status)].join('\n')}\n`;
}

function ofTheBox(status: BoxStatus): readonly string[] {
  const { version, site, box, uptimeS, gallery, conditions, eventLoop, retention, alerts } = status;
  return [
    family('info', 'gauge', 'Always 1; the labels name the box.', [[1, { version, site, box }]]),
    family('uptime_seconds', 'gauge', 'Time since the start of the daemon.', [[uptimeS]]),
    family('gallery_open', 'gauge', '1 while persons are recognised.', [[gallery.state === 'open']]),
    family('gallery_persons', 'gauge', 'Enrolled persons.', [[gallery.persons]]),
    family('gallery_templates', 'gauge', 'Templates that are searched.', [[gallery.templates]]),
    family('gallery_damaged_rows', 'gauge', 'Rows found damaged.', [[gallery.damagedRows]]),
    family(
      'condition',
      'gauge',
      '1 while the condition is active.',
      boxConditions.map((condition) => [conditions.includes(condition), { condition }]),
    ),
    family('event_loop_delay_p99_seconds', 'gauge', 'How late the core ran its timers, 99th percentile.', [
      [eventLoop.p99Ms / 1000],
    ]),
    family('event_loop_delay_max_seconds', 'gauge', 'How late the core ran its timers at most.', [
      [eventLoop.maximumMs / 1000],
    ]),
    family('retention_failures', 'gauge', 'Kinds of data that the last run could not delete.', [
      [retention.failures],
    ]),
    family('alert_deliveries_pending', 'gauge', 'Alerts that wait for delivery.', [[alerts.pending]]),
    family('alert_deliveries_failed', 'gauge', 'Failed deliveries in the history.', [[alerts.failed]]),
  ];
}

function ofEvents({ events, outbox, intake, broker, gate }: BoxStatus): readonly string[] {
  const { publishedCount = 0, certificates = [] } = broker;
  const ofGate = gate?.certificate;
  return [
    family('broker_connected', 'gauge', '1 while the box is connected to the broker.', [
      [broker.state === 'connected'],
    ]),
    family('events_recorded_total', 'counter', 'Events recorded since the start.', [[events.recorded]]),
    family('events_published_total', 'counter', 'Events acknowledged since the start.', [[publishedCount]]),
    family('outbox_waiting', 'gauge', 'Events that have not left the box.', [[outbox.waiting]]),
    family('sightings_total', 'counter', 'Sightings since the start, by what became of them.', [
      [intake.taken, { outcome: 'taken' }],
      [intake.facts, { outcome: 'recorded' }],
      [intake.suppressed, { outcome: 'suppressed' }],
      [intake.givenUp, { outcome: 'given-up' }],
    ]),
    family('sightings_waiting', 'gauge', 'Sightings that are not processed yet.', [[intake.waiting]]),
    family(
      'certificate_days_left',
      'gauge',
      'Whole days until a certificate of the connection to the broker or of the gate expires.',
      [...certificates, ...(ofGate === undefined ? [] : [ofGate])].map(({ whose, daysLeft }) => [
        daysLeft,
        { whose },
      ]),
    ),
  ];
}

function ofVision({ vision }: BoxStatus): readonly string[] {
  return [
    family(
      'vision_running',
      'gauge',
      '1 while the vision process runs.',
      vision.map(({ index, state }) => [state === 'running', { process: String(index) }]),
    ),
    family(
      'vision_restarts_total',
      'counter',
      'Restarts of the vision process.',
      vision.map(({ index, restarts }) => [restarts, { process: String(index) }]),
    ),
    family(
      'vision_refused_total',
      'counter',
      'What the core refused of what the vision process said, by reason.',
      vision.flatMap(({ index, refused = {} }) =>
        Object.entries(refused).map(
          ([reason, count]) => [count, { process: String(index), reason }] as const,
        ),
      ),
    ),
  ];
}

function ofCameras({ cameras }: BoxStatus): readonly string[] {
  return [
    family(
      'camera_streaming',
      'gauge',
      '1 while the camera delivers pictures.',
      cameras.map(({ id, state }) => [state === 'streaming', { camera: id }]),
    ),
    family(
      'camera_enabled',
      'gauge',
      '0 for a disabled camera.',
      cameras.map(({ id, isEnabled }) => [isEnabled, { camera: id }]),
    ),
    family(
      'camera_counter',
      'untyped',
      'Counters of the vision process about the camera, by name.',
      cameras.flatMap(({ id, counters }) =>
        Object.entries(counters).map(([name, value]) => [value, { camera: id, name }] as const),
      ),
    ),
  ];
}
