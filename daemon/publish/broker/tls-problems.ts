/** What goes wrong with TLS: merged into the diagnoses of `broker-errors.ts`, where the fields are explained. */
export const tlsDiagnoses = {
  tlsExpired: {
    code: 'broker-tls-expired',
    says: 'the certificate of the broker has expired',
    remedy: 'Renew the certificate of the broker; if it is in force, set the clock of this machine.',
    passesByItself: false,
  },
  tlsNotYetValid: {
    code: 'broker-tls-not-yet-valid',
    says: 'the certificate of the broker is not yet valid',
    remedy:
      'Check the clock of this machine first: one that is behind does this. Otherwise wait until the certificate begins, or replace it.',
    passesByItself: false,
  },
  tlsHost: {
    code: 'broker-tls-wrong-host',
    says: 'the certificate of the broker was made for another host',
    remedy:
      'Use in mqtt.url a name that stands in the certificate, make a certificate for this name, or set mqtt.serverName to the name it is for.',
    passesByItself: false,
  },
  tlsUntrusted: {
    code: 'broker-tls-untrusted',
    says: 'the certificate of the broker is signed by nobody this box trusts',
    remedy: 'Name in mqtt.caFile the certificate of the authority that signed it.',
    passesByItself: false,
  },
  clientRequired: {
    code: 'broker-client-certificate-required',
    says: 'the broker wants a client certificate, and this box has shown none',
    remedy:
      'Have a certificate made for this box by the authority that the broker trusts, store it with its key as a secret, and name that in mqtt.clientCertificate.',
    passesByItself: false,
  },
  clientUntrusted: {
    code: 'broker-client-certificate-untrusted',
    says: 'the broker does not know the authority that signed the client certificate',
    remedy:
      'Use a certificate of the authority that the broker trusts, or give the broker the certificate of the authority of this one.',
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
      'Check that it is in force, not revoked, and made for authenticating clients; the log of the broker says more.',
    passesByItself: false,
  },
  tlsAlpn: {
    code: 'broker-tls-alpn',
    says: 'the broker knows none of the application protocols that this box offers',
    remedy: 'Set mqtt.alpn to what the operator of the broker names, or leave it out.',
    passesByItself: false,
  },
  tlsNone: {
    code: 'broker-speaks-no-tls',
    says: 'what listens on the port does not speak TLS',
    remedy: 'Check that mqtt.url names the TLS port of the broker (usually 8883, or 443 for wss).',
    passesByItself: false,
  },
  tlsEnded: {
    code: 'broker-tls-ended',
    says: 'the connection ended in the middle of the TLS handshake',
    remedy:
      'Check that mqtt.url names the TLS port of the broker: one without TLS hangs up like this. The log of the broker says more.',
    passesByItself: false,
  },
  tlsVersion: {
    code: 'broker-tls-version',
    says: 'the broker speaks no version of TLS that is still safe',
    remedy: 'Have the broker speak TLS 1.2 or 1.3: this box does not speak what came before.',
    passesByItself: false,
  },
  tls: {
    code: 'broker-tls-failed',
    says: 'the TLS handshake with the broker failed',
    remedy: 'Check that mqtt.url names the TLS port of the broker, and its TLS versions.',
    passesByItself: false,
  },
} as const;

/** Codes with which Node.js refuses the certificate of a server. */
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

/** OpenSSL names alerts of the other side (RFC 8446 section 6.2) after versions that differ; the ends are the same. */
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

/** What an error of a TLS socket means; undefined where its code is about something else. */
export function tlsProblemOf(code: string, message: string): keyof typeof tlsDiagnoses | undefined {
  const known = byVerification.get(code);
  if (known !== undefined) return known;
  // Where something was to be written already, the code is that of the system and only the message tells the reason.
  const isWrite = code === 'EPROTO';
  if (!isWrite && !code.startsWith('ERR_SSL')) return undefined;
  const reason = isWrite ? message.toUpperCase().replaceAll(' ', '_') : code;
  return bySslReason.find(([pattern]) => pattern.test(reason))?.[1] ?? 'tls';
}
