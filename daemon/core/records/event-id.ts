import { v7 } from 'uuid';
import { type EventId, eventId, type PassageId, passageId } from '../../kernel/ids.js';
import type { Random } from '../../kernel/random.js';

/** A UUIDv7 (RFC 9562) for an event recorded at `recordedAtMs`. Order comes from the sequence, not from the id. */
export function newEventId(recordedAtMs: number, random: Random): EventId {
  return eventId(uuidAt(recordedAtMs, random));
}

/** A UUIDv7 for a passage that began at `startedAtMs`. */
export function newPassageId(startedAtMs: number, random: Random): PassageId {
  return passageId(uuidAt(startedAtMs, random));
}

function uuidAt(atMs: number, random: Random): string {
  const bytes = Uint8Array.from({ length: 16 }, () => Math.floor(random.unit() * 256));
  return v7({ msecs: Math.floor(atMs), random: bytes });
}
