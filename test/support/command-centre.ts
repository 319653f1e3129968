import { randomUUID } from 'node:crypto';
import { type CryptoKey, calculateJwkThumbprint, exportJWK, generateKeyPair, SignJWT } from 'jose';
import mqtt, { type IClientOptions } from 'mqtt';
import { type CommandScope, commandScopes } from '../../daemon/contract/command-scopes.js';
import type { TrustStore } from '../../daemon/core/commands/trust-store.js';
import { TrustedIssuers } from '../../daemon/core/commands/trusted-issuers.js';
import { sealTo } from '../../daemon/host/sealed-box.js';
import { systemClock } from '../../daemon/host/system-clock.js';

/** Who sends commands in a test. */
export interface Issuer {
  readonly id: string;
  readonly keyId: string;
  readonly algorithm: 'EdDSA' | 'ES256';
  readonly privateKey: CryptoKey;
  /** A JWK, as it is handed over. */
  readonly publicText: string;
}

export async function newIssuer(
  id = 'head-office',
  algorithm: Issuer['algorithm'] = 'EdDSA',
): Promise<Issuer> {
  const { publicKey, privateKey } = await generateKeyPair(algorithm, { extractable: true });
  const jwk = await exportJWK(publicKey);
  const keyId = await calculateJwkThumbprint(jwk);
  return { id, keyId, algorithm, privateKey, publicText: JSON.stringify(jwk) };
}

/** Trusts an issuer as `rollcall trust add` does. */
export async function trust(
  store: TrustStore,
  issuer: Pick<Issuer, 'id' | 'publicText'>,
  scopes: readonly CommandScope[] = commandScopes,
): Promise<void> {
  const counts = () => ({ accepted: 0, executed: 0, repeated: 0, waiting: 0, refused: {} });
  const control = new TrustedIssuers({
    ...{ store, audit: () => undefined, counts, clock: systemClock },
    watch: { aside: () => [], dismiss: () => 0 },
  });
  await control.add(
    { issuer: issuer.id, key: issuer.publicText, scopes },
    { actor: 'uid:0', origin: 'test' },
  );
}

export interface TokenOptions {
  readonly command: string;
  readonly arguments?: Readonly<Record<string, unknown>>;
  readonly audience?: string | readonly string[];
  readonly issuerId?: string;
  readonly scope?: string;
  readonly id?: string;
  /** Wall clock, seconds since the epoch; by default now. */
  readonly issuedAtS?: number;
  readonly lifetimeS?: number;
  /** Instead of or beside the usual claims; undefined takes one away. */
  readonly claims?: Readonly<Record<string, unknown>>;
  readonly header?: Readonly<Record<string, unknown>>;
}

/** A command as a centre signs it. */
export async function token(issuer: Issuer, options: TokenOptions): Promise<Buffer> {
  const iat = options.issuedAtS ?? Math.floor(Date.now() / 1000);
  const claims = {
    iss: options.issuerId ?? issuer.id,
    aud: options.audience ?? 'site/box',
    iat,
    exp: iat + (options.lifetimeS ?? 300),
    jti: options.id ?? randomUUID(),
    scope: options.scope ?? commandScopes.join(' '),
    command: options.command,
    arguments: options.arguments ?? {},
    ...options.claims,
  };
  const header = { alg: issuer.algorithm, kid: issuer.keyId, ...options.header };
  return Buffer.from(
    await new SignJWT(claims as Record<string, unknown>).setProtectedHeader(header).sign(issuer.privateKey),
  );
}

/** JSON that only the holder of the secret key can read, base64url. */
export function sealedJson(publicKey: Uint8Array, value: unknown): string {
  return sealed(publicKey, Buffer.from(JSON.stringify(value)));
}

export function sealed(publicKey: Uint8Array, bytes: Uint8Array): string {
  const box = sealTo(publicKey, bytes);
  if (box === undefined) throw new Error('that is no public key');
  return Buffer.from(box).toString('base64url');
}

/** A centre's connection to the broker. */
export interface CommandSender extends AsyncDisposable {
  /** `isRetained`: has the broker store it, which a centre must not. */
  send(topic: string, token: Uint8Array, isRetained?: boolean): Promise<void>;
}

export async function connectCentre(url: string, options: IClientOptions = {}): Promise<CommandSender> {
  const client = await mqtt.connectAsync(url, { protocolVersion: 4, ...options });
  return {
    async send(topic, bytes, retain = false) {
      await client.publishAsync(topic, Buffer.from(bytes), { qos: 1, retain });
    },
    [Symbol.asyncDispose]: () => client.endAsync(true),
  };
}
