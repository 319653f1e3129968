import { constants, type FileHandle, open, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { messageOf, type RollcallError } from '../kernel/errors.js';
import { failure, refusal } from '../words/errors.js';
import { explainAccess } from './file-access.js';
import { currentUser, describeUser, ownerText } from './system-user.js';

/** Where secrets are searched, in this order. */
export interface CredentialPlaces {
  /** systemd's directory of credentials. Default: `$CREDENTIALS_DIRECTORY`, which only systemd sets. */
  readonly credentialsDirectory?: string | undefined;
  /** Directory of secret files, as configured in `secretsDir`. */
  readonly secretsDirectory: string;
  /** The user who may own secret files, besides root. Default: the user of this process. */
  readonly ownerUid?: number;
}

/** systemd's own limit for one credential. */
const largestBytes = 1 << 20;
const validName = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,254}$/;

/**
 * Reads the secret `name`: systemd's credential of that name, or else the file of that name in the secrets directory. Only its
 * owner (root or the user of this process) may have access to the file. The caller owns the bytes and wipes them after use.
 * No message contains them.
 * @throws `credential-name`, `credential-missing`, `credential-exposed`, `credential-unreadable`, `credential-empty`,
 *   `credential-too-large`
 */
export async function openCredential(name: string, places: CredentialPlaces): Promise<Buffer> {
  return (await findCredential(name, places)).bytes;
}

/** A secret and its source: a credential of systemd, or a file of the secrets directory. */
export interface FoundCredential {
  readonly bytes: Buffer;
  readonly source: 'credential' | 'file';
}

/** Like `openCredential`, with the source. @throws what `openCredential` throws */
export async function findCredential(name: string, places: CredentialPlaces): Promise<FoundCredential> {
  if (!validName.test(name)) {
    throw refusal('credential-name');
  }
  const { credentialsDirectory = process.env['CREDENTIALS_DIRECTORY'], secretsDirectory } = places;
  const ownerUid = places.ownerUid ?? process.getuid?.();
  if (credentialsDirectory !== undefined && credentialsDirectory !== '') {
    const bytes = await readSecret(name, join(credentialsDirectory, name), undefined);
    if (bytes !== undefined) return { bytes, source: 'credential' };
  }
  const path = join(secretsDirectory, name);
  const bytes = await readSecret(name, path, { directory: secretsDirectory, ownerUid });
  if (bytes !== undefined) return { bytes, source: 'file' };
  throw refusal('credential-missing', { name, path, owner: ownerOf(ownerUid) }, { details: { name, path } });
}

function ownerOf(uid: number | undefined): string {
  const user = currentUser();
  return uid === undefined || uid === user.uid
    ? `the user ${describeUser(user)}`
    : `the user with the uid ${uid}`;
}

/**
 * Bytes of one secret file; undefined where it does not exist. With `guard`, no other user may have access to the file, or may
 * write to its directory. systemd protects its own directory with access lists, which the mode does not show: no check there.
 */
async function readSecret(
  name: string,
  path: string,
  guard: { readonly directory: string; readonly ownerUid: number | undefined } | undefined,
): Promise<Buffer | undefined> {
  let file: FileHandle | undefined;
  try {
    // Non-blocking: opening a named pipe without a writer would wait for ever.
    file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const found = await file.stat();
    const { uid, mode, size } = found;
    if (!found.isFile()) throw unreadable(name, path, 'is not a regular file');
    if (guard !== undefined) {
      const { directory, ownerUid } = guard;
      const parent = await stat(directory);
      refuseExposed({ name, path, uid, ownerUid }, mode & 0o077);
      refuseExposed({ name, path: directory, uid: parent.uid, ownerUid }, parent.mode & 0o022);
    }
    if (size === 0) throw refusal('credential-empty', { name }, { details: { path } });
    if (size > largestBytes) {
      throw refusal('credential-too-large', { name }, { details: { path } });
    }
    const bytes = Buffer.alloc(size);
    const { bytesRead } = await file.read(bytes, 0, size, 0);
    if (bytesRead !== size) throw unreadable(name, path, 'changed during reading');
    return bytes;
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    if (code === 'EACCES' || code === 'EPERM') throw notPermitted(name, path, error);
    throw error;
  } finally {
    await file?.close();
  }
}

/** This process may not read the file; without access to its directory, the file may not even exist. */
function notPermitted(name: string, path: string, error: unknown): RollcallError {
  const reason = explainAccess(path, 'read', error)?.reason ?? messageOf(error);
  const owner = ownerText(currentUser());
  return failure(
    'credential-unreadable:not-permitted',
    { name, reason, owner, folder: dirname(path) },
    { details: { name, path }, cause: error },
  );
}

function unreadable(name: string, path: string, why: string): RollcallError {
  return failure('credential-unreadable:not-a-file', { name, why, path }, { details: { name, path } });
}

function refuseExposed(
  {
    name,
    path,
    uid,
    ownerUid,
  }: {
    readonly name: string;
    readonly path: string;
    readonly uid: number;
    readonly ownerUid: number | undefined;
  },
  openBits: number,
): void {
  if (openBits === 0 && (uid === 0 || uid === ownerUid)) return;
  const why =
    openBits === 0
      ? `belongs to uid ${uid}, but must belong to root or to uid ${ownerUid}`
      : 'gives access to other users than its owner';
  const remedy =
    openBits === 0
      ? `Change the owner to the user of the daemon (chown); if the daemon runs as uid ${uid}, run this command as that user.`
      : `Run chmod go-rwx ${path}; if other users may have read the secret, replace it.`;
  throw refusal('credential-exposed', { name, path, why }, { remedy, details: { name, path, uid } });
}
