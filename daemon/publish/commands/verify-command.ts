import { createPublicKey } from 'node:crypto';
import { compactVerify, errors } from 'jose';
import type { z } from 'zod';
import {
  type CommandClaims,
  type CommandName,
  commandClaimsSchema,
  commands,
  isCommandName,
  largestTokenBytes,
} from '../contract/command-schema.js';
import { type Refusal, type RefusalCode, refusalMessage } from './refusal.js';
import { seemingId, tokenParts } from './token-parts.js';
import type { TrustedKey, TrustedKeys } from './trusted-keys.js';

/** How far the clocks of box and centre may lie apart, seconds. */
export const clockSkewS = 60;
/** Longest time from `iat` to `exp`, seconds: for so long the box has to remember ids. */
export const longestLifetimeS = 24 * 3600;

/** A command that its issuer signed, for this box, in time, within what the issuer may do. */
export interface VerifiedCommand {
  readonly outcome: 'verified';
  readonly name: CommandName;
  /** The `jti`, a UUID in lower case. */
  readonly commandId: string;
  readonly issuerId: string;
  readonly keyId: string;
  /** Checked by the schema of the command. */
  readonly arguments: Readonly<Record<string, unknown>>;
  /** When its issuer gave it, milliseconds since the epoch. */
  readonly issuedAtMs: number;
  /** When it is out of date, milliseconds since the epoch. */
  readonly expiresAtMs: number;
  /** What the issuer signed. */
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
 * Checks a token that came on the topic of the command `topicName`. In this order: name and size; form and header; key;
 * signature; and only then what the claims say. Never throws for anything that somebody sent.
 */
export async function verifyCommand(
  topicName: string,
  token: Uint8Array,
  options: VerificationOptions,
): Promise<VerifiedCommand | Refusal> {
  const unproven = (code: RefusalCode): Refusal => {
    const commandId = seemingId(token);
    return {
      outcome: 'refused',
      code,
      message: refusalMessage(code),
      ...(commandId === undefined ? {} : { commandId }),
    };
  };
  const largestBytes = isCommandName(topicName) ? commands[topicName].largestBytes : largestTokenBytes;
  if (token.length > largestBytes) return unproven('too-large');
  if (!isCommandName(topicName)) return unproven('unknown-command');
  const parts = tokenParts(token);
  if (typeof parts === 'string') return unproven(parts);
  const key = options.keys.find(parts.keyId);
  if (key === undefined) return unproven('unknown-issuer');
  if (key.algorithm !== parts.algorithm) return unproven('algorithm-refused');
  const signed = await signedClaims(parts.text, key);
  if (typeof signed === 'string') return unproven(signed);
  const claims = commandClaimsSchema.safeParse(signed.claims);
  const refused = (code: RefusalCode, message = refusalMessage(code)): Refusal => {
    const commandId = claims.success ? claims.data.jti.toLowerCase() : seemingId(token);
    const { issuerId } = key;
    return { outcome: 'refused', code, message, issuerId, ...(commandId === undefined ? {} : { commandId }) };
  };
  if (!claims.success)
    return refused('malformed', `${refusalMessage('malformed')}: ${problemsOf(claims.error)}`);
  const problem = problemWith(claims.data, { ...options, key, topicName });
  if (problem !== undefined) return refused(problem, explained(problem, options.nowMs));
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
    claimsText: parts.text.slice(0, parts.text.lastIndexOf('.')),
  };
}

/** What was signed with `key`. Only the signature is the library's affair: every claim is judged in `problemWith`. */
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
  const { scope } = commands[topicName];
  if (!claims.scope.split(' ').includes(scope) || !key.scopes.includes(scope)) return 'out-of-scope';
  return undefined;
}

/** Where and how what was given does not fit; never what was given. */
function problemsOf(error: z.ZodError): string {
  const places = error.issues.slice(0, 5).map(({ path, code }) => {
    const place = path.map((part) => String(part).replaceAll(/[^A-Za-z0-9_-]/g, '?')).join('.');
    return `${place === '' ? 'the whole' : place.slice(0, 100)} (${code.replaceAll('_', ' ')})`;
  });
  return places.join(', ');
}

/** A centre whose clock differs learns from the answer what time it is on the box. */
function explained(code: RefusalCode, nowMs: number): string {
  const isAboutTime = code === 'expired' || code === 'not-yet-valid' || code === 'key-expired';
  return isAboutTime
    ? `${refusalMessage(code)}; the clock of the box says ${new Date(nowMs).toISOString()}`
    : refusalMessage(code);
}
