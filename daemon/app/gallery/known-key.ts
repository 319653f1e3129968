import { keyIdOf } from '../../gallery/keys/key-id.js';
import type { KeyProvider, KeyProviderKind } from '../../gallery/keys/key-provider.js';
import { secretBytes } from '../../host/sodium.js';

type Providers = Readonly<Record<KeyProviderKind, KeyProvider>>;

/**
 * The same providers, who also know the key `kek`: a gallery that was just closed opens again without anybody typing a
 * passphrase. The caller wipes `kek` when the gallery was opened.
 */
export function knowingKey(providers: Providers, kek: Uint8Array): Providers {
  const id = keyIdOf(kek);
  const knowing = (provider: KeyProvider): KeyProvider => ({
    kind: provider.kind,
    description: provider.description,
    create: (purpose, input) => provider.create(purpose, input),
    settle: (keyId) => provider.settle(keyId),
    async recover(keyId, parameters, input) {
      if (keyId !== id) return provider.recover(keyId, parameters, input);
      const copy = secretBytes(kek.length);
      copy.set(kek);
      return { outcome: 'recovered', kek: copy };
    },
  });
  const { secret, passphrase, tpm } = providers;
  return { secret: knowing(secret), passphrase: knowing(passphrase), tpm: knowing(tpm) };
}
