import { messageOf, operational, type RollcallError } from '../../base/errors.js';
import { PacketBreach } from './broker-packets.js';
import { networkProblems } from './network-problems.js';
import { tlsDiagnoses, tlsProblemOf } from './tls-problems.js';

interface Diagnosis {
  readonly code: string;
  readonly says: string;
  readonly remedy: string;
  /** The connection is tried again in any case; this says whether that can help without anybody acting. */
  readonly passesByItself: boolean;
}

const diagnoses = {
  name: {
    code: 'broker-name-unknown',
    says: 'the name of the broker cannot be resolved',
    remedy: 'Check the host in mqtt.url and the DNS servers of this machine.',
    passesByItself: false,
  },
  refused: {
    code: 'broker-refused',
    says: 'nothing listens on the port of the broker',
    remedy: 'Check that the broker runs and that mqtt.url names its port.',
    passesByItself: true,
  },
  unreachable: {
    code: 'broker-unreachable',
    says: 'the network does not reach the broker',
    remedy: 'Check the cable, the routes and the firewall between this machine and the broker.',
    passesByItself: true,
  },
  silent: {
    code: 'broker-silent',
    says: 'the broker does not answer any more',
    remedy: 'Check that the broker is not frozen or overloaded.',
    passesByItself: true,
  },
  silentFromTheBeginning: {
    code: 'broker-silent',
    says: 'what listens on the port accepted the connection but does not answer: it may be no MQTT broker',
    remedy:
      'Check that mqtt.url names the MQTT port of the broker (cameras and other servers keep silent like this), and then that the broker is not frozen or overloaded.',
    passesByItself: true,
  },
  auth: {
    code: 'broker-auth-refused',
    says: 'the broker refuses the user or password',
    remedy: 'Correct the secret that mqtt.credential names, or the account of this box on the broker.',
    passesByItself: false,
  },
  notAuthorised: {
    code: 'broker-not-authorised',
    says: 'the broker does not let this box in',
    remedy:
      'Check the user and password in the secret that mqtt.credential names, or the name in the client certificate, and what the broker allows them (some also check the topic of the last will, <prefix>/<site>/<box>/state); many brokers answer a mistyped password like this, too.',
    passesByItself: false,
  },
  clientId: {
    code: 'broker-client-id-refused',
    says: 'the broker refuses the client id',
    remedy: 'Set mqtt.clientId to one the broker accepts.',
    passesByItself: false,
  },
  version: {
    code: 'broker-version-refused',
    says: 'the broker refuses this version of MQTT',
    remedy: 'Use a broker that speaks MQTT 5 or 3.1.1.',
    passesByItself: false,
  },
  unavailable: {
    code: 'broker-unavailable',
    says: 'the broker says that it is unavailable',
    remedy: 'Look at the log of the broker; the connection is tried again by itself.',
    passesByItself: true,
  },
  ...tlsDiagnoses,
  lost: {
    code: 'broker-connection-lost',
    says: 'the connection to the broker ended',
    remedy: 'Look at the log of the broker; the connection is tried again by itself.',
    passesByItself: true,
  },
  closedEarly: {
    code: 'broker-closed-early',
    says: 'the broker ended the connection before it answered',
    remedy:
      'Check that mqtt.url fits the port (mqtt or mqtts, ws or wss), and look at the log of the broker.',
    passesByItself: false,
  },
  closedAfterTls: {
    code: 'broker-closed-early',
    says: 'the broker ended the connection after the TLS handshake, before it answered',
    remedy:
      'It may want a client certificate (mqtt.clientCertificate), refuse the one it was shown, or be no MQTT broker; its log says more.',
    passesByItself: false,
  },
  webPath: {
    code: 'broker-websocket-refused',
    says: 'what answers does not open a WebSocket under the path of mqtt.url',
    remedy: 'Set the path in mqtt.url to what the broker or the proxy before it serves, often /mqtt.',
    passesByItself: false,
  },
  takenOver: {
    code: 'broker-client-id-taken',
    says: 'another client connected with the client id of this box',
    remedy: 'Give each box a client id of its own (mqtt.clientId), and end the other client.',
    passesByItself: false,
  },
  perhapsTakenOver: {
    code: 'broker-client-id-taken',
    says: 'perhaps another client uses the client id of this box: one connection after the other ends soon',
    remedy:
      'Look at the log of the broker for why it ends them; give each box a client id of its own (mqtt.clientId).',
    passesByItself: false,
  },
  didNotAllow: {
    code: 'broker-not-authorised',
    says: 'the broker ended the connection because this box did something that it may not do',
    remedy:
      'Allow this box to publish under its topics and to read its commands in the access rules of the broker, as config/mosquitto-acl.example does; the log of the broker names the topic.',
    passesByItself: false,
  },
  packetTooLarge: {
    code: 'broker-packet-too-large',
    says: 'the broker sends a packet that is larger than a box takes, and was hung up on before it came',
    remedy:
      'Limit the size of messages on the broker (mosquitto: max_packet_size) and who may publish to the topics of this box; the log of the broker may say who did. Check that mqtt.url names the MQTT port of the broker.',
    passesByItself: false,
  },
  protocol: {
    code: 'broker-protocol',
    says: 'what answers is not an MQTT broker, or breaks the protocol',
    remedy: 'Check that mqtt.url names the MQTT port of the broker.',
    passesByItself: false,
  },
} as const satisfies Record<string, Diagnosis>;

export type BrokerProblem = keyof typeof diagnoses;

/** Return codes of MQTT 3.1.1 (section 3.2.2.3); reason codes of MQTT 5 (section 2.4). */
const byMqttCode = new Map<number, BrokerProblem>([
  [1, 'version'],
  [2, 'clientId'],
  [3, 'unavailable'],
  [4, 'auth'],
  [5, 'notAuthorised'],
  [130, 'protocol'],
  [132, 'version'],
  [133, 'clientId'],
  [134, 'auth'],
  [135, 'notAuthorised'],
  [136, 'unavailable'],
  [137, 'unavailable'],
  [138, 'notAuthorised'],
  [139, 'unavailable'],
  [140, 'auth'],
  [141, 'silent'],
  [142, 'takenOver'],
]);

/** An error that names why the broker cannot be used and what to do about it. */
export function brokerError(problem: BrokerProblem, broker: string, cause?: unknown): RollcallError {
  const { code, says, remedy, passesByItself } = diagnoses[problem];
  return operational(code, `${broker}: ${says}`, {
    remedy,
    details: { broker, ...(cause === undefined ? {} : { reason: messageOf(cause) }), ...reasonCode(cause) },
    ...(cause === undefined ? {} : { cause }),
    retryable: passesByItself,
  });
}

/** What the broker answered, or gave as the reason for its goodbye. */
function reasonCode(cause: unknown): { readonly reasonCode?: number } {
  const isCoded = cause instanceof Error && 'code' in cause && typeof cause.code === 'number';
  return isCoded ? { reasonCode: Number(cause.code) } : {};
}

/** Names what an error of the MQTT client means. `whenUnclear`: what an error without a known code is taken for. */
export function problemOf(error: unknown, whenUnclear: BrokerProblem): BrokerProblem {
  if (error instanceof PacketBreach) return error.problem;
  for (const one of error instanceof AggregateError ? error.errors : [error]) {
    const code: unknown = typeof one === 'object' && one !== null && 'code' in one ? one.code : undefined;
    const known =
      typeof code === 'number'
        ? byMqttCode.get(code)
        : typeof code === 'string'
          ? (networkProblems.get(code) ?? webSocketProblemOf(code) ?? tlsProblemOf(code, messageOf(one)))
          : undefined;
    if (known !== undefined) return known;
  }
  if (error instanceof Error && /^Unexpected server response: \d+$/.test(error.message)) return 'webPath';
  return whenUnclear;
}

/** Codes of the `ws` package for frames that break RFC 6455 or its limits. */
function webSocketProblemOf(code: string): BrokerProblem | undefined {
  if (code === 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH') return 'packetTooLarge';
  return code.startsWith('WS_ERR_') ? 'protocol' : undefined;
}
