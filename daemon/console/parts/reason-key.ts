import type { PassageOutcome } from '../../kernel/passage-outcome.js';
import type { PassageReason } from '../../kernel/passages/passage-reason.js';
import type en from '../messages/en/terms.json';

/**
 * The message of a reason. An earlier attendance stands under two outcomes: it says why a proven passage added none, and that one
 * that was not proven cost the person nothing.
 */
export const reasonKey = (reason: PassageReason, outcome: PassageOutcome | undefined): keyof typeof en =>
  reason === 'attended-before' && outcome === 'unproven'
    ? 'reason-attended-before-unproven'
    : `reason-${reason}`;
