import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';
import { calculateJwkThumbprint, errors, jwtVerify, SignJWT } from 'jose';
import { secretBytes, wipe } from '../../host/sodium.js';
import type { Clock } from '../../kernel/clock.js';

/** PKCS #8 of an Ed25519 key (RFC 8410 section 7) up to its seed. */
const pkcs8Head = Buffer.from('302e020100300506032b657004220420', 'hex');
const algorithm = 'EdDSA';
/** RFC 9068: says that this is an access token, so that no other JWT of the box is taken for one. */
const tokenType = 'at+jwt';
const audience = 'rollcall-api';

export const accessTokenMs = 15 * 60_000;

/** What an access token says. The core believes it only while the session and the user exist. */
export interface AccessClaims {
  readonly userId: string;
  readonly sessionId: string;
}

type AccessRefusal = 'malformed' | 'expired' | 'of-another-box' | 'forged';

export type AccessVerdict = { readonly claims: AccessClaims } | { readonly refusal: AccessRefusal };

export interface AccessTokensOptions {
  /** 32 bytes; the caller wipes them. */
  readonly seed: Uint8Array;
  /** `<site>/<box>`: a token of another box is refused even if both have the same key. */
  readonly box: string;
  readonly clock: Clock;
}

/** Signs and verifies access tokens: JWT (RFC 7519) with EdDSA over Ed25519 and a life of 15 minutes. */
export class AccessTokens {
  readonly #privateKey: KeyObject;
  readonly #publicKey: KeyObject;
  readonly #issuer: string;
  readonly #keyId: string;
  readonly #clock: Clock;

  private constructor(privateKey: KeyObject, keyId: string, { box, clock }: AccessTokensOptions) {
    this.#privateKey = privateKey;
    this.#publicKey = createPublicKey(privateKey);
    this.#keyId = keyId;
    this.#issuer = `rollcall:${box}`;
    this.#clock = clock;
  }

  static async open(options: AccessTokensOptions): Promise<AccessTokens> {
    const pkcs8 = secretBytes(pkcs8Head.length + options.seed.length);
    try {
      pkcs8.set(pkcs8Head);
      pkcs8.set(options.seed, pkcs8Head.length);
      const der = Buffer.from(pkcs8.buffer, pkcs8.byteOffset, pkcs8.length);
      const privateKey = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
      const { x = '' } = createPublicKey(privateKey).export({ format: 'jwk' });
      const keyId = await calculateJwkThumbprint({ kty: 'OKP', crv: 'Ed25519', x });
      return new AccessTokens(privateKey, keyId, options);
    } finally {
      wipe(pkcs8);
    }
  }

  async sign({
    userId,
    sessionId,
  }: AccessClaims): Promise<{ readonly text: string; readonly expiresAtMs: number }> {
    const nowS = Math.floor(this.#clock.wallMs() / 1000);
    const expiresS = nowS + accessTokenMs / 1000;
    const text = await new SignJWT({ sid: sessionId })
      .setProtectedHeader({ alg: algorithm, typ: tokenType, kid: this.#keyId })
      .setIssuer(this.#issuer)
      .setAudience(audience)
      .setSubject(userId)
      .setIssuedAt(nowS)
      .setExpirationTime(expiresS)
      .sign(this.#privateKey);
    return { text, expiresAtMs: expiresS * 1000 };
  }

  /** What the token says, or why it is refused. */
  async verify(text: string): Promise<AccessVerdict> {
    try {
      const { payload } = await jwtVerify(text, this.#publicKey, {
        algorithms: [algorithm],
        typ: tokenType,
        issuer: this.#issuer,
        audience,
        requiredClaims: ['exp', 'iat'],
        currentDate: new Date(this.#clock.wallMs()),
      });
      const { sub, sid } = payload;
      if (typeof sub !== 'string' || typeof sid !== 'string') return { refusal: 'malformed' };
      return { claims: { userId: sub, sessionId: sid } };
    } catch (error) {
      return { refusal: refusalOf(error) };
    }
  }
}

function refusalOf(error: unknown): AccessRefusal {
  if (error instanceof errors.JWTExpired) return 'expired';
  if (error instanceof errors.JWSSignatureVerificationFailed) return 'forged';
  if (error instanceof errors.JWTClaimValidationFailed) {
    return error.claim === 'iss' || error.claim === 'aud' ? 'of-another-box' : 'malformed';
  }
  if (error instanceof errors.JOSEError) return 'malformed';
  throw error;
}
