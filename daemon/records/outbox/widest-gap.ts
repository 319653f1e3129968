import type { EventKind } from '../../domain/events/event.js';
import type { GapNotice } from '../../domain/events/notice.js';

/** What an event about a gap says. */
export type StatedGap = Pick<GapNotice, 'firstSequence' | 'lastSequence' | 'counts' | 'reason'>;

/** Of a recorded event of the kind `gap`. */
export function statedGap(payload: Uint8Array): StatedGap {
  return (JSON.parse(new TextDecoder().decode(payload)) as { readonly data: StatedGap }).data;
}

/** One range over everything that is given up, with how many of each kind. */
export class WidestGap {
  #first = Number.MAX_SAFE_INTEGER;
  #last = 0;
  readonly #counts = new Map<string, number>();

  add(sequence: number, kind: EventKind): void {
    this.#widen(sequence, sequence);
    this.#count(kind, 1);
  }

  /** Takes over what another gap says. */
  absorb({ firstSequence, lastSequence, counts }: StatedGap): void {
    this.#widen(firstSequence, lastSequence);
    for (const [kind, more] of Object.entries(counts)) this.#count(kind, more);
  }

  notice(nowMs: number, reason: GapNotice['reason']): GapNotice {
    const counts = Object.fromEntries(this.#counts);
    const range = { firstSequence: this.#first, lastSequence: this.#last };
    return { kind: 'gap', occurredAtMs: nowMs, ...range, counts, reason };
  }

  #widen(first: number, last: number): void {
    this.#first = Math.min(this.#first, first);
    this.#last = Math.max(this.#last, last);
  }

  #count(kind: string, more: number): void {
    this.#counts.set(kind, (this.#counts.get(kind) ?? 0) + more);
  }
}
