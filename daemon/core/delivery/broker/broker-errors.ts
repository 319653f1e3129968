import { messageOf, operational, type RollcallError } from '../../../kernel/errors.js';
import { PacketBreach } from './broker-packets.js';
import { networkProblems, tlsDiagnoses, tlsProblemOf } from './connection-problems.js';

interface Diagnosis {
  readonly code: string;
  readonly says: string;
  readonly remedy: string;
  /** Whether reconnecting can help without any action of a person. The box reconnects in any case. */
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
    says: 'the broker no longer answers',
    remedy: 'Check that the broker is not frozen or overloaded.',
    passesByItself: true,
  },
  silentFromTheBeginning: {
    code: 'broker-silent',
    says: 'a server accepted the connection but does not answer; it may not be an MQTT broker',
    remedy:
      'Check that mqtt.url names the MQTT port of the broker, because cameras and other servers are silent like this. Then check that the broker is not frozen or overloaded.',
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
      'Check the user and password in the secret that mqtt.credential names, or the name in the client certificate; many brokers answer a wrong password like this. Check their access rules, including those for the topic of the last will, <prefix>/<site>/<box>/state.',
    passesByItself: false,
  },
  clientId: {
    code: 'broker-client-id-refused',
    says: 'the broker refuses the client id',
    remedy: 'Set mqtt.clientId to an id that the broker accepts.',
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
    remedy: 'Look at the log of the broker. The box reconnects automatically.',
    passesByItself: true,
  },
  ...tlsDiagnoses,
  lost: {
    code: 'broker-connection-lost',
    says: 'the connection to the broker ended',
    remedy: 'Look at the log of the broker. The box reconnects automatically.',
    passesByItself: true,
  },
  closedEarly: {
    code: 'broker-closed-early',
    says: 'the broker ended the connection before it answered',
    remedy:
      'Check that the scheme in mqtt.url fits the port (mqtt, mqtts, ws or wss). Read the log of the broker.',
    passesByItself: false,
  },
  closedAfterTls: {
    code: 'broker-closed-early',
    says: 'the broker ended the connection after the TLS handshake, before it answered',
    remedy:
      'It may require a client certificate (mqtt.clientCertificate), refuse the one of this box, or not be an MQTT broker. Read its log.',
    passesByItself: false,
  },
  webPath: {
    code: 'broker-websocket-refused',
    says: 'the server does not accept a WebSocket on the path in mqtt.url',
    remedy: 'Set the path in mqtt.url to the one that the broker or its proxy serves, often /mqtt.',
    passesByItself: false,
  },
  takenOver: {
    code: 'broker-client-id-taken',
    says: 'another client connected with the client id of this box',
    remedy: 'Give each box its own client id (mqtt.clientId), and stop the other client.',
    passesByItself: false,
  },
  perhapsTakenOver: {
    code: 'broker-client-id-taken',
    says: 'each connection ends soon; perhaps another client uses the client id of this box',
    remedy:
      'Read in the log of the broker why it ends the connections. Give each box its own client id (mqtt.clientId).',
    passesByItself: false,
  },
  didNotAllow: {
    code: 'broker-not-authorised',
    says: 'the broker ended the connection because its access rules do not allow a message or subscription of this box',
    remedy:
      'Allow this box to publish under its topics and to read its commands in the access rules of the broker, as in config/mosquitto-acl.example. The log of the broker names the topic.',
    passesByItself: false,
  },
  packetTooLarge: {
    code: 'broker-packet-too-large',
    says: 'the broker began to send a packet that is larger than a box accepts, so this box ended the connection',
    remedy:
      'Limit the message size on the broker (mosquitto: max_packet_size) and who may publish to the topics of this box; the log of the broker may name the sender. Check that mqtt.url names the MQTT port of the broker.',
    passesByItself: false,
  },
  protocol: {
    code: 'broker-protocol',
    says: 'the server is not an MQTT broker, or it breaks the protocol',
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

/** An error with the reason why the broker cannot be used and a remedy. */
export function brokerError(problem: BrokerProblem, broker: string, cause?: unknown): RollcallError {
  const { code, says, remedy, passesByItself } = diagnoses[problem];
  return operational(code, `${broker}: ${says}`, {
    remedy,
    details: { broker, ...(cause === undefined ? {} : { reason: messageOf(cause) }), ...reasonCode(cause) },
    ...(cause === undefined ? {} : { cause }),
    retryable: passesByItself,
  });
}

/** The reason code of a refusal or of the end of a connection. */
function reasonCode(cause: unknown): { readonly reasonCode?: number } {
  const isCoded = cause instanceof Error && 'code' in cause && typeof cause.code === 'number';
  return isCoded ? { reasonCode: Number(cause.code) } : {};
}

/** The problem that an error of the MQTT client stands for. `whenUnclear`: the problem for an error without a known code. */
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

/** The progress of a connection: without TLS, before the TLS handshake, after it. */
export type Link = 'plain' | 'unsecured' | 'secured';

/** Why a connection ended. `error`: its first error; `isConnected`: the broker had accepted the box. */
export function endingOf(error: unknown, isConnected: boolean, link: Link): BrokerProblem {
  const problem = error === undefined ? 'lost' : namedProblem(error, isConnected);
  // A broker that had accepted the box does not object to its password.
  if (problem === 'notAuthorised' && isConnected) return 'didNotAllow';
  if (problem !== 'lost' || isConnected) return problem;
  const early = { plain: 'closedEarly', unsecured: 'tlsEnded', secured: 'closedAfterTls' } as const;
  return early[link];
}

function namedProblem(error: unknown, isConnected: boolean): BrokerProblem {
  // The client's own timeouts carry no code.
  if (error instanceof Error && /^connack timeout$/i.test(error.message)) return 'silentFromTheBeginning';
  if (error instanceof Error && /^keepalive timeout$/i.test(error.message)) return 'silent';
  return problemOf(error, isConnected ? 'lost' : 'protocol');
}
