import type { EventKind } from '../domain/events/event.js';
import type { CameraId, EventId, PersonId, TrackId } from '../domain/ids.js';

/** An event as it lies in the records. */
export interface StoredEvent {
  readonly sequence: number;
  readonly id: EventId;
  readonly kind: EventKind;
  /** Null where the event is not about a camera, a track, a person. */
  readonly cameraId: CameraId | null;
  readonly trackId: TrackId | null;
  readonly personId: PersonId | null;
  /** Milliseconds since the epoch. */
  readonly occurredAtMs: number;
  readonly recordedAtMs: number;
  /** A CloudEvent without what is added when it is sent; JSON. */
  readonly payload: Uint8Array;
}

export interface EventQuery {
  /** Only events recorded after this sequence. */
  readonly afterSequence?: number;
  /** Only events up to this sequence. */
  readonly toSequence?: number;
  /** Only events recorded at this time or later, wall clock, milliseconds since the epoch. */
  readonly recordedSinceMs?: number;
  /** At most so many, the newest of those asked for. */
  readonly limit: number;
  readonly kind?: EventKind;
  /** Only events that name this person. */
  readonly personId?: PersonId;
}
