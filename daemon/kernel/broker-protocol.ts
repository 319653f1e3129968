/** How a broker is reached: MQTT over TCP or over WebSocket, without and with TLS. */
export const brokerProtocols = ['mqtt', 'mqtts', 'ws', 'wss'] as const;
export type BrokerProtocol = (typeof brokerProtocols)[number];
