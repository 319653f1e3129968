import type { BackupStep } from '../../kernel/backup-step.js';

/** The progress of a creation, verification or restore. */
export interface BackupProgress {
  readonly step: BackupStep;
  /** Of all steps together; every step processes about the same number of bytes. */
  readonly doneBytes: number;
  readonly totalBytes: number;
}

export type OnBackupProgress = (progress: BackupProgress) => void;

/** The progress of one step, reported every few hundred KiB. */
export type OnBytes = (doneBytes: number, totalBytes: number) => void;

/** Combines the steps for `report`. Returns the callback of each step. */
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
