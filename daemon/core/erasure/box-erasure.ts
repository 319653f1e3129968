import { mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { Config } from '../../contract/settings/schema.js';
import { runBound } from '../../host/bound-child.js';
import type { OwnSecretPlaces } from '../../host/own-secret.js';
import { wipe } from '../../host/sodium.js';
import type { Clock } from '../../kernel/clock.js';
import { failure } from '../../words/errors.js';
import type { BoxKey } from '../identity/box-key.js';
import { boxKeyName, findBoxKeys, nextBoxKeyName } from '../identity/box-key-search.js';
import { readIdentityState } from '../identity/identity-state.js';
import { readContents } from './box-contents.js';
import { certificateOf } from './erasure-certificate.js';

/** Commands of Debian that erase; a folder may be large. */
const commandTimeoutMs = 3_600_000;
/** Files there are in memory and on no disk (see shm_overview(7)). */
const memoryFolder = '/dev/shm';

interface BoxErasureOptions {
  readonly config: Config;
  /** Folder of the encrypted credentials of systemd; it may be missing. */
  readonly credentialsFolder: string;
  readonly clock: Pick<Clock, 'wallMs'>;
}

/**
 * Erases all data and keys of a box that does not run, and returns the certificate. Keys are overwritten first: what remains of the rest
 * on the disk cannot be opened without them. The key that signs the certificate is in memory only by then, and ends with this process.
 * Needs the rights of root.
 * @throws `box-key-missing` before anything is erased, `box-erasure-incomplete`
 */
export async function eraseBox({ config, credentialsFolder, clock }: BoxErasureOptions): Promise<string> {
  const { dataDir, secretsDir, gallery, records, site, box } = config;
  using key = await boxKeyOf(config, credentialsFolder);
  const { counts: erased, auditLog } = readContents(gallery.path, dataDir);
  const keyFolders = [credentialsFolder, secretsDir, join(dataDir, 'keys')];
  const keys = [...new Set((await Promise.all(keyFolders.map(filesIn))).flat())].sort();
  for (const folder of keyFolders) await overwriteFiles(folder);
  const folders = [credentialsFolder, secretsDir, dataDir];
  for (const folder of folders) await emptyFolder(folder);
  // A database may lie elsewhere.
  for (const path of [gallery.path, records.path]) await removeDatabase(path);
  const left = (await Promise.all(folders.map(namesIn))).flat();
  if (left.length > 0) {
    throw failure('box-erasure-incomplete', { count: left.length, path: left[0] ?? '' });
  }
  const from = { siteId: site.id, boxId: box.id };
  return await certificateOf({ from, atMs: clock.wallMs(), erased, auditLog, keys }, key);
}

/** The key in force. @throws `box-key-missing`, and like `findBoxKeys` */
async function boxKeyOf({ dataDir, secretsDir }: Config, credentialsFolder: string): Promise<BoxKey> {
  const opened = await mkdtemp(join(memoryFolder, 'rollcall-erasure-'));
  try {
    for (const name of [boxKeyName, nextBoxKeyName]) await openCredentialTo(opened, credentialsFolder, name);
    const { uid: ownerUid } = await stat(dataDir);
    const places: OwnSecretPlaces = {
      ...{ dataDir, ownerUid, secretsDirectory: secretsDir, credentialsDirectory: opened },
    };
    const inForce = (await readIdentityState(places))?.current.keyId;
    const found = (await findBoxKeys(places)).map((one) => one.key);
    const chosen = found.find(({ keyId }) => keyId === inForce);
    for (const key of found) if (key !== chosen) key[Symbol.dispose]();
    if (chosen !== undefined) return chosen;
    throw failure('box-key-missing');
  } finally {
    await overwriteFiles(opened);
    await rm(opened, { recursive: true });
  }
}

/** Decrypts a credential of systemd, if there is one, to a file of its name. */
async function openCredentialTo(folder: string, credentialsFolder: string, name: string): Promise<void> {
  const sealed = join(credentialsFolder, name);
  if (!(await namesIn(credentialsFolder)).includes(sealed)) return;
  const decrypt = ['decrypt', `--name=${name}`, '--transcode=base64', sealed, '-'];
  const { stdout } = await runBound('systemd-creds', decrypt, { timeout: commandTimeoutMs });
  const bytes = Buffer.from(stdout, 'base64');
  await writeFile(join(folder, name), bytes, { mode: 0o600 });
  wipe(bytes);
}

const namesIn = async (folder: string): Promise<readonly string[]> =>
  (await readdir(folder).catch(() => [])).map((name) => join(folder, name));

/** Names of the files in a folder. */
const filesIn = async (folder: string): Promise<readonly string[]> =>
  (await readdir(folder, { withFileTypes: true }).catch(() => []))
    .filter((entry) => entry.isFile())
    .map(({ name }) => name);

/** `find` follows no link, also if someone puts one there meanwhile. */
async function findAnd(folder: string, ...action: readonly string[]): Promise<void> {
  if ((await namesIn(folder)).length === 0) return;
  await runBound('find', ['-P', folder, '-xdev', '-mindepth', '1', ...action], { timeout: commandTimeoutMs });
}

const overwriteFiles = (folder: string): Promise<void> =>
  findAnd(folder, '-type', 'f', '-exec', 'shred', '-u', '{}', '+');

const emptyFolder = (folder: string): Promise<void> => findAnd(folder, '-delete');

/** Removes a database with everything beside it that has its name at the beginning: journals and copies. */
async function removeDatabase(path: string): Promise<void> {
  const beside = (await namesIn(dirname(path))).filter((name) => basename(name).startsWith(basename(path)));
  await Promise.all(beside.map((name) => rm(name, { force: true })));
}
