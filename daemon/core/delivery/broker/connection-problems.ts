/** Why a connection cannot be made or has ended. */
export type NetworkProblem = 'name' | 'refused' | 'unreachable' | 'lost';

/** Codes of Node.js for sockets and name resolution. */
export const networkProblems: ReadonlyMap<string, NetworkProblem> = new Map([
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
]);

/** Problems with TLS, part of the diagnoses in `broker-errors.ts`, which explains the fields. */
export const tlsDiagnoses = {
  tlsExpired: {
    code: 'broker-tls-expired',
    says: 'the certificate of the broker has expired',
    remedy: 'Renew the certificate of the broker. If it is still valid, set the clock of this machine.',
    passesByItself: false,
  },
  tlsNotYetValid: {
    code: 'broker-tls-not-yet-valid',
    says: 'the certificate of the broker is not yet valid',
    remedy:
      'Check the clock of this machine first: it may be behind. Otherwise wait until the certificate becomes valid, or replace it.',
    passesByItself: false,
  },
  tlsHost: {
    code: 'broker-tls-wrong-host',
    says: 'the certificate of the broker was made for another host',
    remedy:
      'Use a name from the certificate in mqtt.url, make a certificate for the present name, or set mqtt.serverName to a name from the certificate.',
    passesByItself: false,
  },
  tlsUntrusted: {
    code: 'broker-tls-untrusted',
    says: 'this box does not trust the authority that signed the certificate of the broker',
    remedy: 'Set mqtt.caFile to the certificate of the authority that signed it.',
    passesByItself: false,
  },
  clientRequired: {
    code: 'broker-client-certificate-required',
    says: 'the broker requires a client certificate, and this box has none',
    remedy:
      'Have the authority that the broker trusts make a certificate for this box. Store it with its key as a secret, and set mqtt.clientCertificate to the name of the secret.',
    passesByItself: false,
  },
  clientUntrusted: {
    code: 'broker-client-certificate-untrusted',
    says: 'the broker does not trust the authority that signed the client certificate',
    remedy:
      'Use a certificate of an authority that the broker trusts, or make the broker trust the authority of this certificate.',
    passesByItself: false,
  },
  clientExpired: {
    code: 'broker-client-certificate-expired',
    says: 'the broker says that the client certificate has expired',
    remedy: 'Renew the certificate of this box in the secret that mqtt.clientCertificate names, and reload.',
    passesByItself: false,
  },
  clientRefused: {
    code: 'broker-client-certificate-refused',
    says: 'the broker refuses the client certificate',
    remedy:
      'Check that the certificate is valid now, not revoked, and made for client authentication. Read the log of the broker.',
    passesByItself: false,
  },
  tlsAlpn: {
    code: 'broker-tls-alpn',
    says: 'the broker does not accept the application protocols (ALPN) that this box offers',
    remedy: 'Set mqtt.alpn to the protocol that the operator of the broker names, or remove it.',
    passesByItself: false,
  },
  tlsNone: {
    code: 'broker-speaks-no-tls',
    says: 'the server on the port does not use TLS',
    remedy: 'Check that mqtt.url names the TLS port of the broker (usually 8883, or 443 for wss).',
    passesByItself: false,
  },
  tlsEnded: {
    code: 'broker-tls-ended',
    says: 'the connection ended during the TLS handshake',
    remedy:
      'Check that mqtt.url names the TLS port of the broker: a port without TLS ends connections like this. Read the log of the broker.',
    passesByItself: false,
  },
  tlsVersion: {
    code: 'broker-tls-version',
    says: 'the broker supports only old, unsafe versions of TLS',
    remedy: 'Configure TLS 1.2 or 1.3 on the broker. This box does not support older versions.',
    passesByItself: false,
  },
  tls: {
    code: 'broker-tls-failed',
    says: 'the TLS handshake with the broker failed',
    remedy: 'Check that mqtt.url names the TLS port of the broker, and its TLS versions.',
    passesByItself: false,
  },
} as const;

/** Codes of Node.js for refused server certificates. */
const byVerification = new Map<string, keyof typeof tlsDiagnoses>([
  ['CERT_HAS_EXPIRED', 'tlsExpired'],
  ['CERT_NOT_YET_VALID', 'tlsNotYetValid'],
  ['ERR_TLS_CERT_ALTNAME_INVALID', 'tlsHost'],
  ['DEPTH_ZERO_SELF_SIGNED_CERT', 'tlsUntrusted'],
  ['SELF_SIGNED_CERT_IN_CHAIN', 'tlsUntrusted'],
  ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'tlsUntrusted'],
  ['UNABLE_TO_GET_ISSUER_CERT', 'tlsUntrusted'],
  ['UNABLE_TO_GET_ISSUER_CERT_LOCALLY', 'tlsUntrusted'],
  ['CERT_SIGNATURE_FAILURE', 'tlsUntrusted'],
]);

/** Reasons of OpenSSL, mostly alerts of the other side (RFC 8446 section 6.2). Their prefixes differ between versions. */
const bySslReason: readonly (readonly [RegExp, keyof typeof tlsDiagnoses])[] = [
  [/ALERT_CERTIFICATE_REQUIRED/, 'clientRequired'],
  [/ALERT_UNKNOWN_CA/, 'clientUntrusted'],
  [/ALERT_CERTIFICATE_EXPIRED/, 'clientExpired'],
  [
    /ALERT_(BAD_CERTIFICATE|UNSUPPORTED_CERTIFICATE|CERTIFICATE_REVOKED|CERTIFICATE_UNKNOWN|ACCESS_DENIED)/,
    'clientRefused',
  ],
  [/ALERT_NO_APPLICATION_PROTOCOL/, 'tlsAlpn'],
  [/ALERT_PROTOCOL_VERSION|UNSUPPORTED_PROTOCOL/, 'tlsVersion'],
  [/WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG/, 'tlsNone'],
];

/** The problem that an error of a TLS socket stands for; undefined where its code is not about TLS. */
export function tlsProblemOf(code: string, message: string): keyof typeof tlsDiagnoses | undefined {
  const known = byVerification.get(code);
  if (known !== undefined) return known;
  // After a failed write, the code is that of the system and only the message contains the reason.
  const isWrite = code === 'EPROTO';
  if (!isWrite && !code.startsWith('ERR_SSL')) return undefined;
  const reason = isWrite ? message.toUpperCase().replaceAll(' ', '_') : code;
  return bySslReason.find(([pattern]) => pattern.test(reason))?.[1] ?? 'tls';
}
