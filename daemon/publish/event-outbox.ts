import type { EventKind } from '../domain/events/event.js';

export interface OutboxRow {
  readonly sequence: number;
  readonly kind: EventKind;
  /** How long ago it was recorded, milliseconds; infinite where nobody knows. */
  readonly ageMs: number;
  /** Somebody asked for it to be sent again. */
  readonly isAgain: boolean;
  /** Of a `reply`: the command it answers. */
  readonly commandId: string | null;
  /** The recorded bytes: JSON. */
  readonly payload: Uint8Array;
}

/** Where the publisher finds what to send: the one memory of what is not confirmed. */
export interface EventOutbox {
  /** A new connection begins: what was sent over those before and is not confirmed is pending again. */
  begin(): void;
  /** At most `limit` rows with a sequence above `afterSequence`, in order, without those of `heldKinds`. */
  pending(afterSequence: number, limit: number, heldKinds: readonly EventKind[]): readonly OutboxRow[];
  /** The broker has these rows, which are not pending any more; all or none. Naming a row twice is harmless. */
  acknowledge(sequences: readonly number[]): void;
  depth(): number;
  /** Of all events ever recorded; 0 where there is none. */
  newestSequence(): number;
}
