import { isRollcallError } from '../base/errors.js';
import { type CredentialPlaces, openCredential } from '../host/credentials.js';
import type { KeyProvider } from './gallery-key.js';

/**
 * The key as the secret called `name`: a systemd credential, else a file in the secrets directory. Everything that
 * is wrong with it other than its absence (open to others, unreadable) is an error of `openCredential`.
 */
export function credentialKeyProvider(name: string, where: CredentialPlaces): KeyProvider {
  return {
    description: `the secret "${name}"`,
    async readSecret() {
      try {
        return await openCredential(name, where);
      } catch (error) {
        if (isRollcallError(error, 'credential-missing')) return undefined;
        throw error;
      }
    },
  };
}
