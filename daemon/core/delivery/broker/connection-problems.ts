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
  tlsExpired: { code: 'broker-tls-expired', passesByItself: false },
  tlsNotYetValid: { code: 'broker-tls-not-yet-valid', passesByItself: false },
  tlsHost: { code: 'broker-tls-wrong-host', passesByItself: false },
  tlsUntrusted: { code: 'broker-tls-untrusted', passesByItself: false },
  clientRequired: { code: 'broker-client-certificate-required', passesByItself: false },
  clientUntrusted: { code: 'broker-client-certificate-untrusted', passesByItself: false },
  clientExpired: { code: 'broker-client-certificate-expired', passesByItself: false },
  clientRefused: { code: 'broker-client-certificate-refused', passesByItself: false },
  tlsAlpn: { code: 'broker-tls-alpn', passesByItself: false },
  tlsNone: { code: 'broker-speaks-no-tls', passesByItself: false },
  tlsEnded: { code: 'broker-tls-ended', passesByItself: false },
  tlsVersion: { code: 'broker-tls-version', passesByItself: false },
  tls: { code: 'broker-tls-failed', passesByItself: false },
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
