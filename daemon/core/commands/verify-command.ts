import { createPublicKey } from 'node:crypto';
import { compactVerify, errors } from 'jose';
import type { z } from 'zod';
import {
  type CommandClaims,
  type CommandName,
  commandClaimsSchema,
  commandHeaderSchema,
  commands,
  isCommandName,
  scopeOf,
} from '../../contract/events/command-schema.js';
import { largestTokenBytes } from '../../contract/events/message-fields.js';
import { present } from '../../kernel/present.js';
import { type CommandRefusal, type RefusalCode, refusalMessage } from './command-refusal.js';
import type { TrustedKey, TrustedKeys } from './issuer-keys.js';

/** Largest difference between the clocks of box and centre, seconds. */
export const clockSkewS = 60;
/** Longest time from `iat` to `exp`, seconds. The box must remember ids for so long. */
export const longestLifetimeS = 24 * 3600;

/** A command with a valid signature, for this box, valid now and within the scopes of its issuer. */
export interface VerifiedCommand {
  readonly outcome: 'verified';
  readonly name: CommandName;
  /** The `jti`, a UUID in lower case. */
  readonly commandId: string;
  readonly issuerId: string;
  readonly keyId: string;
  /** Match the schema of the command. */
  readonly arguments: Readonly<Record<string, unknown>>;
  /** Milliseconds since the epoch. */
  readonly issuedAtMs: number;
  /** Milliseconds since the epoch. */
  readonly expiresAtMs: number;
  /** The signed text: header and claims. */
  readonly claimsText: string;
}

export interface VerificationOptions {
  readonly keys: TrustedKeys;
  /** `<site>/<box>`. */
  readonly audience: string;
  /** Wall clock, milliseconds since the epoch. */
  readonly nowMs: number;
}

/**
 * Checks a token from the topic of the command `topicName`, in this order: name and size, form and header, key, signature,
 * claims. Never throws because of the token.
 */
export async function verifyCommand(
  topicName: string,
  token: Uint8Array,
  options: VerificationOptions,
): Promise<VerifiedCommand | CommandRefusal> {
  const unproven = (code: RefusalCode): CommandRefusal => {
    const commandId = findCommandId(token);
    return { outcome: 'refused', code, message: refusalMessage(code), ...present({ commandId }) };
  };
  const largestBytes = isCommandName(topicName) ? commands[topicName].largestBytes : largestTokenBytes;
  if (token.length > largestBytes) return unproven('too-large');
  if (!isCommandName(topicName)) return unproven('unknown-command');
  const read = readToken(token);
  if (typeof read === 'string') return unproven(read);
  const key = options.keys.find(read.keyId);
  if (key === undefined) return unproven('unknown-issuer');
  if (key.algorithm !== read.algorithm) return unproven('algorithm-refused');
  const signed = await signedClaims(read.text, key);
  if (typeof signed === 'string') return unproven(signed);
  const claims = commandClaimsSchema.safeParse(signed.claims);
  const refused = (code: RefusalCode, message = refusalMessage(code)): CommandRefusal => {
    const commandId = claims.success ? claims.data.jti.toLowerCase() : findCommandId(token);
    const { issuerId } = key;
    return { outcome: 'refused', code, message, issuerId, ...present({ commandId }) };
  };
  if (!claims.success)
    return refused('malformed', `${refusalMessage('malformed')}: ${problemsOf(claims.error)}`);
  const problem = problemWith(claims.data, { ...options, key, topicName });
  if (problem !== undefined) return refused(problem, messageWithTime(problem, options.nowMs));
  const given = commands[topicName].arguments.safeParse(claims.data.arguments);
  if (!given.success)
    return refused('bad-arguments', `${refusalMessage('bad-arguments')}: ${problemsOf(given.error)}`);
  return {
    outcome: 'verified',
    name: topicName,
    commandId: claims.data.jti.toLowerCase(),
    issuerId: key.issuerId,
    keyId: key.keyId,
    arguments: given.data,
    issuedAtMs: Math.floor(claims.data.iat * 1000),
    expiresAtMs: Math.ceil(claims.data.exp * 1000),
    claimsText: read.text.slice(0, read.text.lastIndexOf('.')),
  };
}

/** The claims, where `key` signed them. The library checks only the signature; `problemWith` checks the claims. */
async function signedClaims(
  token: string,
  key: TrustedKey,
): Promise<{ readonly claims: unknown } | RefusalCode> {
  try {
    const publicKey = createPublicKey({ key: { ...key.publicKey }, format: 'jwk' });
    const { payload } = await compactVerify(token, publicKey, { algorithms: [key.algorithm] });
    return { claims: JSON.parse(new TextDecoder().decode(payload)) as unknown };
  } catch (error) {
    if (error instanceof errors.JWSSignatureVerificationFailed) return 'bad-signature';
    if (error instanceof errors.JOSEAlgNotAllowed) return 'algorithm-refused';
    if (error instanceof errors.JOSEError || error instanceof SyntaxError) return 'malformed';
    throw error;
  }
}

interface Expected extends VerificationOptions {
  readonly key: TrustedKey;
  readonly topicName: CommandName;
}

function problemWith(
  claims: CommandClaims,
  { key, audience, nowMs, topicName }: Expected,
): RefusalCode | undefined {
  const nowS = nowMs / 1000;
  if (claims.iss !== key.issuerId) return 'unknown-issuer';
  if (claims.aud !== audience) return 'wrong-audience';
  if (claims.command !== topicName) return 'wrong-topic';
  if (Math.max(claims.iat, claims.nbf ?? 0) > nowS + clockSkewS) return 'not-yet-valid';
  if (claims.exp + clockSkewS <= nowS) return 'expired';
  if (claims.exp - claims.iat > longestLifetimeS || claims.exp < claims.iat) return 'lifetime-too-long';
  if (key.notAfterMs !== undefined && key.notAfterMs <= nowMs) return 'key-expired';
  const scope = scopeOf(topicName, claims.arguments);
  // Arguments that name no operation of centres are refused as such, by their schema.
  if (scope === undefined) return undefined;
  if (!claims.scope.split(' ').includes(scope) || !key.scopes.includes(scope)) return 'out-of-scope';
  return undefined;
}

/** Names the invalid fields and why they are invalid, but never their content. */
function problemsOf(error: z.ZodError): string {
  const places = error.issues.slice(0, 5).map(({ path, code }) => {
    const place = path.map((part) => String(part).replaceAll(/[^A-Za-z0-9_-]/g, '?')).join('.');
    return `${place === '' ? 'the whole' : place.slice(0, 100)} (${code.replaceAll('_', ' ')})`;
  });
  return places.join(', ');
}

/** The answer tells a centre with a wrong clock the time of the box. */
function messageWithTime(code: RefusalCode, nowMs: number): string {
  const isAboutTime = code === 'expired' || code === 'not-yet-valid' || code === 'key-expired';
  return isAboutTime
    ? `${refusalMessage(code)}; the clock of the box says ${new Date(nowMs).toISOString()}`
    : refusalMessage(code);
}

/** A token before its signature is verified. */
export interface UnverifiedToken {
  readonly text: string;
  readonly keyId: string;
  readonly algorithm: 'EdDSA' | 'ES256';
}

/** Longest protected header, characters of base64url. */
const longestHeader = 1024;
/** How much of each end of the claims is searched for an id, characters of base64url; a multiple of 4. */
const searchedLength = 4096;
const dot = 0x2e;

/**
 * Finds the parts of a compact JWS (RFC 7515, section 3.1) and reads its header. The claims are not parsed yet: unverified claims
 * could nest to any depth. Returns the code of the refusal where the token is not acceptable.
 */
export function readToken(token: Uint8Array): UnverifiedToken | RefusalCode {
  const headerEnd = token.indexOf(dot);
  if (headerEnd > longestHeader) return 'malformed';
  const claimsEnd = token.indexOf(dot, headerEnd + 1);
  if (claimsEnd === -1) return 'malformed';
  const header = parseHeader(token.subarray(0, headerEnd));
  if (header === undefined) return 'malformed';
  if (isUnsecured(header) || claimsEnd === token.length - 1) return 'unsigned';
  // A command uses no critical header extension (RFC 7515, section 4.1.11).
  if ('crit' in header) return 'malformed';
  const parsed = commandHeaderSchema.safeParse(header);
  if (!parsed.success) {
    const isAboutAlgorithm = parsed.error.issues.some(({ path }) => path[0] === 'alg');
    return isAboutAlgorithm ? 'algorithm-refused' : 'unknown-issuer';
  }
  const text = Buffer.from(token.buffer, token.byteOffset, token.byteLength).toString('latin1');
  return { text, keyId: parsed.data.kid, algorithm: parsed.data.alg };
}

function isUnsecured(header: object): boolean {
  return 'alg' in header && typeof header.alg === 'string' && header.alg.toLowerCase() === 'none';
}

function parseHeader(segment: Uint8Array): object | undefined {
  try {
    const header: unknown = JSON.parse(Buffer.from(textOf(segment), 'base64url').toString('utf8'));
    return typeof header === 'object' && header !== null && !Array.isArray(header) ? header : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

const idForm =
  /"jti"\s{0,8}:\s{0,8}"([0-9a-f]{8}-[0-9a-f]{4}-[1-8][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12})"/i;

/**
 * Finds the unverified `jti` of a token, in lower case, so that a refusal can be answered. Searches only both ends of the claims,
 * as text, because the token may have any size and come from any sender.
 */
export function findCommandId(token: Uint8Array): string | undefined {
  const headerEnd = token.subarray(0, longestHeader + 1).indexOf(dot);
  if (headerEnd === -1) return undefined;
  const claims = token.subarray(headerEnd + 1);
  const head = decoded(claims.subarray(0, searchedLength));
  // The tail is searched in all four alignments, because the end of the claims is unknown.
  const tail = claims.subarray(-searchedLength);
  const texts = [head, ...[0, 1, 2, 3].map((skip) => decoded(tail.subarray(skip)))];
  for (const text of texts) {
    const found = idForm.exec(text)?.[1];
    if (found !== undefined) return found.toLowerCase();
  }
  return undefined;
}

/** Buffer ignores characters that are not base64url. */
function decoded(segment: Uint8Array): string {
  const text = textOf(segment);
  const end = text.indexOf('.');
  return Buffer.from(end === -1 ? text : text.slice(0, end), 'base64url').toString('latin1');
}

function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
}
