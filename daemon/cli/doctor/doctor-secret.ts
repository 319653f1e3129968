import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { operational } from '../../base/errors.js';
import type { Config } from '../../config/schema.js';
import { type CredentialPlaces, openCredential } from '../../host/credentials.js';

/** Root looks with the eyes of the daemon's user, to whom the data belongs: their secrets are not somebody else's. */
export async function placesOfDaemon({
  secretsDir,
  dataDir,
}: Pick<Config, 'secretsDir' | 'dataDir'>): Promise<CredentialPlaces> {
  const places = { secretsDirectory: secretsDir };
  if (process.getuid?.() !== 0) return places;
  try {
    return { ...places, ownerUid: (await stat(dataDir)).uid };
  } catch (error) {
    // Before the first start nothing tells who that is.
    if (error instanceof Error && 'code' in error) return places;
    throw error;
  }
}

/**
 * A secret file as the daemon would read it; the caller wipes it.
 * @throws what `openCredential` throws, `credential-unreadable` also where root may read it and the daemon's user may not
 */
export async function openAsDaemon(name: string, places: CredentialPlaces): Promise<Buffer> {
  const bytes = await openCredential(name, places);
  const { secretsDirectory, ownerUid = 0 } = places;
  const path = join(secretsDirectory, name);
  const [directory, file] = await Promise.all([stat(secretsDirectory), stat(path)]);
  const isEntered = directory.uid === ownerUid || (directory.mode & 0o001) !== 0;
  if (ownerUid === 0 || (isEntered && file.uid === ownerUid)) return bytes;
  bytes.fill(0);
  throw operational(
    'credential-unreadable',
    `the secret "${name}" may not be read by the user of the daemon (uid ${ownerUid}): ${path}`,
    { remedy: `chown -R ${ownerUid}: ${secretsDirectory}`, details: { name, path } },
  );
}
