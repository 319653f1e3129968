import type { Fact } from '../domain/event.js';
import type { CameraId, EventId, PersonId, TrackId } from '../domain/ids.js';

/** An event as it lies in the records. */
export interface StoredEvent {
  readonly sequence: number;
  readonly id: EventId;
  readonly kind: Fact['kind'];
  readonly cameraId: CameraId;
  readonly trackId: TrackId;
  readonly personId: PersonId | null;
  /** Milliseconds since the epoch. */
  readonly occurredAtMs: number;
  readonly recordedAtMs: number;
  /** The bytes that are, or were, published. */
  readonly payload: Uint8Array;
}

export interface EventQuery {
  /** Only events recorded after this sequence. */
  readonly afterSequence?: number;
  /** At most so many, the newest of those asked for. */
  readonly limit: number;
  readonly kind?: Fact['kind'];
  /** Only events that name this person. */
  readonly personId?: PersonId;
}
