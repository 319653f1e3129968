import { type BrokerProtocol, brokerProtocols } from '../../../kernel/broker.js';
import { refusal } from '../../../words/errors.js';

/** The address of a broker. Contains no secret. */
export interface BrokerAddress {
  readonly protocol: BrokerProtocol;
  readonly host: string;
  readonly port: number;
  /** For WebSocket only, otherwise empty. */
  readonly path: string;
  /** For logs and messages: `mqtt://host:port`. */
  readonly name: string;
}

const defaultPorts: Readonly<Record<BrokerProtocol, number>> = { mqtt: 1883, mqtts: 8883, ws: 80, wss: 443 };

/** Reads `mqtt.url`. Throws `broker-url` when it is not the plain address of a broker. */
export function brokerAddress(url: string): BrokerAddress {
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  const protocol = parsed && protocolOf(parsed.protocol);
  if (!parsed || !protocol || parsed.hostname === '') {
    throw unusable('is not the address of an MQTT broker');
  }
  if (parsed.username !== '' || parsed.password !== '') throw unusable('contains a user or password');
  const isWeb = protocol === 'ws' || protocol === 'wss';
  const port = parsed.port === '' ? defaultPorts[protocol] : Number(parsed.port);
  return {
    protocol,
    host: parsed.hostname.replace(/^\[(.*)\]$/, '$1'),
    port,
    path: isWeb ? `${parsed.pathname}${parsed.search}` : '',
    name: `${protocol}://${parsed.hostname}:${port}`,
  };
}

const protocolOf = (scheme: string): BrokerProtocol | undefined =>
  brokerProtocols.find((protocol) => scheme === `${protocol}:`);

function unusable(why: string) {
  return refusal('broker-url', { why });
}
