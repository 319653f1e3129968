import type { BrokerConnection } from './broker/broker-connection.js';

/** Work on each connection to the broker beside events and the state of the box: keys, camera states, commands. */
export interface ConnectionTask {
  /**
   * Called on a new connection before the box says that it is online. Publishes what receivers need to understand the
   * rest. Resolves when the broker has taken or refused it; never rejects.
   */
  beforeOnline?(connection: Pick<BrokerConnection, 'publish'>, signal: AbortSignal): Promise<void>;
  /**
   * Called when the box has come online. `signal` aborts when the connection ends. Never throws: the task reports its own
   * failures.
   */
  whenOnline(
    connection: Pick<BrokerConnection, 'publish' | 'subscribe' | 'version'>,
    signal: AbortSignal,
  ): void;
}
