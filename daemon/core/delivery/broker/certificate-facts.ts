import { X509Certificate } from 'node:crypto';

const pemForm = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

/** The content of a certificate that is shown and watched. */
export interface CertificateFacts {
  /** SHA-256 of the certificate, which differs after a renewal. */
  readonly fingerprint: string;
  /** The subject, as `CN=box-1`. */
  readonly subject: string;
  /** Host names and addresses, as `DNS:broker.example`; the subject where there are none. */
  readonly names: string;
  readonly issuer: string;
  /** Wall clock, milliseconds since the epoch. */
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
}

/** Reads the first certificate of a PEM text, DER bytes, or a parsed certificate. */
export function certificateFacts(certificate: Uint8Array | X509Certificate): CertificateFacts {
  const read = certificate instanceof X509Certificate ? certificate : new X509Certificate(certificate);
  return {
    fingerprint: read.fingerprint256,
    subject: onOneLine(read.subject),
    names: onOneLine(read.subjectAltName ?? read.subject),
    issuer: onOneLine(read.issuer),
    notBeforeMs: Date.parse(read.validFrom),
    notAfterMs: Date.parse(read.validTo),
  };
}

/** The facts of the PEM certificate that expires last; undefined where none can be read. */
export function longestLived(pem: Uint8Array): CertificateFacts | undefined {
  return (Buffer.from(pem).toString('latin1').match(pemForm) ?? [])
    .flatMap((text) => {
      try {
        return [certificateFacts(Buffer.from(text))];
      } catch {
        // A certificate that cannot be read is not used for trust either.
        return [];
      }
    })
    .sort((a, b) => b.notAfterMs - a.notAfterMs)[0];
}

/** Node.js writes one attribute per line. Foreign certificates can contain anything, so only printable ASCII is shown. */
function onOneLine(name: string): string {
  return name.replaceAll('\n', ', ').replaceAll(/[^\x20-\x7e]/g, '?');
}
