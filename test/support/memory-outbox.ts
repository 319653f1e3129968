import type { OutboxRow, SendingOutbox } from '../../daemon/core/records/outbox/outbox.js';
import type { EventKind } from '../../daemon/kernel/events/event.js';

/** An outbox in memory, as the records keep one on the disk. */
export function memoryOutbox(count: number, kindOf: (sequence: number) => EventKind = () => 'attendance') {
  const rows = new Map<number, OutboxRow>();
  let last = 0;
  const add = (more: number): void => {
    for (let added = 0; added < more; added += 1) {
      last += 1;
      rows.set(last, {
        sequence: last,
        kind: kindOf(last),
        ageMs: 0,
        isAgain: false,
        commandId: null,
        payload: Uint8Array.of(last % 256),
      });
    }
  };
  add(count);
  const outbox: SendingOutbox = {
    pending: (after, limit, held) =>
      [...rows.values()]
        .filter(({ sequence, kind }) => sequence > after && !held.includes(kind))
        .slice(0, limit),
    acknowledge: (sequences) => {
      for (const sequence of sequences) rows.delete(sequence);
    },
    depth: () => rows.size,
    begin: () => undefined,
    newestSequence: () => last,
  };
  return { outbox, add, left: () => [...rows.keys()] };
}
