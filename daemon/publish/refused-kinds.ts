import type { Clock } from '../base/clock.js';
import type { EventKind } from '../domain/events/event.js';
import { eventKinds } from '../domain/events/event-type.js';
import type { ConditionPort } from './condition-port.js';
import type { HeldBack } from './held-back.js';

/** A kind of event that the box may not publish, or the commands that it may not read. */
export type Refusable = EventKind | 'command';

const refusables: readonly Refusable[] = [...eventKinds, 'command'];

/** The oldest event of a kind that was refused, why, and when that is tried again. */
export interface KindRefusal {
  readonly sequence: number;
  readonly reason: string;
  readonly retryInMs: number;
}

/** Knows over connections what the broker refuses, and says when that begins, grows and ends. */
export class RefusedKinds {
  readonly #conditions: ConditionPort;
  readonly #clock: Pick<Clock, 'wallMs'>;
  readonly #refused = new Map<Refusable, Omit<HeldBack, 'kind'> | undefined>();
  /** Of these nothing is to be said but that they are refused. */
  readonly #flowing = new Set<Refusable>();

  constructor(conditions: ConditionPort, clock: Pick<Clock, 'wallMs'>) {
    this.#conditions = conditions;
    this.#clock = clock;
  }

  has(kind: Refusable): boolean {
    return this.#refused.has(kind);
  }

  /** Kinds of event of which the broker took one, and has refused none since. */
  takenKinds(): readonly EventKind[] {
    return eventKinds.filter((kind) => this.#flowing.has(kind));
  }

  /** The kinds of event among them. */
  heldBack(): readonly HeldBack[] {
    return eventKinds.flatMap((kind) => {
      const held = this.#refused.get(kind);
      return held === undefined ? [] : [{ kind, ...held }];
    });
  }

  /** `refusal`: of a kind of event. */
  refused(kind: Refusable, refusal?: KindRefusal): void {
    this.#refused.set(kind, refusal && this.#held(kind, refusal));
    this.#flowing.delete(kind);
    // Events about the box itself are said to be refused by the log alone: nobody would get them.
    if (kind !== 'box') this.#conditions.change('topic-refused', { kind }, { holds: [kind] });
  }

  /** The broker has taken one, or lets the box read. */
  taken(kind: Refusable): void {
    this.#refused.delete(kind);
    if (this.#flowing.has(kind)) return;
    this.#flowing.add(kind);
    this.#conditions.change('topic-refused', { kind }, { over: [kind] });
  }

  /** A connection has lasted: what was refused in the life of another process would have shown. */
  lasted(): void {
    const over = refusables.filter((kind) => !this.has(kind));
    if (this.#refused.size === 0) this.#conditions.end('topic-refused');
    else this.#conditions.change('topic-refused', {}, { over });
  }

  #held(kind: Refusable, { sequence, reason, retryInMs }: KindRefusal): Omit<HeldBack, 'kind'> {
    const nowMs = this.#clock.wallMs();
    const sinceMs = this.#refused.get(kind)?.sinceMs ?? nowMs;
    return { cause: 'topic-refused', sequence, sinceMs, untilMs: nowMs + retryInMs, reason };
  }
}
