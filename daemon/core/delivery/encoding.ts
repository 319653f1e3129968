import type { StateMessage } from '../../contract/events/state-schema.js';
import { cloudEvent } from '../../kernel/events/cloud-event.js';
import type { RecordedEvent } from '../../kernel/events/event.js';
import type { ModelIds } from '../../kernel/events/event-data.js';
import type { BoxCondition } from '../../kernel/events/notice.js';
import type { BoxIds } from '../../kernel/ids.js';
import { isoTime } from '../../kernel/iso-time.js';
import { present } from '../../kernel/present.js';

/** The part of a state message that describes the box. */
export interface BoxState {
  readonly gallery: StateMessage['gallery'];
  readonly conditions: StateMessage['conditions'];
  /** Subjects of conditions that have subjects; absent where there are none. */
  readonly about?: Readonly<Partial<Record<BoxCondition, readonly string[]>>>;
}

/** Passages that ended in the last day. */
export type PassagesOfDay = NonNullable<StateMessage['passages']>;

/** The bytes of an event as they are recorded: UTF-8 JSON of `eventSchema`, without the attributes added when it is sent. */
export function encodeEvent(event: RecordedEvent, from: BoxIds, models: ModelIds): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(cloudEvent(event, from, models)));
}

export interface StateFacts extends BoxState {
  readonly state: StateMessage['state'];
  readonly reason: StateMessage['reason'];
  readonly sequence: number;
  /** Sequence of the newest event. */
  readonly lastSequence: number;
  readonly timeMs: number;
  /** Absent in the last will, which is signed long before it is sent. */
  readonly passages?: PassagesOfDay;
}

/** A state message before it is signed: JSON of `stateSchema`. */
export function stateText(
  { state, reason, sequence, lastSequence, timeMs, gallery, conditions, about, passages }: StateFacts,
  from: BoxIds,
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
    ...present({ about, passages }),
  };
  return JSON.stringify(message);
}
