import 'reflect-metadata';
import { webcrypto } from 'node:crypto';
import { isIP } from 'node:net';
import {
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  PemConverter,
  SubjectAlternativeNameExtension,
  X509CertificateGenerator,
} from '@peculiar/x509';

interface OwnCertificateOptions {
  /** The name of its owner, for people; at most 64 characters are used. */
  readonly commonName: string;
  /** Host names and IP addresses that it is for. */
  readonly names: readonly string[];
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
}

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };

/**
 * Makes a certificate for TLS that signs itself (RFC 5280), with a new key of its own on the curve P-256. It is for a server with
 * these names, and not to sign other certificates. Certificate and private key as PEM.
 */
export async function makeOwnCertificate(options: OwnCertificateOptions): Promise<string> {
  const { commonName, names, notBeforeMs, notAfterMs } = options;
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const certificate = await X509CertificateGenerator.createSelfSigned({
    name: [{ CN: [commonName.slice(0, 64)] }],
    notBefore: new Date(notBeforeMs),
    notAfter: new Date(notAfterMs),
    signingAlgorithm: algorithm,
    keys,
    extensions: [
      new BasicConstraintsExtension(false, undefined, true),
      new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth]),
      new SubjectAlternativeNameExtension(
        names.map((value) => ({ type: isIP(value) === 0 ? 'dns' : 'ip', value })),
      ),
    ],
  });
  const key = await webcrypto.subtle.exportKey('pkcs8', keys.privateKey);
  return `${certificate.toString('pem')}\n${PemConverter.encode(key, PemConverter.PrivateKeyTag)}\n`;
}
