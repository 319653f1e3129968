import { explainAccess } from '../../host/file-access.js';
import { badInput, messageOf, operational, type RollcallError } from '../../kernel/errors.js';
import { failure, refusal } from '../../words/errors.js';

/** Why a backup cannot be used. A refused backup has changed nothing. */
export type BackupRefusal =
  | 'backup-foreign'
  | 'backup-newer'
  | 'backup-truncated'
  | 'backup-altered'
  | 'backup-wrong-secret'
  | 'backup-locked-for-others';

const explanations: Readonly<Record<BackupRefusal, { readonly says: string; readonly remedy: string }>> = {
  'backup-foreign': {
    says: 'is not a rollcall backup',
    remedy: 'Check the path. A backup begins with the words "rollcall backup".',
  },
  'backup-newer': {
    says: 'was written by a newer version of rollcall',
    remedy: 'Install the version of rollcall that wrote it, or a newer one.',
  },
  'backup-truncated': {
    says: 'is incomplete',
    remedy: 'Copy it again from its storage. If it is incomplete there, use an older backup.',
  },
  'backup-altered': {
    says: 'was altered or damaged',
    remedy: 'Copy it again from its storage. If it is damaged there, use another backup.',
  },
  'backup-wrong-secret': {
    says: 'does not open with the secret that was given',
    remedy: 'Use the recovery secret or the passphrase that was in use when the backup was made.',
  },
  'backup-locked-for-others': {
    says: 'does not open with this kind of secret',
    remedy: 'Use the kind of secret for which the backup was made.',
  },
};

/** The error for a backup that cannot be used. `fact` is what was found. */
export function refuseBackup(
  code: BackupRefusal,
  path: string,
  fact: string,
  cause?: unknown,
): RollcallError {
  const { says, remedy } = explanations[code];
  return badInput(code, `${path} ${says}: ${fact}`, { remedy, details: { path }, cause });
}

/** The error for a target that already exists. */
export function refuseExisting(path: string): RollcallError {
  return refusal('backup-exists', { path }, { details: { path } });
}

function explainFileError(doing: 'written' | 'read', path: string, cause: unknown): RollcallError {
  const code = systemCode(cause);
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    return failure('disk-full:file', { path }, { details: { path }, cause, retryable: true });
  }
  const access = explainAccess(path, doing, cause, 'chosen');
  const about = {
    remedy: access?.remedy ?? 'Check the path and the health of the disk.',
    details: { path },
    cause,
  };
  const message = `${path} could not be ${doing}: ${access?.reason ?? messageOf(cause)}`;
  if (doing === 'written') return operational('backup-not-written', message, about);
  return (code === 'ENOENT' ? badInput : operational)('backup-not-read', message, about);
}

/** The code of an error of the operating system, such as `ENOSPC`; undefined for other errors. */
export function systemCode(error: unknown): string | undefined {
  const isSystemError = error instanceof Error && 'code' in error && 'syscall' in error;
  return isSystemError && typeof error.code === 'string' ? error.code : undefined;
}

/** Runs work on the file at `path` and translates errors of the file system. */
export async function onFile<T>(doing: 'written' | 'read', path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw systemCode(error) === undefined ? error : explainFileError(doing, path, error);
  }
}
