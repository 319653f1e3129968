import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { operational } from '../../base/errors.js';
import type { Config } from '../../config/schema.js';
import { type CredentialPlaces, openCredential } from '../../host/credentials.js';
import { currentUser, describeUser, findUser, ownerText, type SystemUser } from '../../host/system-user.js';
import type { UnitFacts } from '../../host/unit-file.js';

/**
 * The user whom the daemon runs as, as far as files tell it while none runs: the one that the unit names, else the owner of
 * the data, else the user `rollcall`, else the caller.
 */
export async function daemonUser(
  { dataDir }: Pick<Config, 'dataDir'>,
  unit: UnitFacts | undefined,
  accounts?: string,
): Promise<SystemUser> {
  const named = unit?.user === undefined ? undefined : await findUser(unit.user, accounts);
  if (named !== undefined) return named;
  const uid = await ownerOf(dataDir);
  if (uid !== undefined) return (await findUser(uid, accounts)) ?? { uid };
  return (await findUser('rollcall', accounts)) ?? currentUser();
}

/** Root looks with the eyes of the daemon's user: secrets of that user are not those of another. */
export async function placesOfDaemon(
  config: Pick<Config, 'secretsDir' | 'dataDir'>,
): Promise<CredentialPlaces> {
  const places = { secretsDirectory: config.secretsDir };
  if (process.getuid?.() !== 0) return places;
  return { ...places, ownerUid: (await daemonUser(config, undefined)).uid };
}

/**
 * A secret file as the daemon's user would read it; the caller wipes it.
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
  const user = (await findUser(ownerUid)) ?? { uid: ownerUid };
  const wrong = isEntered ? path : secretsDirectory;
  throw operational(
    'credential-unreadable',
    `the user ${describeUser(user)}, whom the daemon runs as, may not read the secret "${name}": ${wrong} belongs to another user`,
    {
      remedy: `give it to that user: chown -R ${ownerText(user)}: ${wrong}`,
      details: { name, path },
    },
  );
}

async function ownerOf(path: string): Promise<number | undefined> {
  try {
    return (await stat(path)).uid;
  } catch (error) {
    // Before the first start the directory is missing, and its owner is unknown.
    if (error instanceof Error && 'code' in error) return undefined;
    throw error;
  }
}
