import { createHash, randomBytes } from 'node:crypto';
import type { CameraCredential } from './camera-address.js';

/** Hashes by their names in RFC 7616, section 6.1, and in Node.js, the strongest first. */
const digestHashes = [
  ['SHA-512-256', 'sha512-256'],
  ['SHA-256', 'sha256'],
  ['MD5', 'md5'],
] as const;

/** One login method that a server offers. Scheme and parameter names are in lower case. */
interface LoginChallenge {
  readonly scheme: string;
  readonly parameters: Readonly<Record<string, string>>;
}

/** Matches a scheme, or a parameter of the scheme before it: `Digest realm="a, b", nonce=c`. */
const item = /[\s,]*([!#$%&'*+\-.^_`|~\w]+)(?:\s*=\s*("(?:[^"\\]|\\.)*"|[^\s,"]*))?/y;

/** Reads the values of all `WWW-Authenticate` headers of one answer. */
export function parseChallenges(values: readonly string[]): readonly LoginChallenge[] {
  const challenges: { scheme: string; parameters: Record<string, string> }[] = [];
  for (const value of values) {
    item.lastIndex = 0;
    for (let found = item.exec(value); found !== null; found = item.exec(value)) {
      const [, name = '', given] = found;
      if (given === undefined) challenges.push({ scheme: name.toLowerCase(), parameters: {} });
      else {
        const text = given.startsWith('"') ? given.slice(1, -1).replace(/\\(.)/g, '$1') : given;
        const parameters = challenges.at(-1)?.parameters;
        if (parameters !== undefined) parameters[name.toLowerCase()] ??= text;
      }
    }
  }
  return challenges;
}

interface DigestChallenge {
  readonly realm: string;
  readonly nonce: string;
  readonly opaque: string | undefined;
  /** As the server wrote it: the answer repeats it. Undefined where the server named none. */
  readonly algorithm: string | undefined;
  readonly hash: (typeof digestHashes)[number][1];
  readonly isOfSession: boolean;
  /** The server supports `qop`: the form with a counter and a nonce of the client. */
  readonly hasQuality: boolean;
  readonly isStale: boolean;
}

function digestOf({ scheme, parameters }: LoginChallenge): DigestChallenge | undefined {
  const { realm, nonce, opaque, algorithm, qop, stale } = parameters;
  if (scheme !== 'digest' || realm === undefined || nonce === undefined) return undefined;
  const named = (algorithm ?? 'MD5').toUpperCase();
  const isOfSession = named.endsWith('-SESS');
  const known = digestHashes.find(([name]) => name === (isOfSession ? named.slice(0, -5) : named));
  const qualities = qop?.split(',').map((each) => each.trim().toLowerCase());
  // `auth-int` alone would need bodies in the proof. No known camera asks for it.
  if (known === undefined || qualities?.includes('auth') === false) return undefined;
  const isStale = stale?.toLowerCase() === 'true';
  const hasQuality = qualities !== undefined;
  return { realm, nonce, opaque, algorithm, hash: known[1], isOfSession, hasQuality, isStale };
}

/** The challenge with the strongest hash. */
function bestDigest(challenges: readonly LoginChallenge[]): DigestChallenge | undefined {
  const strength = ({ hash }: DigestChallenge): number => digestHashes.findIndex(([, name]) => name === hash);
  return challenges
    .flatMap((challenge) => digestOf(challenge) ?? [])
    .toSorted((one, other) => strength(one) - strength(other))[0];
}

const quoted = (text: string): string => `"${text.replace(/["\\]/g, '\\$&')}"`;
const byteString = (text: string): string => Buffer.from(text, 'utf8').toString('latin1');

/** `again`: repeat the request with a login. The others are reasons to give up. */
type LoginVerdict = 'again' | 'refused' | 'unprotected' | 'unsupported';

/** How often a request was repeated, and whether the latest one carried a login. */
interface LoginAttempt {
  readonly repetitions: number;
  readonly hadLogin: boolean;
}

/** A server may call a nonce stale once or twice; more looks like a loop. */
const mostRepetitions = 3;

/**
 * Logs in on one connection. It uses Digest (RFC 7616), which proves the password without sending it. It uses Basic, which
 * sends the password in readable form, only where the owner allows it.
 */
export class CameraLogin {
  readonly #user: string;
  readonly #password: string;
  readonly #isKnown: boolean;
  readonly #allowsBasic: boolean;
  readonly #newNonce: () => string;
  #digest: DigestChallenge | undefined;
  #isBasic = false;
  #count = 0;

  /** `newNonce` makes the client's random text; tests replace it. */
  constructor(
    credential: CameraCredential | null,
    allowsBasic: boolean,
    newNonce = () => randomBytes(16).toString('hex'),
  ) {
    this.#isKnown = credential !== null;
    this.#user = byteString(credential?.user ?? '');
    this.#password = byteString(credential?.password ?? '');
    this.#allowsBasic = allowsBasic;
    this.#newNonce = newNonce;
  }

  /** The login method in use; undefined until the server asks for a login. */
  get method(): 'digest' | 'basic' | undefined {
    return this.#digest === undefined ? (this.#isBasic ? 'basic' : undefined) : 'digest';
  }

  /** Handles the challenges of a 401 answer. */
  challenged(values: readonly string[], { repetitions, hadLogin }: LoginAttempt): LoginVerdict {
    const challenges = parseChallenges(values);
    if (!this.#isKnown || challenges.length === 0 || repetitions >= mostRepetitions) return 'refused';
    const digest = bestDigest(challenges);
    const offersBasic = challenges.some(({ scheme }) => scheme === 'basic');
    if (digest === undefined && !(offersBasic && this.#allowsBasic)) {
      return offersBasic ? 'unprotected' : 'unsupported';
    }
    // An older nonce may have expired. A refusal of a fresh nonce is final, unless the server calls it stale.
    if (hadLogin && repetitions > 0 && digest?.isStale !== true) return 'refused';
    this.#digest = digest;
    this.#isBasic = digest === undefined;
    this.#count = 0;
    return 'again';
  }

  /** The value of `Authorization` for a request, as a byte string; undefined until the server asks for a login. */
  authorization(method: string, uri: string): string | undefined {
    if (this.#digest !== undefined) return this.#proof(this.#digest, method, uri);
    if (!this.#isBasic) return undefined;
    return `Basic ${Buffer.from(`${this.#user}:${this.#password}`, 'latin1').toString('base64')}`;
  }

  #proof(challenge: DigestChallenge, method: string, uri: string): string {
    const { realm, nonce, opaque, algorithm, hash, isOfSession, hasQuality } = challenge;
    const digest = (...parts: readonly string[]): string =>
      createHash(hash).update(parts.join(':'), 'latin1').digest('hex');
    this.#count += 1;
    const count = this.#count.toString(16).padStart(8, '0');
    const clientNonce = hasQuality || isOfSession ? this.#newNonce() : '';
    const secret = digest(this.#user, realm, this.#password);
    const one = isOfSession ? digest(secret, nonce, clientNonce) : secret;
    const two = digest(method, uri);
    const response = hasQuality
      ? digest(one, nonce, count, clientNonce, 'auth', two)
      : digest(one, nonce, two);
    const fields = [
      `username=${quoted(this.#user)}`,
      `realm=${quoted(realm)}`,
      `nonce=${quoted(nonce)}`,
      `uri=${quoted(uri)}`,
      ...(algorithm === undefined ? [] : [`algorithm=${algorithm}`]),
      `response="${response}"`,
      ...(opaque === undefined ? [] : [`opaque=${quoted(opaque)}`]),
      ...(hasQuality ? ['qop=auth', `nc=${count}`] : []),
      ...(clientNonce === '' ? [] : [`cnonce="${clientNonce}"`]),
    ];
    return `Digest ${fields.join(', ')}`;
  }
}
