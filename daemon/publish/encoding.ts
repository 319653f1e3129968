import type { BoxIdentity } from '../domain/events/box-identity.js';
import { cloudEvent } from '../domain/events/cloud-event.js';
import type { RecordedEvent } from '../domain/events/event.js';
import type { ModelIds } from '../domain/events/event-data.js';
import type { BoxCondition } from '../domain/events/notice.js';
import { isoTime } from '../domain/iso-time.js';
import type { StateMessage } from './contract/state-schema.js';

/** What the box says of itself on its state topic. */
export interface BoxState {
  readonly gallery: StateMessage['gallery'];
  readonly conditions: StateMessage['conditions'];
  /** Absent where there is nothing to say about them. */
  readonly about?: Readonly<Partial<Record<BoxCondition, readonly string[]>>>;
}

/** The bytes of an event as they are recorded: UTF-8 JSON, `eventSchema` without what is added when it is sent. */
export function encodeEvent(event: RecordedEvent, from: BoxIdentity, models: ModelIds): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(cloudEvent(event, from, models)));
}

export interface StateToSay extends BoxState {
  readonly state: StateMessage['state'];
  readonly reason: StateMessage['reason'];
  readonly sequence: number;
  /** Of the newest event. */
  readonly lastSequence: number;
  readonly timeMs: number;
}

/** A state message before it is signed: JSON of `stateSchema`. */
export function stateText(
  { state, reason, sequence, lastSequence, timeMs, gallery, conditions, about }: StateToSay,
  from: BoxIdentity,
): string {
  const message: Omit<StateMessage, 'signature' | 'about'> & Pick<BoxState, 'about'> = {
    version: 1,
    state,
    reason,
    sequence,
    time: isoTime(timeMs),
    site: from.siteId,
    box: from.boxId,
    gallery,
    lastSequence,
    conditions,
    ...(about === undefined ? {} : { about }),
  };
  return JSON.stringify(message);
}
