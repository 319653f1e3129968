import { constants, type FileHandle, open, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { badInput, messageOf, operational, type RollcallError } from '../base/errors.js';
import { explainAccess } from './file-access.js';
import { currentUser, describeUser, ownerText } from './system-user.js';

/** Where secrets are looked for, in this order. */
export interface CredentialPlaces {
  /** Directory systemd hands over; by default what `$CREDENTIALS_DIRECTORY` names, which is absent outside it. */
  readonly credentialsDirectory?: string | undefined;
  /** Directory of secret files, as configured in `secretsDir`. */
  readonly secretsDirectory: string;
  /** User whom files may belong to, besides root; by default that of this process. */
  readonly ownerUid?: number;
}

/** systemd's own limit for one credential. */
const largestBytes = 1 << 20;
const validName = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,254}$/;

/**
 * Reads the secret called `name`: systemd's credential of that name, else the file of that name in the secrets
 * directory, which only its owner (root or the user of this process) may be able to read.
 * The caller owns the bytes and zeroes them after use. No message ever contains them.
 * @throws `credential-name`, `credential-missing`, `credential-exposed`, `credential-unreadable`, `credential-empty`,
 *   `credential-too-large`
 */
export async function openCredential(name: string, places: CredentialPlaces): Promise<Buffer> {
  return (await findCredential(name, places)).bytes;
}

/** A secret and where it lies: handed over by systemd, or a file of the secrets directory. */
export interface FoundCredential {
  readonly bytes: Buffer;
  readonly source: 'credential' | 'file';
}

/** As `openCredential`. @throws what that throws */
export async function findCredential(name: string, places: CredentialPlaces): Promise<FoundCredential> {
  if (!validName.test(name)) {
    throw badInput('credential-name', 'the name of a secret has characters that are not allowed', {
      remedy: 'use letters, digits, "-", "_" and "." only',
    });
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
  throw badInput('credential-missing', `the secret "${name}" does not exist`, {
    remedy: `hand it over as a systemd credential named "${name}", or write it to ${path}, with mode 0600 and as a file of ${ownerOf(ownerUid)}`,
    details: { name, path },
  });
}

function ownerOf(uid: number | undefined): string {
  const user = currentUser();
  return uid === undefined || uid === user.uid
    ? `the user ${describeUser(user)}`
    : `the user with the uid ${uid}`;
}

/**
 * Bytes of one secret file, or undefined where there is none. Where `guard` is given, the file and its
 * directory must be closed to others than that user; systemd guards its own directory and marks files with access lists that the
 * mode does not tell.
 */
async function readSecret(
  name: string,
  path: string,
  guard: { readonly directory: string; readonly ownerUid: number | undefined } | undefined,
): Promise<Buffer | undefined> {
  let file: FileHandle | undefined;
  try {
    // Not blocking: opening a pipe that nobody writes to would wait for ever.
    file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const found = await file.stat();
    const { uid, mode, size } = found;
    if (!found.isFile()) throw unreadable(name, path, 'is no ordinary file');
    if (guard !== undefined) {
      const { directory, ownerUid } = guard;
      const around = await stat(directory);
      refuseExposed({ name, path, uid, ownerUid }, mode & 0o077);
      refuseExposed({ name, path: directory, uid: around.uid, ownerUid }, around.mode & 0o022);
    }
    if (size === 0)
      throw badInput('credential-empty', `the secret "${name}" is empty`, { details: { path } });
    if (size > largestBytes) {
      throw badInput('credential-too-large', `the secret "${name}" is larger than 1 MiB`, {
        details: { path },
      });
    }
    const bytes = Buffer.alloc(size);
    const { bytesRead } = await file.read(bytes, 0, size, 0);
    if (bytesRead !== size) throw unreadable(name, path, 'changed while it was read');
    return bytes;
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    if (code === 'EACCES' || code === 'EPERM') throw closed(name, path, error);
    throw error;
  } finally {
    await file?.close();
  }
}

/** To this process. Where its directory may not be entered, nobody can tell whether the file is there. */
function closed(name: string, path: string, error: unknown): RollcallError {
  const says = explainAccess(path, 'read', error)?.says ?? messageOf(error);
  const owner = ownerText(currentUser());
  return operational('credential-unreadable', `the secret "${name}" cannot be read: ${says}`, {
    remedy: `where the daemon runs as that user, give it the secrets: chown -R ${owner}: ${dirname(path)}; otherwise run this as root`,
    details: { name, path },
    cause: error,
  });
}

function unreadable(name: string, path: string, why: string): RollcallError {
  return operational('credential-unreadable', `the secret "${name}" ${why}: ${path}`, {
    remedy: `make ${path} an ordinary file of the user that the daemon runs as, with mode 0600`,
    details: { name, path },
  });
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
      ? `belongs to the user with the uid ${uid}, and not to root or to the user with the uid ${ownerUid}`
      : 'is open to users other than its owner';
  const remedy =
    openBits === 0
      ? `give it to the user that the daemon runs as (chown); where that is the uid ${uid} already, run this command as that user`
      : `chmod go-rwx ${path}; if others may have read it, replace the secret`;
  throw badInput('credential-exposed', `the secret "${name}" is not safe: ${path} ${why}`, {
    remedy,
    details: { name, path, uid },
  });
}
