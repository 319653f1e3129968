import { rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { isRollcallError, operational } from '../base/errors.js';
import { type CredentialPlaces, openCredential } from './credentials.js';
import { createKeyFile, moveKeyFile } from './key-file.js';
import { currentUser, describeUser } from './system-user.js';

/** Where a secret is that the box makes itself, if nobody hands it over. */
export interface OwnSecretPlaces {
  /** Directory of secret files, as configured in `secretsDir`. */
  readonly secretsDirectory: string;
  /** Where the box keeps what it makes itself: secrets of its own making are in `keys` below it. */
  readonly dataDir: string;
  /** By default what `$CREDENTIALS_DIRECTORY` names. */
  readonly credentialsDirectory?: string | undefined;
}

/** The file of a secret that the box made itself. */
export function ownSecretPath(name: string, { dataDir }: Pick<OwnSecretPlaces, 'dataDir'>): string {
  return join(dataDir, 'keys', name);
}

/** The place of secrets of the box's own making, and no other. */
export function ownPlaces({ dataDir }: Pick<OwnSecretPlaces, 'dataDir'>): CredentialPlaces {
  return { credentialsDirectory: '', secretsDirectory: join(dataDir, 'keys') };
}

/**
 * The secret that was handed over, else the one that the box made itself; undefined where there is neither. The caller wipes it.
 * @throws what `openCredential` throws for a secret that is open to others or unreadable
 */
export async function findSecret(name: string, places: OwnSecretPlaces): Promise<Buffer | undefined> {
  return (await readIfThere(name, places)) ?? (await readIfThere(name, ownPlaces(places)));
}

/** A secret as `openCredential` reads it; undefined where it does not exist. */
export async function readIfThere(name: string, places: CredentialPlaces): Promise<Buffer | undefined> {
  try {
    return await openCredential(name, places);
  } catch (error) {
    if (isRollcallError(error, 'credential-missing')) return undefined;
    throw error;
  }
}

/**
 * Writes a secret file of the box's own making, in place of what was there: at any moment, a power cut included, either the
 * former content is there or the new one. @throws `key-file-not-moved`, what `createKeyFile` throws
 */
export async function replaceOwnSecret(path: string, bytes: Uint8Array): Promise<void> {
  const fresh = `${path}.new`;
  await rm(fresh, { force: true });
  await createKeyFile(fresh, bytes);
  try {
    if ((await moveKeyFile(fresh, path)) === 'moved') return;
    throw operational('key-file-not-moved', `${path} may not be replaced`, {
      remedy: `let the user ${describeUser(currentUser())} write to ${dirname(path)}`,
      details: { path },
    });
  } catch (error) {
    await rm(fresh, { force: true });
    throw error;
  }
}
