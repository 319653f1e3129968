import { RollcallError } from '../../../kernel/errors.js';
import type { KeyRefusal } from './key-provider.js';

export function wrongKey(where: string, neededId: string, foundIds: readonly string[]): KeyRefusal {
  return {
    outcome: 'refused',
    code: 'wrong-key',
    message: `the gallery was sealed with the key ${neededId}, but ${where} has the key ${foundIds.join(' and ')}`,
    remedy: 'Put back the key that was in use, or restore a backup with its recovery secret.',
  };
}

/** The refusal for damaged parameters. */
export function slotDamaged(kind: string): KeyRefusal {
  return {
    outcome: 'refused',
    code: 'key-slot-damaged',
    message: `the stored parameters of the gallery key (${kind}) are damaged`,
    remedy: 'Restore the gallery from a backup. The key alone cannot repair it.',
  };
}

/** The refusal for an operational error. Rethrows defects and foreign errors. */
export function refusedBy(error: unknown): KeyRefusal {
  if (!(error instanceof RollcallError) || error.kind === 'defect') throw error;
  const { code, message, remedy = 'See docs/reference/keys.md.' } = error;
  return { outcome: 'refused', code, message, remedy };
}
