import type { RollcallError } from '../../kernel/errors.js';
import { refusal } from '../../words/errors.js';

/** The error for a genuine backup with unusable content. */
export function refuseContent(path: string, why: string, cause?: unknown): RollcallError {
  return refusal('backup-unusable', { path, why }, { details: { path }, cause });
}

/** Templates of different recognisers cannot be compared. */
export function refuseRecogniser(path: string, found: string, configured: string): RollcallError {
  return refusal(
    'recogniser-mismatch:backup',
    { path, found, configured },
    { details: { backup: found, configured } },
  );
}

export function refuseNewer(path: string, found: number, known: number): RollcallError {
  return refusal(
    'database-newer:in-backup',
    { path, found, known },
    { details: { path, version: found, known } },
  );
}
