import { badInput } from '../base/errors.js';
import { parseUserPassword, type UserPassword } from '../config/user-password.js';
import { type CredentialPlaces, openCredential } from './credentials.js';

/** Reads a secret of the form `user:password`. Throws what `openCredential` throws, or `credential-form`. */
export async function openUserPassword(name: string, places: CredentialPlaces): Promise<UserPassword> {
  const bytes = await openCredential(name, places);
  try {
    const parsed = parseUserPassword(bytes);
    if (parsed === undefined) {
      throw badInput('credential-form', `the secret "${name}" is not of the form user:password`, {
        remedy: 'write user name and password into it, separated by a colon, on one line',
      });
    }
    return parsed;
  } finally {
    bytes.fill(0);
  }
}
