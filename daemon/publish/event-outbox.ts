import type { Fact } from '../domain/event.js';

export type EventKind = Fact['kind'];

export interface OutboxRow {
  readonly sequence: number;
  readonly kind: EventKind;
  /** The bytes to publish. */
  readonly payload: Uint8Array;
}

/** Where the publisher finds what to send: the one memory of what no broker has acknowledged. */
export interface EventOutbox {
  /** At most `limit` rows with a sequence above `afterSequence`, in order, without those of `heldKinds`. */
  pending(afterSequence: number, limit: number, heldKinds: readonly EventKind[]): readonly OutboxRow[];
  /** Deletes rows, all or none. Naming a row twice is harmless. */
  acknowledge(sequences: readonly number[]): void;
  depth(): number;
}
