import { RollcallError } from '../../base/errors.js';
import type { KeyRefusal } from './key-provider.js';

export function wrongKey(where: string, neededId: string, foundIds: readonly string[]): KeyRefusal {
  return {
    outcome: 'refused',
    code: 'wrong-key',
    message: `the gallery was sealed with the key ${neededId}, but ${where} holds ${foundIds.join(' and ')}`,
    remedy: 'put back the key that was in use, or restore a backup with its recovery secret',
  };
}

/** The parameters do not make sense, whoever altered them. */
export function slotDamaged(kind: string): KeyRefusal {
  return {
    outcome: 'refused',
    code: 'key-slot-damaged',
    message: `what the gallery keeps to find its key again (${kind}) is damaged`,
    remedy: 'restore the gallery from a backup; the key alone does not mend it',
  };
}

/** What was in the way; defects and what is no error of the program's own are thrown on. */
export function refusedBy(error: unknown): KeyRefusal {
  if (!(error instanceof RollcallError) || error.kind === 'defect') throw error;
  const { code, message, remedy = 'see docs/keys.md' } = error;
  return { outcome: 'refused', code, message, remedy };
}
