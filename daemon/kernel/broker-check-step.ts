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
