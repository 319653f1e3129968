import type { BoxIds } from '../ids.js';
import { isoTime } from '../iso-time.js';
import type { RecordedEvent } from './event.js';
import { eventData, type ModelIds } from './event-data.js';
import { eventType } from './event-type.js';

/** Digits of a `sequence`, enough for all numbers, so that texts sort like numbers. */
const sequenceDigits = 16;

/** The attribute `sequence`: the CloudEvents extension requires a text that sorts like the numbers. */
export function sequenceText(sequence: number): string {
  return String(sequence).padStart(sequenceDigits, '0');
}

/** `/<site>/<box>`; together with `id` it identifies an event. */
function sourceOf({ siteId, boxId }: BoxIds): string {
  return `/${siteId}/${boxId}`;
}

/**
 * An event as a CloudEvent 1.0 (structured JSON, CNCF), without the attributes that are added when it is sent. `sequence` and
 * `recordedtime` are extensions documented by the specification; `site` and `box` are extensions of rollcall.
 */
interface CloudEvent {
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

/** `event` in the form in which it is recorded and published. */
export function cloudEvent(event: RecordedEvent, from: BoxIds, models: ModelIds): CloudEvent {
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
