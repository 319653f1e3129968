import type { Clock } from '../../kernel/clock.js';
import type { EventKind } from '../../kernel/events/event.js';
import { eventKinds } from '../../kernel/events/event-type.js';
import type { ConditionPort } from './condition-port.js';
import type { HeldBackEvent } from './held-back-event.js';

/** What the broker can refuse: to take a kind of event, or to deliver commands. */
export type Refusable = EventKind | 'command';

const refusables: readonly Refusable[] = [...eventKinds, 'command'];

/** The oldest refused event of a kind, the reason, and the time until it is tried again. */
export interface KindRefusal {
  readonly sequence: number;
  readonly reason: string;
  readonly retryInMs: number;
}

/** Keeps over several connections what the broker refuses, and reports it as the condition `topic-refused`. */
export class BrokerRefusals {
  readonly #conditions: ConditionPort;
  readonly #clock: Pick<Clock, 'wallMs'>;
  readonly #refused = new Map<Refusable, Omit<HeldBackEvent, 'kind'> | undefined>();
  /** Taken by the broker since the start, and not refused since. */
  readonly #taken = new Set<Refusable>();

  constructor(conditions: ConditionPort, clock: Pick<Clock, 'wallMs'>) {
    this.#conditions = conditions;
    this.#clock = clock;
  }

  has(kind: Refusable): boolean {
    return this.#refused.has(kind);
  }

  /** Kinds of event of which the broker took one, and has refused none since. */
  takenKinds(): readonly EventKind[] {
    return eventKinds.filter((kind) => this.#taken.has(kind));
  }

  /** The refused kinds of event. */
  heldBack(): readonly HeldBackEvent[] {
    return eventKinds.flatMap((kind) => {
      const held = this.#refused.get(kind);
      return held === undefined ? [] : [{ kind, ...held }];
    });
  }

  /** `refusal`: given for a kind of event only. */
  refused(kind: Refusable, refusal?: KindRefusal): void {
    this.#refused.set(kind, refusal && this.#held(kind, refusal));
    this.#taken.delete(kind);
    // An event about the box could not be delivered either: the log alone tells of it.
    if (kind !== 'box') this.#conditions.change('topic-refused', { kind }, { active: [kind] });
  }

  /** The broker has taken an event of this kind, or lets the box read its commands. */
  taken(kind: Refusable): void {
    this.#refused.delete(kind);
    if (this.#taken.has(kind)) return;
    this.#taken.add(kind);
    this.#conditions.change('topic-refused', { kind }, { over: [kind] });
  }

  /** The connection is steady: refusals that an earlier process reported would have shown again by now. */
  lasted(): void {
    const over = refusables.filter((kind) => !this.has(kind));
    if (this.#refused.size === 0) this.#conditions.end('topic-refused');
    else this.#conditions.change('topic-refused', {}, { over });
  }

  #held(kind: Refusable, { sequence, reason, retryInMs }: KindRefusal): Omit<HeldBackEvent, 'kind'> {
    const nowMs = this.#clock.wallMs();
    const sinceMs = this.#refused.get(kind)?.sinceMs ?? nowMs;
    return { cause: 'topic-refused', sequence, sinceMs, untilMs: nowMs + retryInMs, reason };
  }
}
