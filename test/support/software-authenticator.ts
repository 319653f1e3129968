import { createHash, generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto';
import type {
  Assertion,
  CreationOptions,
  NewCredential,
  RequestOptions,
} from '../../daemon/contract/passkeys.js';

/** What an attacker or a broken device changes. */
export interface Deviation {
  /** Origin of the page that asked. */
  readonly origin?: string;
  /** The host name that the authenticator signs for. */
  readonly rpId?: string;
  readonly challenge?: string;
  readonly isVerified?: boolean;
  readonly counter?: number;
  /** The account that the authenticator names. */
  readonly userHandle?: string;
  readonly type?: string;
  /** Format of the attestation, and its statement in CBOR. */
  readonly attestation?: { readonly format: string; readonly statement: Buffer };
  /** The new passkey attests itself (WebAuthn 8.2), over its own challenge or over something else. */
  readonly selfAttests?: 'this' | 'something else';
}

interface Held {
  readonly privateKey: KeyObject;
  readonly rpId: string;
  readonly userHandle: string;
}

/**
 * An authenticator with its browser, in software: ES256 keys that it can find again (discoverable), CBOR of CTAP2, real signatures.
 * It checks nothing, so that a test can let it lie.
 */
export class SoftwareAuthenticator {
  readonly #origin: string;
  readonly #held = new Map<string, Held>();
  #counter = 0;

  constructor(origin: string) {
    this.#origin = origin;
  }

  create(options: CreationOptions, deviation: Deviation = {}): NewCredential {
    const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const id = randomBytes(32);
    this.#held.set(id.toString('base64url'), {
      ...{ privateKey, rpId: options.rp.id, userHandle: options.user.id },
    });
    const credential = Buffer.concat([Buffer.alloc(16), sixteenBits(id.length), id, coseKey(publicKey)]);
    const data = Buffer.concat([this.#authenticatorData(options.rp.id, 0x40, deviation), credential]);
    const clientDataJSON = this.#clientData('webauthn.create', options.challenge, deviation);
    const { format, statement } =
      deviation.selfAttests === undefined
        ? (deviation.attestation ?? { format: 'none', statement: cborMap([]) })
        : selfAttestation(privateKey, data, deviation.selfAttests === 'this' ? clientDataJSON : data);
    const attestation = cborMap([
      [cborText('fmt'), cborText(format)],
      [cborText('attStmt'), statement],
      [cborText('authData'), cborBytes(data)],
    ]);
    return {
      ...idOf(id.toString('base64url')),
      response: {
        clientDataJSON: clientDataJSON.toString('base64url'),
        attestationObject: attestation.toString('base64url'),
        transports: ['internal'],
      },
    };
  }

  /** Answers with the credential of this id, or with the first one of the box. */
  get(options: RequestOptions, deviation: Deviation = {}, id = this.#first(options)): Assertion {
    const held = this.#held.get(id);
    if (held === undefined) throw new Error(`the authenticator has no credential ${id}`);
    this.#counter += 1;
    const data = this.#authenticatorData(held.rpId, 0, deviation);
    const clientData = this.#clientData('webauthn.get', options.challenge, deviation);
    const hash = createHash('sha256').update(clientData).digest();
    const signature = sign('sha256', Buffer.concat([data, hash]), held.privateKey);
    return {
      ...idOf(id),
      response: {
        clientDataJSON: clientData.toString('base64url'),
        authenticatorData: data.toString('base64url'),
        signature: signature.toString('base64url'),
        userHandle: deviation.userHandle ?? held.userHandle,
      },
    };
  }

  #first({ allowCredentials }: RequestOptions): string {
    const ids = [...this.#held.keys()];
    const allowed = allowCredentials.map(({ id }) => id);
    return ids.find((id) => allowed.length === 0 || allowed.includes(id)) ?? '';
  }

  /** Hash of the host, flags, counter (WebAuthn 6.1). */
  #authenticatorData(rpId: string, more: number, deviation: Deviation): Buffer {
    const counter = Buffer.alloc(4);
    counter.writeUInt32BE(deviation.counter ?? this.#counter);
    const [present, verified] = [0x01, deviation.isVerified === false ? 0 : 0x04];
    const hash = createHash('sha256')
      .update(deviation.rpId ?? rpId)
      .digest();
    return Buffer.concat([hash, Buffer.from([present | verified | more]), counter]);
  }

  #clientData(type: string, challenge: string, deviation: Deviation): Buffer {
    const origin = deviation.origin ?? this.#origin;
    return Buffer.from(
      JSON.stringify({
        type,
        challenge,
        origin,
        crossOrigin: false,
        ...pick(deviation, ['type', 'challenge']),
      }),
    );
  }
}

function pick<T extends object, K extends keyof T>(from: T, names: readonly K[]): Partial<Pick<T, K>> {
  const present = names.filter((name) => from[name] !== undefined).map((name) => [name, from[name]]);
  return Object.fromEntries(present) as Partial<Pick<T, K>>;
}

const idOf = (id: string) => ({ id, rawId: id, type: 'public-key' }) as const;

function selfAttestation(key: KeyObject, data: Buffer, clientData: Buffer) {
  const hash = createHash('sha256').update(clientData).digest();
  const signature = sign('sha256', Buffer.concat([data, hash]), key);
  const statement = cborMap([
    [cborText('alg'), Buffer.from([0x26])],
    [cborText('sig'), cborBytes(signature)],
  ]);
  return { format: 'packed', statement };
}

/** ES256 on P-256 (RFC 9053): 1 (kty): 2, 3 (alg): -7, -1 (crv): 1, -2 (x), -3 (y). */
function coseKey(key: KeyObject): Buffer {
  const { x = '', y = '' } = key.export({ format: 'jwk' });
  const coordinate = (text: string): Buffer => cborBytes(Buffer.from(text, 'base64url'));
  return cborMap([
    [Buffer.from([0x01]), Buffer.from([0x02])],
    [Buffer.from([0x03]), Buffer.from([0x26])],
    [Buffer.from([0x20]), Buffer.from([0x01])],
    [Buffer.from([0x21]), coordinate(x)],
    [Buffer.from([0x22]), coordinate(y)],
  ]);
}

export const cborText = (text: string): Buffer =>
  Buffer.concat([cborHead(3, text.length), Buffer.from(text)]);
export const cborBytes = (bytes: Buffer): Buffer => Buffer.concat([cborHead(2, bytes.length), bytes]);
export const cborList = (items: readonly Buffer[]): Buffer =>
  Buffer.concat([cborHead(4, items.length), ...items]);
export const cborMap = (pairs: readonly (readonly [Buffer, Buffer])[]): Buffer =>
  Buffer.concat([cborHead(5, pairs.length), ...pairs.flat()]);

/** Major type and length (RFC 8949). */
function cborHead(major: number, length: number): Buffer {
  const type = major << 5;
  if (length < 24) return Buffer.from([type | length]);
  if (length < 256) return Buffer.from([type | 24, length]);
  return Buffer.concat([Buffer.from([type | 25]), sixteenBits(length)]);
}

function sixteenBits(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16BE(value);
  return bytes;
}
