/** How the connection to the broker is. `waiting`: for the next attempt. */
export const brokerStates = ['connecting', 'connected', 'waiting', 'ended'] as const;
export type BrokerState = (typeof brokerStates)[number];

/** The state of the connection on a box without a broker. */
export const brokerNotConfigured = 'not configured';

/** The steps of a check of the connection to the broker, in their order. */
export const brokerCheckSteps = [
  'client certificate',
  'name',
  'port',
  'tls',
  'mqtt',
  'subscribe',
  'publish',
  'receive',
  'topic',
] as const;
export type BrokerCheckStep = (typeof brokerCheckSteps)[number];

/** How a broker is reached: MQTT over TCP or over WebSocket, without and with TLS. */
export const brokerProtocols = ['mqtt', 'mqtts', 'ws', 'wss'] as const;
export type BrokerProtocol = (typeof brokerProtocols)[number];
