import { badInput, messageOf, operational, type RollcallError } from '../../base/errors.js';
import { explainAccess } from '../../host/file-access.js';

/** Codes of what makes a backup unusable. A backup that is refused with one of them has changed nothing. */
export type BackupRefusal =
  | 'backup-foreign'
  | 'backup-newer'
  | 'backup-truncated'
  | 'backup-altered'
  | 'backup-wrong-secret'
  | 'backup-locked-for-others';

const explanations: Readonly<Record<BackupRefusal, { readonly says: string; readonly remedy: string }>> = {
  'backup-foreign': {
    says: 'is no backup of rollcall',
    remedy: 'check the path; a backup begins with the words "rollcall backup"',
  },
  'backup-newer': {
    says: 'was written by a newer version of rollcall',
    remedy: 'install the version of rollcall that wrote it, or a later one',
  },
  'backup-truncated': {
    says: 'ends too early',
    remedy: 'copy it again from where it was kept; if it is short there, too, take an older backup',
  },
  'backup-altered': {
    says: 'is not as it was written',
    remedy: 'copy it again from where it was kept; if it is the same there, take another backup',
  },
  'backup-wrong-secret': {
    says: 'does not open with the secret that was given',
    remedy: 'give the recovery secret or the passphrase that was in use when the backup was made',
  },
  'backup-locked-for-others': {
    says: 'was not made for this kind of secret',
    remedy: 'give a secret of a kind that the backup was made for',
  },
};

/** A backup that cannot be used. `fact` says in a few words what was found. */
export function refuseBackup(
  code: BackupRefusal,
  path: string,
  fact: string,
  cause?: unknown,
): RollcallError {
  const { says, remedy } = explanations[code];
  return badInput(code, `${path} ${says}: ${fact}`, { remedy, details: { path }, cause });
}

/** Something exists already under the name of the new backup. */
export function refuseExisting(path: string): RollcallError {
  return badInput('backup-exists', `${path} exists already`, {
    remedy: 'choose another name; a backup never replaces a file',
    details: { path },
  });
}

function explainFileError(doing: 'written' | 'read', path: string, cause: unknown): RollcallError {
  const code = systemCode(cause);
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    return operational('disk-full', `${path} could not be written: the disk is full`, {
      remedy:
        'free space on the disk that holds it, or write the backup to another one; nothing was left behind',
      details: { path },
      cause,
      retryable: true,
    });
  }
  const access = explainAccess(path, doing, cause, 'chosen');
  const about = {
    remedy: access?.remedy ?? 'check the path and the health of the disk',
    details: { path },
    cause,
  };
  const message = `${path} could not be ${doing}: ${access?.says ?? messageOf(cause)}`;
  if (doing === 'written') return operational('backup-not-written', message, about);
  return (code === 'ENOENT' ? badInput : operational)('backup-not-read', message, about);
}

/** The name of an error of the operating system, such as `ENOSPC`; undefined for everything else. */
export function systemCode(error: unknown): string | undefined {
  const isSystemError = error instanceof Error && 'code' in error && 'syscall' in error;
  return isSystemError && typeof error.code === 'string' ? error.code : undefined;
}

/** Runs work on the file at `path` and puts what the file system says into the words of the program. */
export async function onFile<T>(doing: 'written' | 'read', path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw systemCode(error) === undefined ? error : explainFileError(doing, path, error);
  }
}
