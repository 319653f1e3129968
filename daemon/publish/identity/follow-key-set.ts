import { keySetSchema } from '../contract/key-set-schema.js';
import { readEndorsement } from './endorsement.js';
import { keyIdOf, type VerifyingKey } from './public-key.js';
import { verifySignedText } from './signed-text.js';
import { decodeUtf8, parseObject } from './strict-text.js';

/** Keys by their thumbprints. */
export type TrustedKeys = ReadonlyMap<string, VerifyingKey>;

/** What became of a key set that somebody brought. */
export type FollowedKeySet =
  | {
      readonly outcome: 'followed';
      /** Thumbprint of the key in force: the one to follow from the next time. */
      readonly keyId: string;
      readonly inForce: VerifyingKey;
      /** What messages may be signed with, in place of what was trusted until now: the key in force and former ones. */
      readonly trusted: TrustedKeys;
      readonly site: string;
      readonly box: string;
      readonly sequence: number;
    }
  | { readonly outcome: 'untrusted' | 'malformed'; readonly reason: string };

/**
 * What a centre trusts after `text`, a key set of whatever origin, if `inForce` was the key in force before: the set must be
 * signed with its newest key, and that must be `inForce` or be endorsed by it, in one step or several. Former keys lead
 * nowhere, though they are still good for messages: who has stolen one cannot lead a centre away that has followed since.
 * A centre refuses a set whose sequence is below the last one it followed: that is a matter of its own memory.
 */
export async function followKeySet(
  text: string | Uint8Array,
  inForce: VerifyingKey,
): Promise<FollowedKeySet> {
  const value = parseObject(typeof text === 'string' ? text : (decodeUtf8(text) ?? ''));
  const parsed = keySetSchema.safeParse(value);
  if (!parsed.success) return { outcome: 'malformed', reason: 'it is no key set' };
  const { keys, endorsements, site, box, sequence } = parsed.data;
  const offered = new Map<string, VerifyingKey>();
  for (const key of keys) {
    const { kty, crv, x } = key;
    if ((await keyIdOf({ kty, crv, x })) !== key.kid)
      return { outcome: 'malformed', reason: 'a kid is no thumbprint' };
    if (key.use === 'sig') offered.set(key.kid, { kty, crv: key.crv, x });
  }
  const [[newest, key] = ['', inForce]] = offered;
  const reached = await reach(inForce, offered, endorsements);
  const verdict = await verifySignedText(text, (keyId) => reached.get(keyId));
  if (verdict.outcome !== 'valid') return { outcome: 'untrusted', reason: verdict.outcome };
  if (verdict.keyId !== newest)
    return { outcome: 'untrusted', reason: 'it is not signed with its newest key' };
  return { outcome: 'followed', keyId: newest, inForce: key, trusted: offered, site, box, sequence };
}

/** `inForce`, what is endorsed by it, by that then, and so on. */
async function reach(
  inForce: VerifyingKey,
  offered: TrustedKeys,
  endorsements: readonly string[],
): Promise<TrustedKeys> {
  const reached = new Map([[await keyIdOf(inForce), inForce]]);
  // Each round that gains nothing is the last one.
  for (let count = -1; count < reached.size; ) {
    count = reached.size;
    for (const text of endorsements) {
      const said = await readEndorsement(text, (keyId) => reached.get(keyId));
      const key = said === undefined ? undefined : offered.get(said.keyId);
      if (said !== undefined && key !== undefined) reached.set(said.keyId, key);
    }
  }
  return reached;
}
