import type { ShowTime } from '../../contract/command-line.js';
import type { HeldBack } from '../../contract/held-back.js';
import type { Finding } from './finding.js';

/** `events of the kind unknown, from 12 on` or `event 17 (attendance)`. */
const what = ({ cause, kind, sequence }: HeldBack): string =>
  cause === 'topic-refused'
    ? `events of the kind ${kind}, from ${sequence} on`
    : `event ${sequence} (${kind})`;

function why({ message, reason, sizeBytes, since, until }: HeldBack, show: ShowTime): string {
  const size = sizeBytes === undefined ? '' : ` (${sizeBytes} bytes)`;
  const answer = reason === undefined ? '' : `: ${reason}`;
  const retry = until === undefined ? 'at the next connection' : `at ${show(until)}`;
  return `${message}${size}${answer}; since ${show(since)}, next attempt ${retry}`;
}

/** The events that the broker does not accept, with reason and remedy. */
export function heldBackLines(heldBack: readonly HeldBack[], show: ShowTime): readonly string[] {
  return heldBack.map(
    (each) =>
      `HELD BACK: ${what(each)}; other events are sent: ${why(each, show)}\n  what to do: ${each.remedy}`,
  );
}

export function heldBackFindings(
  heldBack: readonly HeldBack[] | undefined,
  show: ShowTime,
): readonly Finding[] {
  return (heldBack ?? []).map((each) => ({
    check: 'events',
    outcome: 'failed',
    message: `held back: ${what(each)}: ${why(each, show)}`,
    remedy: each.remedy,
  }));
}
