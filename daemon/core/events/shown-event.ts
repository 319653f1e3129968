import { cloudEvent, type DamagedEvent, type ShownEvent } from '../../contract/events.js';
import { sequenceText } from '../../kernel/events/cloud-event.js';
import { isoTime } from '../../kernel/iso-time.js';
import { present } from '../../kernel/present.js';
import type { StoredEvent } from '../records/stored-event.js';

type ReadEvent = Pick<StoredEvent, 'sequence' | 'id' | 'kind' | 'recordedAtMs' | 'payload'>;

/**
 * A recorded event as readers get it. One that cannot be read takes its own place and no other's. `cameras`: those of a reader who
 * is limited to some; events about strangers tell of all.
 */
export function shownEvent(stored: ReadEvent, cameras?: ReadonlySet<string>): ShownEvent {
  const event = cloudEvent.safeParse(parsed(stored.payload));
  if (!event.success) return damaged(stored);
  return cameras === undefined ? event.data : { ...event.data, data: seenAt(cameras, event.data.data) };
}

type EventData = Readonly<Record<string, unknown>>;

/** The data of an event without the cameras that the reader may not use: where else a stranger was seen. */
function seenAt(own: ReadonlySet<string>, { cameras, stranger, ...data }: EventData): EventData {
  const isOwn = (camera: unknown): boolean => typeof camera === 'string' && own.has(camera);
  const about = isObject(stranger) ? stranger : undefined;
  return {
    ...data,
    ...(Array.isArray(cameras) ? { cameras: cameras.filter(isOwn) } : present({ cameras })),
    ...(Array.isArray(about?.['cameras'])
      ? {
          stranger: {
            ...about,
            cameras: about['cameras'].filter((seen) => isObject(seen) && isOwn(seen['camera'])),
          },
        }
      : present({ stranger })),
  };
}

const isObject = (value: unknown): value is EventData => typeof value === 'object' && value !== null;

function parsed(payload: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(payload));
  } catch {
    return undefined;
  }
}

/** What the records hold of an event beside its content. */
function damaged({ sequence, id, kind, recordedAtMs }: ReadEvent): DamagedEvent {
  return { damaged: true, sequence: sequenceText(sequence), id, kind, recordedtime: isoTime(recordedAtMs) };
}
