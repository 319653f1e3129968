import type { ShowTime } from '../../contract/command-line.js';
import { type HeldBack, whatIsHeldBack, whyHeldBack } from '../../contract/held-back.js';
import type { Finding } from './finding.js';

export function heldBackFindings(
  heldBack: readonly HeldBack[] | undefined,
  show: ShowTime,
): readonly Finding[] {
  return (heldBack ?? []).map((each) => ({
    check: 'events',
    outcome: 'failed',
    message: `held back: ${whatIsHeldBack(each)}: ${whyHeldBack(each, show)}`,
    remedy: each.remedy,
  }));
}
