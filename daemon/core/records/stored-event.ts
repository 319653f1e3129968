import type { EventKind } from '../../kernel/events/event.js';
import type { CameraId, EventId, PersonId, TrackId } from '../../kernel/ids.js';

/** An event as stored in the records. */
export interface StoredEvent {
  readonly sequence: number;
  readonly id: EventId;
  readonly kind: EventKind;
  /** Null for an event without a camera, track or person. */
  readonly cameraId: CameraId | null;
  readonly trackId: TrackId | null;
  readonly personId: PersonId | null;
  /** Milliseconds since the epoch. */
  readonly occurredAtMs: number;
  readonly recordedAtMs: number;
  /** A CloudEvent as JSON, without the attributes that are added when it is sent. */
  readonly payload: Uint8Array;
}

export interface EventQuery {
  /** Only events with a greater sequence. */
  readonly afterSequence?: number;
  /** Only events up to this sequence. */
  readonly toSequence?: number;
  /** Only events recorded at or after this time, wall clock, milliseconds since the epoch. */
  readonly recordedSinceMs?: number;
  /** Only events recorded before this time. */
  readonly recordedBeforeMs?: number;
  /** Maximum number. */
  readonly limit: number;
  /** Which events, if more match than `limit`. Default: the newest. */
  readonly keep?: 'newest' | 'oldest';
  readonly kind?: EventKind;
  /** Only events of these cameras. */
  readonly cameraIds?: readonly string[];
  /** Only events that name this person. */
  readonly personId?: PersonId;
}
