import type { Clock } from '../../kernel/clock.js';
import { type DurationCounts, DurationHistogram } from '../../kernel/duration-histogram.js';
import type { EventKind } from '../../kernel/events/event.js';
import type { OutboxRow } from '../records/outbox/outbox.js';

/** The steps in which the times of events are counted, seconds. */
const boundsS = [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300];

/** The time from the frame that decided an event to its acknowledgement, by kind of event. */
export class EventDurations {
  readonly #clock: Pick<Clock, 'wallMs'>;
  readonly #byKind = new Map<EventKind, DurationHistogram>();

  constructor(clock: Pick<Clock, 'wallMs'>) {
    this.#clock = clock;
  }

  /** The broker acknowledged this event. One that was asked for again tells nothing about the box. */
  delivered({ kind, isAgain, payload }: Pick<OutboxRow, 'kind' | 'isAgain' | 'payload'>): void {
    if (isAgain) return;
    const event: unknown = JSON.parse(new TextDecoder().decode(payload));
    if (typeof event !== 'object' || event === null || !('time' in event)) return;
    const tookS = (this.#clock.wallMs() - Date.parse(String(event.time))) / 1000;
    // The wall clock was set back in between.
    if (!(tookS >= 0)) return;
    const histogram = this.#byKind.get(kind) ?? new DurationHistogram(boundsS);
    this.#byKind.set(kind, histogram);
    histogram.observe(tookS);
  }

  counts(): readonly (readonly [EventKind, DurationCounts])[] {
    return [...this.#byKind].map(([kind, { counts }]) => [kind, counts]);
  }
}
