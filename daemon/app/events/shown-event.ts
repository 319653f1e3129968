import { cloudEvent, type DamagedEvent, type ShownEvent } from '../../contract/events.js';
import { sequenceText } from '../../domain/events/cloud-event.js';
import { isoTime } from '../../domain/iso-time.js';
import type { StoredEvent } from '../../records/stored-event.js';

/** A recorded event as readers get it. One that cannot be read takes its own place and no other's. */
export function shownEvent(stored: StoredEvent): ShownEvent {
  const event = cloudEvent.safeParse(parsed(stored.payload));
  return event.success ? event.data : damaged(stored);
}

function parsed(payload: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(payload));
  } catch {
    return undefined;
  }
}

/** What the records hold of an event beside its content. */
function damaged({ sequence, id, kind, recordedAtMs }: StoredEvent): DamagedEvent {
  return { damaged: true, sequence: sequenceText(sequence), id, kind, recordedtime: isoTime(recordedAtMs) };
}
