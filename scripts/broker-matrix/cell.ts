import type { FieldBroker } from './field-broker.js';
import type { Certificates } from './site.js';

export interface Tried {
  readonly broker: FieldBroker;
  readonly certificates: Certificates;
}

/** One thing that the box, or a centre that reads it, needs of a broker. */
export interface Cell {
  readonly name: string;
  /** `strict`: a broker that takes neither large messages nor every kind of event, and has a port without TLS. */
  readonly on: 'example' | 'strict';
  /**
   * Resolves with undefined where it works, or with what the broker does instead: a text that `BrokerKind.limits` explains.
   * Rejects where the box itself is at fault, or the broker does something that nobody knew.
   */
  run(tried: Tried): Promise<string | undefined>;
}
