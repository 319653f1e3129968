import { v7 } from 'uuid';
import type { Random } from '../base/random.js';
import { type EventId, eventId } from '../domain/ids.js';

/** A UUIDv7 (RFC 9562) for an event recorded at `recordedAtMs`. Order comes from the sequence, not from the id. */
export function newEventId(recordedAtMs: number, random: Random): EventId {
  const bytes = Uint8Array.from({ length: 16 }, () => Math.floor(random.unit() * 256));
  return eventId(v7({ msecs: Math.floor(recordedAtMs), random: bytes }));
}
