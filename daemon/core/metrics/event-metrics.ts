import type { BoxStatus } from '../../contract/status.js';
import { brokerNotConfigured, brokerStates } from '../../kernel/broker.js';
import type { Clock } from '../../kernel/clock.js';
import type { Outbox } from '../records/outbox/outbox.js';
import type { EventDurations } from './event-durations.js';
import type { MetricFamilies } from './metric-families.js';
import type { PassageCounter } from './passage-counter.js';

export interface DeliverySources {
  readonly outbox: Pick<Outbox, 'counts' | 'oldest'>;
  readonly eventDurations: Pick<EventDurations, 'counts'>;
  readonly clock: Pick<Clock, 'wallMs'>;
}

export function addEvents(families: MetricFamilies, { events, intake }: BoxStatus): void {
  families.counter({ name: 'events_recorded_total', help: 'Events recorded since the start.' }, [
    [events.recorded],
  ]);
  families.counter(
    {
      name: 'sightings_total',
      help: 'Sightings since the start, by what became of them.',
      labels: ['outcome'],
    },
    [
      [intake.taken, { outcome: 'taken' }],
      [intake.facts, { outcome: 'recorded' }],
      [intake.suppressed, { outcome: 'suppressed' }],
      [intake.givenUp, { outcome: 'given-up' }],
    ],
  );
  families.gauge({ name: 'sightings_waiting', help: 'Sightings that are not processed yet.' }, [
    [intake.waiting],
  ]);
}

export function addPassages(families: MetricFamilies, passages: Pick<PassageCounter, 'samples'>): void {
  families.counter(
    {
      name: 'passages_total',
      help: 'Passages that have ended since the start, by what the box decided and why.',
      labels: ['camera', 'outcome', 'reason'],
    },
    passages.samples(),
  );
}

export function addDelivery(
  families: MetricFamilies,
  { broker, gate }: BoxStatus,
  { outbox, eventDurations, clock }: DeliverySources,
): void {
  const counts = outbox.counts();
  const oldestMs = Math.min(...outbox.oldest().map(({ sinceMs }) => sinceMs));
  families.gauge(
    { name: 'broker_state', help: '1 for the state of the connection to the broker.', labels: ['state'] },
    [brokerNotConfigured, ...brokerStates].map((state) => [
      broker.state === state,
      { state: state.replace(' ', '-') },
    ]),
  );
  families.counter({ name: 'events_published_total', help: 'Events acknowledged since the start.' }, [
    [broker.publishedCount ?? 0],
  ]);
  families.gauge(
    { name: 'outbox_events', help: 'Events that have not left the box.', labels: ['kind'] },
    counts.map(({ kind, count }) => [count, { kind }]),
  );
  families.gauge(
    { name: 'outbox_size_bytes', help: 'Size of these events.', labels: ['kind'] },
    counts.map(({ kind, sizeBytes }) => [sizeBytes, { kind }]),
  );
  families.gauge(
    {
      name: 'outbox_oldest_age_seconds',
      help: 'How long the oldest of these events has waited; 0 without events.',
    },
    [[Number.isFinite(oldestMs) ? Math.max(0, clock.wallMs() - oldestMs) / 1000 : 0]],
  );
  families.counter(
    {
      name: 'outbox_given_up_total',
      help: 'Events given up beyond the limits of the outbox, since records.db was made.',
      labels: ['kind'],
    },
    counts.map(({ kind, givenUp }) => [givenUp, { kind }]),
  );
  families.histogram(
    {
      name: 'event_delivery_duration_seconds',
      help: 'Time from the frame that decided an event to its acknowledgement.',
      labels: ['kind'],
    },
    eventDurations.counts().map(([kind, durations]) => [durations, { kind }]),
  );
  const ofGate = gate?.certificate;
  families.gauge(
    {
      name: 'certificate_expiry_time_seconds',
      help: 'When a certificate of the connection to the broker or of the gate expires, seconds since the epoch.',
      labels: ['whose'],
    },
    [...(broker.certificates ?? []), ...(ofGate === undefined ? [] : [ofGate])].map(({ whose, notAfter }) => [
      Date.parse(notAfter) / 1000,
      { whose },
    ]),
  );
}
