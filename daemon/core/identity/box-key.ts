import { createPrivateKey, createPublicKey, webcrypto } from 'node:crypto';
import { type KeyPair, publicKeyOf, SECRET_KEY_BYTES } from '../../host/sealed-box.js';
import { newRandomBytes, secretBytes, wipe } from '../../host/sodium.js';
import { keyIdOf, type SealingKey, type VerifyingKey } from './public-key.js';
import type { SigningKey } from './signed-text.js';

const SEED_BYTES = 32;
/** Size of a box key: an Ed25519 seed (RFC 8032), then an X25519 secret key (RFC 7748). */
export const BOX_KEY_BYTES = SEED_BYTES + SECRET_KEY_BYTES;

/** PKCS #8 of an Ed25519 key (RFC 8410 section 7) up to its seed. */
const pkcs8Head = Buffer.from('302e020100300506032b657004220420', 'hex');

/** The identity key of a box: a signing key and a sealing key. */
export interface BoxKey extends SigningKey, Disposable {
  /** The public half of the signing key. */
  readonly verifying: VerifyingKey;
  readonly sealing: SealingKey;
  readonly sealingKeyId: string;
  /** The secret half is in memory made for keys, until the key is disposed. */
  readonly sealingPair: KeyPair;
}

/** New bytes for `importBoxKey`, in memory made for keys; the caller wipes them. Any 64 random bytes are a box key. */
export function newBoxKeyBytes(): Uint8Array {
  const bytes = secretBytes(BOX_KEY_BYTES);
  const random = newRandomBytes(BOX_KEY_BYTES);
  bytes.set(random);
  wipe(random);
  return bytes;
}

/** Imports a key of `BOX_KEY_BYTES` bytes, which the caller wipes. The seed goes into a non-extractable key of WebCrypto. */
export async function importBoxKey(bytes: Uint8Array): Promise<BoxKey> {
  const sealingPair = keyPairOf(bytes.subarray(SEED_BYTES));
  const { verifying, privateKey } = await importSeed(bytes.subarray(0, SEED_BYTES));
  const sealing = { kty: 'OKP', crv: 'X25519', x: toText(sealingPair.publicKey) } as const;
  return {
    keyId: await keyIdOf(verifying),
    verifying,
    privateKey,
    sealing,
    sealingKeyId: await keyIdOf(sealing),
    sealingPair,
    [Symbol.dispose]: () => wipe(sealingPair.secretKey),
  };
}

/** The X25519 pair of a secret key. Copies the secret key into memory made for keys. */
export function keyPairOf(secret: Uint8Array): KeyPair {
  const secretKey = secretBytes(SECRET_KEY_BYTES);
  secretKey.set(secret);
  return { publicKey: publicKeyOf(secretKey), secretKey };
}

async function importSeed(seed: Uint8Array) {
  const pkcs8 = secretBytes(pkcs8Head.length + SEED_BYTES);
  try {
    pkcs8.set(pkcs8Head);
    pkcs8.set(seed, pkcs8Head.length);
    const privateKey = await webcrypto.subtle.importKey('pkcs8', pkcs8, { name: 'Ed25519' }, false, ['sign']);
    const der = Buffer.from(pkcs8.buffer, pkcs8.byteOffset, pkcs8.length);
    const { x = '' } = createPublicKey(createPrivateKey({ key: der, format: 'der', type: 'pkcs8' })).export({
      format: 'jwk',
    });
    const verifying: VerifyingKey = { kty: 'OKP', crv: 'Ed25519', x };
    return { verifying, privateKey };
  } finally {
    wipe(pkcs8);
  }
}

function toText(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64url');
}
