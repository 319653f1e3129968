import { isoTime } from '../iso-time.js';
import type { BoxIdentity } from './box-identity.js';
import type { RecordedEvent } from './event.js';
import { eventData, type ModelIds } from './event-data.js';
import { eventType } from './event-type.js';

/** Digits of a `sequence`: enough that their order as text is their order as numbers, for ever. */
const sequenceDigits = 16;

/** The sequence of a box as an attribute: the CloudEvents extension wants text that sorts as the numbers do. */
export function sequenceText(sequence: number): string {
  return String(sequence).padStart(sequenceDigits, '0');
}

/** `/<site>/<box>`: with `id` it names an event for ever. */
export function sourceOf({ siteId, boxId }: BoxIdentity): string {
  return `/${siteId}/${boxId}`;
}

/**
 * An event as a CloudEvent 1.0 (structured JSON, CNCF), without what is only known when it is sent. `sequence` and
 * `recordedtime` are extensions documented by the specification; `site` and `box` are ours.
 */
export interface CloudEvent {
  readonly specversion: '1.0';
  readonly id: string;
  readonly source: string;
  readonly type: string;
  /** When it happened and when it was recorded, RFC 3339 in UTC with milliseconds. */
  readonly time: string;
  readonly recordedtime: string;
  readonly sequence: string;
  readonly site: string;
  readonly box: string;
  readonly datacontenttype: 'application/json';
  readonly data: Readonly<Record<string, unknown>>;
}

/** `event` as it is recorded and will be published. */
export function cloudEvent(event: RecordedEvent, from: BoxIdentity, models: ModelIds): CloudEvent {
  return {
    specversion: '1.0',
    id: event.id,
    source: sourceOf(from),
    type: eventType(event),
    time: isoTime(event.occurredAtMs),
    recordedtime: isoTime(event.recordedAtMs),
    sequence: sequenceText(event.sequence),
    site: from.siteId,
    box: from.boxId,
    datacontenttype: 'application/json',
    data: eventData(event, models),
  };
}
