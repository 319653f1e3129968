import { createPrivateKey, generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto';
import { isIP } from 'node:net';

interface OwnCertificateOptions {
  /** The name of its owner, for people; at most 64 characters are used. */
  readonly commonName: string;
  /** Host names and IP addresses that it is for. */
  readonly names: readonly string[];
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
}

/**
 * Makes a certificate for TLS that signs itself (RFC 5280), with a new key of its own on the curve P-256. Certificate and private
 * key as PEM.
 */
export function makeOwnCertificate(options: OwnCertificateOptions): string {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const key = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  const spki = publicKey.export({ type: 'spki', format: 'der' });
  return `${certificatePem(options, spki, createPrivateKey(key))}${key}`;
}

function certificatePem(options: OwnCertificateOptions, spki: Buffer, key: KeyObject): string {
  const { commonName, notBeforeMs, notAfterMs } = options;
  const name = sequence(set(sequence(oid('2.5.4.3'), tagged(0x0c, Buffer.from(commonName.slice(0, 64))))));
  const signed = sequence(
    tagged(0xa0, integer(Buffer.from([2]))),
    integer(serialNumber()),
    ecdsaWithSha256,
    name,
    sequence(time(notBeforeMs), time(notAfterMs)),
    name,
    spki,
    tagged(0xa3, extensions(options.names)),
  );
  const signature = sign('sha256', signed, key);
  const certificate = sequence(signed, ecdsaWithSha256, tagged(0x03, Buffer.from([0]), signature));
  const lines = certificate.toString('base64').match(/.{1,64}/g) ?? [];
  return ['-----BEGIN CERTIFICATE-----', ...lines, '-----END CERTIFICATE-----', ''].join('\n');
}

/** For a server with these names, and not to sign other certificates. */
function extensions(names: readonly string[]): Buffer {
  const subjects = names.map((each) =>
    isIP(each) === 0 ? tagged(0x82, Buffer.from(each, 'ascii')) : tagged(0x87, addressBytes(each)),
  );
  const extension = (id: string, ...content: readonly Buffer[]): Buffer =>
    sequence(oid(id), ...content.slice(0, -1), tagged(0x04, ...content.slice(-1)));
  const isCritical = tagged(0x01, Buffer.from([0xff]));
  return sequence(
    extension('2.5.29.19', isCritical, sequence()),
    extension('2.5.29.37', sequence(oid('1.3.6.1.5.5.7.3.1'))),
    extension('2.5.29.17', sequence(...subjects)),
  );
}

/** 16 random bytes as a positive number without a leading zero. */
function serialNumber(): Buffer {
  const bytes = randomBytes(16);
  bytes[0] = ((bytes[0] ?? 0) & 0x3f) | 0x40;
  return bytes;
}

/** An IP address in network order. */
function addressBytes(address: string): Buffer {
  if (isIP(address) === 4) return Buffer.from(address.split('.').map(Number));
  const [head = '', tail] = address.replace(/%.*$/, '').split('::');
  const groups = (text: string | undefined): string[] =>
    text === undefined || text === '' ? [] : text.split(':');
  const [first, last] = [groups(head), groups(tail)];
  const zeros = Array<string>(8 - first.length - last.length).fill('0');
  return Buffer.from([...first, ...zeros, ...last].map((group) => group.padStart(4, '0')).join(''), 'hex');
}

/** DER: a tag, the length, the content (X.690). */
function tagged(tag: number, ...content: readonly Buffer[]): Buffer {
  const bytes = Buffer.concat(content);
  if (bytes.length < 0x80) return Buffer.concat([Buffer.from([tag, bytes.length]), bytes]);
  const length = bytes.length < 0x100 ? [0x81, bytes.length] : [0x82, bytes.length >> 8, bytes.length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...length]), bytes]);
}

const sequence = (...content: readonly Buffer[]): Buffer => tagged(0x30, ...content);
const set = (...content: readonly Buffer[]): Buffer => tagged(0x31, ...content);
const integer = (bytes: Buffer): Buffer => tagged(0x02, bytes);

function oid(text: string): Buffer {
  const [first = 0, second = 0, ...rest] = text.split('.').map(Number);
  const arcs = [first * 40 + second, ...rest].flatMap((arc) => {
    const sevens = [arc & 0x7f];
    for (let left = arc >> 7; left > 0; left >>= 7) sevens.unshift((left & 0x7f) | 0x80);
    return sevens;
  });
  return tagged(0x06, Buffer.from(arcs));
}

const ecdsaWithSha256 = sequence(oid('1.2.840.10045.4.3.2'));

/** UTCTime up to 2049, GeneralizedTime from 2050 on (RFC 5280 section 4.1.2.5). */
function time(ms: number): Buffer {
  const digits = new Date(ms).toISOString().replaceAll(/[-:T]|\.\d+/g, '');
  return digits < '2050' ? tagged(0x17, Buffer.from(digits.slice(2))) : tagged(0x18, Buffer.from(digits));
}
