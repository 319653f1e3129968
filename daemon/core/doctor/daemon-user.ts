import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Config } from '../../contract/settings/schema.js';
import { type CredentialPlaces, openCredential } from '../../host/credentials.js';
import { currentUser, describeUser, findUser, ownerText, type SystemUser } from '../../host/system-user.js';
import type { UnitFacts } from '../../host/unit-file.js';
import { failure } from '../../words/errors.js';

/**
 * The user of the daemon, found without a running daemon: the user in the unit, else the owner of the data directory, else
 * the user `rollcall`, else the caller.
 */
export async function findDaemonUser(
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

/** Where to read credentials. As root, checks that each file belongs to the daemon's user. */
export async function daemonCredentialPlaces(
  config: Pick<Config, 'secretsDir' | 'dataDir'>,
): Promise<CredentialPlaces> {
  const places = { secretsDirectory: config.secretsDir };
  if (process.getuid?.() !== 0) return places;
  return { ...places, ownerUid: (await findDaemonUser(config, undefined)).uid };
}

/**
 * Reads a secret file. The caller wipes it.
 * @throws what `openCredential` throws; `credential-unreadable` also if only root may read the file, not the daemon's user
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
  throw failure(
    'credential-unreadable:other-owner',
    { user: describeUser(user), name, wrong, owner: ownerText(user) },
    { details: { name, path } },
  );
}

async function ownerOf(path: string): Promise<number | undefined> {
  try {
    return (await stat(path)).uid;
  } catch (error) {
    // The directory does not exist before the first start.
    if (error instanceof Error && 'code' in error) return undefined;
    throw error;
  }
}
