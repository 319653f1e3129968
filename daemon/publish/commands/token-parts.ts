import { commandHeaderSchema } from '../contract/command-schema.js';
import type { RefusalCode } from './refusal.js';

/** What stands in front of the signature, unproven. */
export interface TokenParts {
  readonly text: string;
  readonly keyId: string;
  readonly algorithm: 'EdDSA' | 'ES256';
}

/** Longest protected header, characters of base64url. */
const longestHeader = 1024;
/** How much of either end of the claims is searched for an id, characters of base64url: a multiple of 4. */
const searchedLength = 4096;
const dot = 0x2e;

/**
 * Finds the parts of a compact JWS (RFC 7515, section 3.1) and reads its header. The claims are not parsed: whoever may
 * publish could make the box build structures of any depth with them. Answers with the code of the refusal otherwise.
 */
export function tokenParts(token: Uint8Array): TokenParts | RefusalCode {
  const headerEnd = token.indexOf(dot);
  if (headerEnd > longestHeader) return 'malformed';
  const claimsEnd = token.indexOf(dot, headerEnd + 1);
  if (claimsEnd === -1) return 'malformed';
  const header = parseHeader(token.subarray(0, headerEnd));
  if (header === undefined) return 'malformed';
  if (isUnsecured(header) || claimsEnd === token.length - 1) return 'unsigned';
  // Nothing that a header may declare critical (RFC 7515, section 4.1.11) is of use in a command.
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
 * The `jti` that a token seems to have, in lower case, so that a refusal can be answered. Only both ends of the claims are searched, as
 * text: the token may be of any size and anybody's.
 */
export function seemingId(token: Uint8Array): string | undefined {
  const headerEnd = token.subarray(0, longestHeader + 1).indexOf(dot);
  if (headerEnd === -1) return undefined;
  const claims = token.subarray(headerEnd + 1);
  const head = decoded(claims.subarray(0, searchedLength));
  // The end is searched in all four alignments: where the claims end is not looked for in a token of any size.
  const tail = claims.subarray(-searchedLength);
  const texts = [head, ...[0, 1, 2, 3].map((skip) => decoded(tail.subarray(skip)))];
  for (const text of texts) {
    const found = idForm.exec(text)?.[1];
    if (found !== undefined) return found.toLowerCase();
  }
  return undefined;
}

/** Buffer stops at nothing: what is no base64url is passed over. */
function decoded(segment: Uint8Array): string {
  const text = textOf(segment);
  const end = text.indexOf('.');
  return Buffer.from(end === -1 ? text : text.slice(0, end), 'base64url').toString('latin1');
}

function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
}
