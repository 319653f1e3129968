import { explainAccess } from '../../host/file-access.js';
import { messageOf, type RollcallError } from '../../kernel/errors.js';
import { present } from '../../kernel/present.js';
import { failure, refusal } from '../../words/errors.js';

/** Why a backup cannot be used. A refused backup has changed nothing. */
export type BackupRefusal =
  | 'backup-foreign'
  | 'backup-newer'
  | 'backup-truncated'
  | 'backup-altered'
  | 'backup-wrong-secret'
  | 'backup-locked-for-others'
  | 'backup-without-box';

/** The error for a backup that cannot be used. `fact` is what was found. */
export function refuseBackup(
  code: BackupRefusal,
  path: string,
  fact: string,
  cause?: unknown,
): RollcallError {
  return refusal(code, { path, fact }, { details: { path }, cause });
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
  const values = { path, reason: access?.reason ?? messageOf(cause) };
  const about = { ...present({ remedy: access?.remedy }), details: { path }, cause };
  if (doing === 'written') return failure('backup-not-written', values, about);
  return (code === 'ENOENT' ? refusal : failure)('backup-not-read', values, about);
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
