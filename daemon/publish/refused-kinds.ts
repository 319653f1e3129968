import type { EventKind } from '../domain/event.js';
import type { ConditionPort } from './condition-port.js';

/** A kind of event that the box may not publish, or the commands that it may not read. */
export type Refusable = EventKind | 'command';

/** Knows over connections what the broker refuses, and says when that begins and ends. */
export class RefusedKinds {
  readonly #conditions: ConditionPort;
  readonly #kinds = new Set<Refusable>();

  constructor(conditions: ConditionPort) {
    this.#conditions = conditions;
  }

  has(kind: Refusable): boolean {
    return this.#kinds.has(kind);
  }

  refused(kind: Refusable): void {
    this.#kinds.add(kind);
    // Events about the box itself are said to be refused by the log alone: nobody would get them.
    if (kind !== 'box') this.#conditions.begin('topic-refused', { kind });
  }

  /** The broker has taken one, or lets the box read. */
  taken(kind: Refusable): void {
    if (this.#kinds.delete(kind)) this.#endIfNone();
  }

  /** A connection has lasted: what was refused in the life of another process would have shown. */
  lasted(): void {
    this.#endIfNone();
  }

  #endIfNone(): void {
    if (this.#kinds.size === 0) this.#conditions.end('topic-refused');
  }
}
