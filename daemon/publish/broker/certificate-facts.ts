import { X509Certificate } from 'node:crypto';

const pemForm = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

/** What stands in a certificate, for people and for dates to be watched. */
export interface CertificateFacts {
  /** SHA-256 of the certificate: tells a renewed one from the one before. */
  readonly fingerprint: string;
  /** Whom it is for, as `CN=box-1`. */
  readonly subject: string;
  /** Host names and addresses it is for, as `DNS:broker.example`; its subject where it names none. */
  readonly names: string;
  readonly issuer: string;
  /** Wall clock, milliseconds since the epoch. */
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
}

/** The first certificate of a PEM text or of DER bytes, or one that is read already. */
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

/** Of a text with several PEM certificates, the facts of the one that ends last; undefined where none can be read. */
export function longestLived(pem: Uint8Array): CertificateFacts | undefined {
  return (Buffer.from(pem).toString('latin1').match(pemForm) ?? [])
    .flatMap((text) => {
      try {
        return [certificateFacts(Buffer.from(text))];
      } catch {
        // One that cannot be read is not what the broker is trusted by.
        return [];
      }
    })
    .sort((a, b) => b.notAfterMs - a.notAfterMs)[0];
}

/** Node.js writes one attribute a line. Certificates of strangers may hold anything: nothing else than printable ASCII is shown. */
function onOneLine(name: string): string {
  return name.replaceAll('\n', ', ').replaceAll(/[^\x20-\x7e]/g, '?');
}
