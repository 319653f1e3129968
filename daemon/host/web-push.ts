import {
  createCipheriv,
  createECDH,
  createPrivateKey,
  type ECDH,
  hkdfSync,
  randomBytes,
  sign as signBytes,
} from 'node:crypto';

const curve = 'prime256v1';
/** How many private keys P-256 has, and one more: the order of its group (SEC 2). */
const order = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;

/** The keys that a browser gave for a subscription (RFC 8291). */
export interface PushKeys {
  /** A point of P-256, uncompressed: 65 bytes. */
  readonly p256dh: Uint8Array;
  /** 16 bytes. */
  readonly auth: Uint8Array;
}

/** Whether these bytes are a point of P-256, so that something can be encrypted for it. */
export function isPushKey(p256dh: Uint8Array): boolean {
  try {
    newEcdh().computeSecret(p256dh);
    return true;
  } catch {
    return false;
  }
}

function newEcdh(): ECDH {
  const made = createECDH(curve);
  made.generateKeys();
  return made;
}

/** The most bytes that `encryptPush` takes: push services take bodies of 4096 bytes (RFC 8030 section 7.2). */
export const mostPushBytes = 4096 - 86 - 16 - 1;

/**
 * Encrypts what only the browser can read, as one record of `aes128gcm` (RFC 8188, RFC 8291): the push service does not see it.
 * @param chance - a key and 16 bytes that nobody can foresee, new for each message; tests pass their own
 */
export function encryptPush(
  plain: Uint8Array,
  { p256dh, auth }: PushKeys,
  chance: { readonly ephemeral: ECDH; readonly salt: Uint8Array } = {
    ephemeral: newEcdh(),
    salt: randomBytes(16),
  },
): Buffer {
  if (plain.length > mostPushBytes) throw new RangeError(`at most ${mostPushBytes} bytes can be pushed`);
  const { ephemeral, salt } = chance;
  const own = ephemeral.getPublicKey();
  const derived = (secret: Uint8Array, saltOf: Uint8Array, about: Buffer, bytes: number): Buffer =>
    Buffer.from(hkdfSync('sha256', secret, saltOf, about, bytes));
  const about = Buffer.concat([Buffer.from('WebPush: info\0'), p256dh, own]);
  const secret = derived(ephemeral.computeSecret(p256dh), auth, about, 32);
  const key = derived(secret, salt, Buffer.from('Content-Encoding: aes128gcm\0'), 16);
  const nonce = derived(secret, salt, Buffer.from('Content-Encoding: nonce\0'), 12);
  const cipher = createCipheriv('aes-128-gcm', key, nonce);
  // 2 ends the last record.
  const sealed = [
    cipher.update(Buffer.concat([plain, Buffer.from([2])])),
    cipher.final(),
    cipher.getAuthTag(),
  ];
  const head = Buffer.alloc(5);
  head.writeUInt32BE(4096);
  head.writeUInt8(own.length, 4);
  return Buffer.concat([salt, head, own, ...sealed]);
}

/** With this key, a push service recognises the box (RFC 8292). */
export interface VapidKey {
  /** Base64url of the point, as browsers take it. */
  readonly publicKey: string;
  /**
   * The header `Authorization` for a request to the push service of `origin`.
   * @param contact - e-mail address of the owner of the box
   */
  authorization(origin: string, contact: string, nowMs: number): string;
}

/** Push services refuse tokens of more than 24 hours. */
const tokenLifeS = 12 * 3600;

/** The key of P-256 that belongs to 32 secret bytes, which stay with the caller. */
export function vapidKeyOf(seed: Uint8Array): VapidKey {
  const ecdh = createECDH(curve);
  // Every seed gives a valid key: at most 2⁻³² of them give one that another gives, too.
  const scalar = (BigInt(`0x${Buffer.from(seed).toString('hex')}`) % (order - 1n)) + 1n;
  ecdh.setPrivateKey(scalar.toString(16).padStart(64, '0'), 'hex');
  const point = ecdh.getPublicKey();
  const publicKey = point.toString('base64url');
  const key = createPrivateKey({
    format: 'jwk',
    key: {
      ...{ kty: 'EC', crv: 'P-256', d: ecdh.getPrivateKey('base64url') },
      ...{ x: point.toString('base64url', 1, 33), y: point.toString('base64url', 33) },
    },
  });
  return {
    publicKey,
    authorization(origin, contact, nowMs) {
      const text = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
      const exp = Math.floor(nowMs / 1000) + tokenLifeS;
      const claims = { aud: origin, exp, sub: `mailto:${contact}` };
      const signed = `${text({ typ: 'JWT', alg: 'ES256' })}.${text(claims)}`;
      const signature = signBytes('sha256', Buffer.from(signed), { key, dsaEncoding: 'ieee-p1363' });
      return `vapid t=${signed}.${signature.toString('base64url')}, k=${publicKey}`;
    },
  };
}
