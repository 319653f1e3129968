import type { KeyRecovery } from '../../daemon/core/gallery/keys/key-provider.js';

/** What came of asking for a key, in a word: the outcome, or the code of a refusal. */
export function outcomeOf(recovery: KeyRecovery): string {
  return recovery.outcome === 'refused' ? recovery.code : recovery.outcome;
}
