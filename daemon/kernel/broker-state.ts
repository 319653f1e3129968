/** How the connection to the broker is. `waiting`: for the next attempt. */
export const brokerStates = ['connecting', 'connected', 'waiting', 'ended'] as const;
export type BrokerState = (typeof brokerStates)[number];

/** The state of the connection on a box without a broker. */
export const brokerNotConfigured = 'not configured';
