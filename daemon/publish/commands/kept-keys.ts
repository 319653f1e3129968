import type { KeptKey } from '../../records/commands/grant-content.js';
import type { TrustStore } from '../../records/commands/trust-store.js';
import { type CommandScope, commandScopes } from '../contract/command-schema.js';
import { publicJwkSchema } from './issuer-key.js';
import type { TrustedKey, TrustedKeys } from './trusted-keys.js';

/** The keys in the trust store, as commands are checked with them. */
export function keptKeys(store: Pick<TrustStore, 'find'>): TrustedKeys {
  return {
    find(keyId) {
      const kept = store.find(keyId);
      return kept && trustedKey(kept);
    },
  };
}

export function trustedKey({ keyId, issuerId, publicKey, scopes, notAfterMs }: KeptKey): TrustedKey {
  const jwk = publicJwkSchema.parse(JSON.parse(publicKey));
  return {
    keyId,
    issuerId,
    algorithm: jwk.kty === 'OKP' ? 'EdDSA' : 'ES256',
    publicKey: jwk,
    scopes: knownScopes(scopes.split(' ')),
    ...(notAfterMs === null ? {} : { notAfterMs }),
  };
}

/** Those of `words` that are scopes; one of another release is of no meaning. */
function knownScopes(words: readonly string[]): readonly CommandScope[] {
  return commandScopes.filter((scope) => words.includes(scope));
}
