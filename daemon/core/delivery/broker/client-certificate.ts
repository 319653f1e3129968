import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import type { RollcallError } from '../../../kernel/errors.js';
import { refusal } from '../../../words/errors.js';

/** The certificate with which the box proves its identity to a broker, as PEM. The key is a secret. */
export interface ClientCertificate {
  /** The box's own certificate first, then those of intermediate authorities. */
  readonly certificate: Uint8Array;
  readonly key: Uint8Array;
}

interface PemBlock {
  readonly label: string;
  /** A view of the text, not a copy. */
  readonly bytes: Buffer;
}

/**
 * Splits the text of a secret that contains certificates and one private key, in any order. It is one secret and not two, so that a
 * renewal cannot mix a certificate with the key of another one. The caller wipes the text; no message repeats any of it.
 * @throws `client-certificate-form`
 */
export function parseClientCertificate(name: string, text: Buffer): ClientCertificate {
  const blocks = pemBlocks(text);
  const certificates = blocks.filter(({ label }) => label === 'CERTIFICATE');
  const keys = blocks.filter(({ label }) => label.endsWith('PRIVATE KEY'));
  const [first] = certificates;
  const [key] = keys;
  if (first === undefined) throw unusable(name, 'holds no certificate');
  if (key === undefined) throw unusable(name, 'holds no private key');
  if (keys.length > 1) throw unusable(name, 'holds more than one private key');
  if (key.label === 'ENCRYPTED PRIVATE KEY' || key.bytes.includes('Proc-Type: 4,ENCRYPTED')) {
    throw unusable(name, 'holds a private key that is locked with a passphrase');
  }
  if (!readCertificate(name, first.bytes).checkPrivateKey(readKey(name, key.bytes))) {
    throw unusable(name, 'holds a private key that does not belong to its first certificate');
  }
  return {
    certificate: Buffer.concat(certificates.flatMap(({ bytes }) => [bytes, Buffer.from('\n')])),
    key: Buffer.concat([key.bytes, Buffer.from('\n')]),
  };
}

/** Finds the blocks of RFC 7468 without making strings of their content. */
function pemBlocks(text: Buffer): readonly PemBlock[] {
  const begin = '-----BEGIN ';
  const blocks: PemBlock[] = [];
  for (let at = text.indexOf(begin); at >= 0; at = text.indexOf(begin, at)) {
    const labelAt = at + begin.length;
    const labelEnd = text.indexOf('-----', labelAt);
    if (labelEnd < 0 || labelEnd - labelAt > 64) break;
    const label = text.toString('latin1', labelAt, labelEnd);
    const end = `-----END ${label}-----`;
    const endAt = text.indexOf(end, labelEnd);
    if (endAt < 0) break;
    blocks.push({ label, bytes: text.subarray(at, endAt + end.length) });
    at = endAt + end.length;
  }
  return blocks;
}

function readCertificate(name: string, pem: Buffer): X509Certificate {
  try {
    return new X509Certificate(pem);
  } catch (error) {
    throw unusable(name, 'holds a certificate that cannot be read', error);
  }
}

function readKey(name: string, pem: Buffer): KeyObject {
  try {
    return createPrivateKey(pem);
  } catch (error) {
    throw unusable(name, 'holds a private key that cannot be read', error);
  }
}

function unusable(name: string, why: string, cause?: unknown): RollcallError {
  return refusal('client-certificate-form', { name, why }, { details: { name }, cause });
}
