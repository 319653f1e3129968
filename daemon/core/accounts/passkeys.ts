import type { Assertion, CreationOptions, NewCredential, RequestOptions } from '../../contract/passkeys.js';
import type { RollcallError } from '../../kernel/errors.js';
import { refusal } from '../../words/errors.js';
import { attemptMs } from './passkey-attempts.js';
import type { PasskeyRow } from './passkeys-store.js';
import type { UserRow } from './users-store.js';

/** For whom browsers make passkeys: the host name of the box, and the origins of its pages. */
export interface RelyingParty {
  readonly host: string;
  readonly origins: readonly string[];
}

/** ES256, EdDSA and RS256 (RFC 9053): every authenticator has one of them. */
const algorithms = [-7, -8, -257] as const;
/** Forms of attestation that name no maker. Others would let a caller hand certificates to the core, to parse and to follow. */
const plainAttestations: ReadonlySet<unknown> = new Set(['none', 'packed']);

/** The library takes a quarter of a second to load, which belongs to the start of a box that offers passkeys. */
export const loadWebAuthn = () => import('@simplewebauthn/server');
const loadHelpers = () => import('@simplewebauthn/server/helpers');

export function creationOptionsFor(
  user: UserRow,
  { host }: RelyingParty,
  {
    challenge,
    site,
    known,
  }: { readonly challenge: string; readonly site: string; readonly known: readonly PasskeyRow[] },
): CreationOptions {
  return {
    rp: { id: host, name: `rollcall ${site}` },
    user: { id: handleOf(user.id), name: user.userName, displayName: user.displayName || user.userName },
    challenge,
    pubKeyCredParams: algorithms.map((alg) => ({ type: 'public-key', alg })),
    timeout: attemptMs,
    excludeCredentials: known.map(descriptorOf),
    authenticatorSelection: {
      residentKey: 'required',
      requireResidentKey: true,
      userVerification: 'required',
    },
    attestation: 'none',
  };
}

export function requestOptionsFor(
  { host }: RelyingParty,
  challenge: string,
  known: readonly PasskeyRow[],
): RequestOptions {
  return {
    ...{ challenge, rpId: host, timeout: attemptMs, userVerification: 'required' },
    allowCredentials: known.map(descriptorOf),
  };
}

/** What is stored of a new passkey. @throws `passkey-refused` */
export async function checkNewPasskey(
  credential: NewCredential,
  challenge: string,
  { host, origins }: RelyingParty,
): Promise<Pick<PasskeyRow, 'credentialId' | 'publicKey' | 'counter' | 'transports'>> {
  const { transports = [], ...response } = credential.response;
  const checked = await orRefused(async () => {
    const [{ verifyRegistrationResponse }, { decodeAttestationObject }] = await Promise.all([
      loadWebAuthn(),
      loadHelpers(),
    ]);
    const attestation = decodeAttestationObject(Buffer.from(response.attestationObject, 'base64url'));
    const statement = attestation.get('attStmt');
    if (!plainAttestations.has(attestation.get('fmt')) || statement.get('x5c') !== undefined)
      return undefined;
    return verifyRegistrationResponse({
      response: { ...credential, response, clientExtensionResults: {} },
      expectedChallenge: challenge,
      expectedOrigin: [...origins],
      expectedRPID: host,
      requireUserVerification: true,
      supportedAlgorithmIDs: [...algorithms],
    });
  });
  const { registrationInfo } = checked ?? {};
  if (checked?.verified !== true || registrationInfo === undefined) throw passkeyRefused();
  const { id, publicKey, counter } = registrationInfo.credential;
  return {
    credentialId: id,
    publicKey: Buffer.from(publicKey),
    counter,
    transports: JSON.stringify(transports),
  };
}

/**
 * The counter of an authenticator that signed the challenge with this passkey, for this box and its pages, after it had verified
 * its user; undefined for everything else. The caller compares the counter with the one before.
 */
export async function counterOfAssertion(
  credential: Assertion,
  passkey: PasskeyRow,
  { challenge, party: { host, origins } }: { readonly challenge: string; readonly party: RelyingParty },
): Promise<number | undefined> {
  const { userHandle, ...response } = credential.response;
  if (typeof userHandle === 'string' && userHandle !== handleOf(passkey.userId)) return undefined;
  const checked = await orRefused(async () => {
    const { verifyAuthenticationResponse } = await loadWebAuthn();
    return verifyAuthenticationResponse({
      response: { ...credential, response, clientExtensionResults: {} },
      expectedChallenge: challenge,
      expectedOrigin: [...origins],
      expectedRPID: host,
      requireUserVerification: true,
      // The library would judge the counter before the signature, so that anyone could make a passkey look copied.
      credential: { id: passkey.credentialId, publicKey: Uint8Array.from(passkey.publicKey), counter: 0 },
    });
  });
  return checked?.verified === true ? checked.authenticationInfo.newCounter : undefined;
}

/**
 * True if the passkey may be a copy: its counter did not rise. Passkeys that live on several devices have no counter; they always
 * say 0.
 */
export function isCounterSuspect(before: number, now: number): boolean {
  return before > 0 && now <= before;
}

/** The account in the authenticator: its opaque id, never a name. */
function handleOf(userId: string): string {
  return Buffer.from(userId, 'ascii').toString('base64url');
}

function descriptorOf({ credentialId, transports }: PasskeyRow) {
  const given: unknown = JSON.parse(transports);
  const texts = Array.isArray(given) ? given.filter((each): each is string => typeof each === 'string') : [];
  return {
    ...{ id: credentialId, type: 'public-key' as const },
    ...(texts.length === 0 ? {} : { transports: texts }),
  };
}

/** The library throws for everything that is not as it must be: for a caller that is one answer, whatever it was. */
async function orRefused<T>(work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work();
  } catch {
    return undefined;
  }
}

export function passkeyRefused(): RollcallError {
  return refusal('passkey-refused');
}
