import { rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { isRollcallError } from '../kernel/errors.js';
import { present } from '../kernel/present.js';
import { failure } from '../words/errors.js';
import { type CredentialPlaces, openCredential } from './credentials.js';
import { createKeyFile, moveKeyFile } from './key-file.js';
import { currentUser, describeUser } from './system-user.js';

/** Where a secret is searched that the box makes itself if no one provides it. */
export interface OwnSecretPlaces {
  /** Directory of secret files, as configured in `secretsDir`. */
  readonly secretsDirectory: string;
  /** The box's own data: secrets that it made itself are in `keys` below it. */
  readonly dataDir: string;
  /** Default: `$CREDENTIALS_DIRECTORY`. */
  readonly credentialsDirectory?: string | undefined;
  /** The user who may own the secrets, besides root. Default: the user of this process. */
  readonly ownerUid?: number;
}

/** The file of a secret that the box made itself. */
export function ownSecretPath(name: string, { dataDir }: Pick<OwnSecretPlaces, 'dataDir'>): string {
  return join(dataDir, 'keys', name);
}

/** Only the directory of secrets that the box made itself. */
export function ownSecretsOnly({
  dataDir,
  ownerUid,
}: Pick<OwnSecretPlaces, 'dataDir' | 'ownerUid'>): CredentialPlaces {
  return { credentialsDirectory: '', secretsDirectory: join(dataDir, 'keys'), ...present({ ownerUid }) };
}

/** Like `openCredential`; undefined where the secret does not exist. */
export async function openCredentialIfPresent(
  name: string,
  places: CredentialPlaces,
): Promise<Buffer | undefined> {
  try {
    return await openCredential(name, places);
  } catch (error) {
    if (isRollcallError(error, 'credential-missing')) return undefined;
    throw error;
  }
}

/**
 * Replaces a secret that the box made itself. Even after a power cut, the file has either its old or its new content.
 * @throws `key-file-not-moved`, what `createKeyFile` throws
 */
export async function replaceOwnSecret(path: string, bytes: Uint8Array): Promise<void> {
  const fresh = `${path}.new`;
  await rm(fresh, { force: true });
  await createKeyFile(fresh, bytes);
  try {
    if ((await moveKeyFile(fresh, path)) === 'moved') return;
    throw failure(
      'key-file-not-moved:no-permission',
      { path, user: describeUser(currentUser()), folder: dirname(path) },
      { details: { path } },
    );
  } catch (error) {
    await rm(fresh, { force: true });
    throw error;
  }
}
