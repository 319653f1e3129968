import { keySetSchema } from '../../contract/events/key-set-schema.js';
import { readEndorsement } from './endorsement.js';
import { keyIdOf, type VerifyingKey } from './public-key.js';
import { verifySignedText } from './signed-text.js';
import { decodeUtf8, parseObject } from './strict-text.js';

/** Keys by their thumbprints. */
export type TrustedKeys = ReadonlyMap<string, VerifyingKey>;

/** The result of following a key set. */
export type FollowedKeySet =
  | {
      readonly outcome: 'followed';
      /** Thumbprint of the key in force, from which to follow the next key set. */
      readonly keyId: string;
      readonly inForce: VerifyingKey;
      /** The keys that replace the trusted ones: the key in force and former keys. */
      readonly trusted: TrustedKeys;
      readonly site: string;
      readonly box: string;
      readonly sequence: number;
    }
  | { readonly outcome: 'untrusted' | 'malformed'; readonly reason: string };

/**
 * Follows a key set from any source. `inForce` is the key that the centre trusted as the key in force. The set must be signed with
 * its newest key, and that key must be `inForce` or be endorsed by it, in one or several steps. Former keys verify messages but do not
 * lead to a new key, so the thief of a former key cannot mislead a centre that has followed since. The centre itself must refuse a
 * set whose sequence is below the last one.
 */
export async function followKeySet(
  text: string | Uint8Array,
  inForce: VerifyingKey,
): Promise<FollowedKeySet> {
  const value = parseObject(typeof text === 'string' ? text : (decodeUtf8(text) ?? ''));
  const parsed = keySetSchema.safeParse(value);
  if (!parsed.success) return { outcome: 'malformed', reason: 'it is not a key set' };
  const { keys, endorsements, site, box, sequence } = parsed.data;
  const offered = new Map<string, VerifyingKey>();
  for (const key of keys) {
    const { kty, crv, x } = key;
    if ((await keyIdOf({ kty, crv, x })) !== key.kid)
      return { outcome: 'malformed', reason: 'a kid is not the thumbprint of its key' };
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

/** `inForce`, the keys that it endorses, the keys that those endorse, and so on. */
async function reach(
  inForce: VerifyingKey,
  offered: TrustedKeys,
  endorsements: readonly string[],
): Promise<TrustedKeys> {
  const reached = new Map([[await keyIdOf(inForce), inForce]]);
  // Ends after a round that adds no key.
  for (let count = -1; count < reached.size; ) {
    count = reached.size;
    for (const text of endorsements) {
      const endorsement = await readEndorsement(text, (keyId) => reached.get(keyId));
      const key = endorsement && offered.get(endorsement.keyId);
      if (endorsement !== undefined && key !== undefined) reached.set(endorsement.keyId, key);
    }
  }
  return reached;
}
