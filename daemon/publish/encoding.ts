import type { RecordedEvent } from '../domain/event.js';
import { type BoxIdentity, eventPayload } from '../domain/event-payload.js';
import { isoTime } from '../domain/iso-time.js';
import type { StateMessage } from './event-schema.js';

const toBytes = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value));

/** The bytes of an event as they are recorded and published: UTF-8 JSON (`eventSchema`). */
export function encodeEvent(event: RecordedEvent, from: BoxIdentity): Uint8Array {
  return toBytes(eventPayload(event, from));
}

export interface StateToSay {
  readonly state: StateMessage['state'];
  readonly reason: StateMessage['reason'];
  readonly gallery: StateMessage['gallery'];
  readonly sequence: number;
  readonly timeMs: number;
}

/** The bytes of a state message: UTF-8 JSON (`stateSchema`). */
export function encodeState(
  { state, reason, gallery, sequence, timeMs }: StateToSay,
  from: BoxIdentity,
): Uint8Array {
  const message: StateMessage = {
    version: 1,
    state,
    reason,
    sequence,
    time: isoTime(timeMs),
    site: from.siteId,
    box: from.boxId,
    gallery,
  };
  return toBytes(message);
}
