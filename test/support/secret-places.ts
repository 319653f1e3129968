import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { OwnSecretPlaces } from '../../daemon/host/own-secret.js';
import { temporaryDirectory } from './temporary-directory.js';

export interface SecretPlaces extends OwnSecretPlaces {
  readonly credentialsDirectory: string;
}

/** Empty directories for secrets, credentials and data, gone afterwards. */
export async function withSecretPlaces(work: (places: SecretPlaces) => Promise<void>): Promise<void> {
  await using directory = await temporaryDirectory();
  const at = (name: string): string => join(directory.path, name);
  await mkdir(at('secrets'), { mode: 0o700 });
  await mkdir(at('credentials'), { mode: 0o700 });
  await work({
    secretsDirectory: at('secrets'),
    credentialsDirectory: at('credentials'),
    dataDir: at('data'),
  });
}
