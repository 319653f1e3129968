import { refusal } from '../words/errors.js';
import { type CredentialPlaces, openCredential } from './credentials.js';

/** The login for a camera or a broker. */
export interface UserPassword {
  readonly user: string;
  readonly password: string;
}

/**
 * Parses a secret of the form `user:password`. The first colon separates; one line end at the end is dropped; everything else
 * belongs to the password. Undefined without a colon or a user.
 */
export function parseUserPassword(secret: Uint8Array): UserPassword | undefined {
  const text = new TextDecoder().decode(secret).replace(/\r?\n$/, '');
  const colon = text.indexOf(':');
  if (colon <= 0 || /[\r\n\0]/.test(text)) return undefined;
  return { user: text.slice(0, colon), password: text.slice(colon + 1) };
}

/** Reads a secret of the form `user:password`. Throws what `openCredential` throws, or `credential-form`. */
export async function openUserPassword(name: string, places: CredentialPlaces): Promise<UserPassword> {
  const bytes = await openCredential(name, places);
  try {
    return requireUserPassword(name, bytes);
  } finally {
    bytes.fill(0);
  }
}

/** The content of the secret called `name`. @throws `credential-form` */
export function requireUserPassword(name: string, bytes: Uint8Array): UserPassword {
  const parsed = parseUserPassword(bytes);
  if (parsed !== undefined) return parsed;
  throw refusal('credential-form', { name });
}
