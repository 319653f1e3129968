/**
 * What is done to a backup, in the order of the work.
 * - `copy`, `write`, `read-back`: the gallery is copied, the copy is written to the backup, the backup is read again.
 * - `read`, `unpack`, `check`: a backup is read to its end, its database is unpacked, the pictures in that are read.
 */
export type BackupStep = 'copy' | 'write' | 'read-back' | 'read' | 'unpack' | 'check';

/** How far the making, the verification or the restoring of a backup is. */
export interface BackupProgress {
  readonly step: BackupStep;
  /** Of all steps together; each goes through about as many bytes as the others. */
  readonly doneBytes: number;
  readonly totalBytes: number;
}

export type OnBackupProgress = (progress: BackupProgress) => void;

/** Told by one step how far it is; called for every few hundred KiB. */
export type OnBytes = (doneBytes: number, totalBytes: number) => void;

/** Adds the steps up for `report`; gives what each step calls. */
export function stepReport(
  steps: readonly BackupStep[],
  report: OnBackupProgress = () => undefined,
): (step: BackupStep) => OnBytes {
  return (step) => (doneBytes, totalBytes) =>
    report({
      step,
      doneBytes: steps.indexOf(step) * totalBytes + Math.min(doneBytes, totalBytes),
      totalBytes: steps.length * totalBytes,
    });
}
