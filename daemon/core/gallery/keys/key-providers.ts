import type { CredentialPlaces } from '../../../host/credentials.js';
import { Tpm } from '../../../host/tpm.js';
import type { Clock } from '../../../kernel/clock.js';
import type { KeyProviderKind } from '../../../kernel/gallery/key-provider-kind.js';
import type { InspectableKeyProvider, KeyProviderReport } from './key-provider.js';
import { PassphraseKeyProvider } from './passphrase-key-provider.js';
import { SecretKeyProvider } from './secret-key-provider.js';
import { TpmKeyProvider } from './tpm-key-provider.js';

export interface KeyProvidersOptions {
  readonly clock: Clock;
  /** Name of the secret that the provider `secret` reads. */
  readonly secretName: string;
  readonly credentials: CredentialPlaces;
  /** Directory in memory (tmpfs) for files that the TPM tools exchange. */
  readonly workDirectory: string;
  /** Connection to the TPM; see `TpmOptions`. */
  readonly tcti?: string | undefined;
}

export type KeyProviders = Readonly<Record<KeyProviderKind, InspectableKeyProvider>>;

/** One provider of each kind. They are idle until they are called. Keep them for the life of the process. */
export function makeKeyProviders(options: KeyProvidersOptions): KeyProviders {
  const { clock, secretName, credentials, workDirectory, tcti } = options;
  return {
    secret: new SecretKeyProvider(secretName, credentials),
    passphrase: new PassphraseKeyProvider({ clock }),
    tpm: new TpmKeyProvider(new Tpm({ clock, workDirectory, tcti })),
  };
}

/** The report of each provider. */
export function describeProviders(providers: KeyProviders): Promise<readonly KeyProviderReport[]> {
  const { secret, passphrase, tpm } = providers;
  return Promise.all([secret, passphrase, tpm].map((provider) => provider.inspect()));
}
