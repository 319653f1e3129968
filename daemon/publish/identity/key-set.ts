import type { Clock } from '../../base/clock.js';
import type { BoxIdentity } from '../../domain/events/box-identity.js';
import { isoTime } from '../../domain/iso-time.js';
import type { KeySet, PublishedKey } from '../contract/key-set-schema.js';
import type { Signer } from '../signer.js';
import type { FormerKey, IdentityState, KnownKey } from './identity-state.js';
import { keyIdOf } from './public-key.js';

/** A key set without its signature. */
export type UnsignedKeySet = Omit<KeySet, 'signature'>;

/** What the box makes known of its keys at `nowMs`: the key in force first, then former ones until they are forgotten. */
export async function keySetOf(
  state: IdentityState,
  about: { readonly from: BoxIdentity; readonly nowMs: number },
): Promise<UnsignedKeySet> {
  const { from, nowMs } = about;
  const { former } = state;
  const keys = await Promise.all([state.current, ...former].map(publishedKeys));
  return {
    version: 1,
    site: from.siteId,
    box: from.boxId,
    sequence: state.sequence,
    time: isoTime(nowMs),
    keys: keys.flat(),
    endorsements: former.flatMap(({ endorsement }) => (endorsement === undefined ? [] : [endorsement])),
  };
}

/** The keys, as those need them who make a key set of them. */
export interface KeySetSource extends Signer {
  readonly state: IdentityState;
}

export interface KeySetTerms {
  readonly keys: KeySetSource;
  readonly from: BoxIdentity;
  readonly clock: Pick<Clock, 'wallMs'>;
}

/** The key set as it is published, and printed for those who bring it to a centre by hand. */
export async function signedKeySet({ keys, from, clock }: KeySetTerms): Promise<string> {
  return keys.sign(JSON.stringify(await keySetOf(keys.state, { from, nowMs: clock.wallMs() })));
}

async function publishedKeys(key: KnownKey | FormerKey): Promise<readonly PublishedKey[]> {
  const end = 'untilMs' in key ? { notAfter: isoTime(key.untilMs) } : {};
  const verifying = { kty: 'OKP', crv: 'Ed25519', x: key.verifying } as const;
  const sealing = { kty: 'OKP', crv: 'X25519', x: key.sealing } as const;
  return [
    { ...verifying, kid: key.keyId, use: 'sig', alg: 'EdDSA', ...end },
    { ...sealing, kid: await keyIdOf(sealing), use: 'enc', ...end },
  ];
}
