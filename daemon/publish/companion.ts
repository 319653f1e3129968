import type { BrokerConnection } from './broker/broker-connection.js';

/** Something with messages of its own beside events and the state of the box: keys, states of cameras, commands. */
export interface Companion {
  /**
   * Called on a new connection before anything else is said over it: what others cannot be understood without. Resolves when
   * the broker has it or has refused it; rejects never.
   */
  lead?(connection: Pick<BrokerConnection, 'publish'>, signal: AbortSignal): Promise<void>;
  /**
   * Called whenever the box has come online. `signal` aborts when that connection ends. What goes wrong is the companion's
   * own affair: it reports it, and throws nothing.
   */
  join(connection: Pick<BrokerConnection, 'publish' | 'subscribe' | 'version'>, signal: AbortSignal): void;
}
