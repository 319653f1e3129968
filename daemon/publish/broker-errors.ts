import { messageOf, operational, type RollcallError } from '../base/errors.js';

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
    says: 'the broker accepted the connection but does not answer',
    remedy: 'Check that the broker is not frozen or overloaded, and that mqtt.url names its MQTT port.',
    passesByItself: true,
  },
  auth: {
    code: 'broker-auth-refused',
    says: 'the broker refuses the user or password',
    remedy: 'Correct the secret that mqtt.credential names, or the account of this box on the broker.',
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
  tlsExpired: {
    code: 'broker-tls-expired',
    says: 'the certificate of the broker is expired or not yet valid',
    remedy: 'Renew the certificate of the broker; check the clock of this machine.',
    passesByItself: false,
  },
  tlsHost: {
    code: 'broker-tls-wrong-host',
    says: 'the certificate of the broker was made for another host',
    remedy: 'Use in mqtt.url a name that stands in the certificate, or make a certificate for this name.',
    passesByItself: false,
  },
  tlsUntrusted: {
    code: 'broker-tls-untrusted',
    says: 'the certificate of the broker is signed by nobody this box trusts',
    remedy: 'Name in mqtt.caFile the certificate of the authority that signed it.',
    passesByItself: false,
  },
  tls: {
    code: 'broker-tls-failed',
    says: 'the TLS handshake with the broker failed',
    remedy: 'Check that mqtt.url names the TLS port of the broker, and its TLS versions.',
    passesByItself: false,
  },
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
  takenOver: {
    code: 'broker-client-id-taken',
    says: 'another client connected with the client id of this box',
    remedy: 'Give each box a client id of its own (mqtt.clientId), and end the other client.',
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
  [5, 'auth'],
  [130, 'protocol'],
  [132, 'version'],
  [133, 'clientId'],
  [134, 'auth'],
  [135, 'auth'],
  [136, 'unavailable'],
  [137, 'unavailable'],
  [138, 'auth'],
  [139, 'unavailable'],
  [140, 'auth'],
  [141, 'silent'],
  [142, 'takenOver'],
]);

/** Codes of Node.js for sockets, name resolution and TLS. */
const bySystemCode = new Map<string, BrokerProblem>([
  ['ENOTFOUND', 'name'],
  ['EAI_AGAIN', 'name'],
  ['EAI_FAIL', 'name'],
  ['ECONNREFUSED', 'refused'],
  ['EHOSTUNREACH', 'unreachable'],
  ['ENETUNREACH', 'unreachable'],
  ['EHOSTDOWN', 'unreachable'],
  ['ENETDOWN', 'unreachable'],
  ['ETIMEDOUT', 'unreachable'],
  ['ECONNRESET', 'lost'],
  ['EPIPE', 'lost'],
  ['CERT_HAS_EXPIRED', 'tlsExpired'],
  ['CERT_NOT_YET_VALID', 'tlsExpired'],
  ['ERR_TLS_CERT_ALTNAME_INVALID', 'tlsHost'],
  ['DEPTH_ZERO_SELF_SIGNED_CERT', 'tlsUntrusted'],
  ['SELF_SIGNED_CERT_IN_CHAIN', 'tlsUntrusted'],
  ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'tlsUntrusted'],
  ['UNABLE_TO_GET_ISSUER_CERT', 'tlsUntrusted'],
  ['UNABLE_TO_GET_ISSUER_CERT_LOCALLY', 'tlsUntrusted'],
  ['CERT_SIGNATURE_FAILURE', 'tlsUntrusted'],
  ['EPROTO', 'tls'],
]);

/** An error that names why the broker cannot be used and what to do about it. */
export function brokerError(problem: BrokerProblem, broker: string, cause?: unknown): RollcallError {
  const { code, says, remedy, passesByItself } = diagnoses[problem];
  return operational(code, `${broker}: ${says}`, {
    remedy,
    details: { broker, ...(cause === undefined ? {} : { reason: messageOf(cause) }) },
    ...(cause === undefined ? {} : { cause }),
    retryable: passesByItself,
  });
}

/** Names what an error of the MQTT client means. `whenUnclear`: what an error without a known code is taken for. */
export function problemOf(error: unknown, whenUnclear: BrokerProblem): BrokerProblem {
  for (const one of error instanceof AggregateError ? error.errors : [error]) {
    const code: unknown = typeof one === 'object' && one !== null && 'code' in one ? one.code : undefined;
    const known =
      typeof code === 'number'
        ? byMqttCode.get(code)
        : typeof code === 'string'
          ? (bySystemCode.get(code) ?? (code.startsWith('ERR_SSL') ? 'tls' : undefined))
          : undefined;
    if (known !== undefined) return known;
  }
  return whenUnclear;
}
