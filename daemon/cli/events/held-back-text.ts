import type { ShownHeldBack } from '../../control/event-control.js';
import type { Finding } from '../doctor/doctor-finding.js';
import type { ShowTime } from '../site-time.js';

/** `events of the kind unknown, from 12 on` or `event 17 (attendance)`. */
const what = ({ cause, kind, sequence }: ShownHeldBack): string =>
  cause === 'topic-refused'
    ? `events of the kind ${kind}, from ${sequence} on`
    : `event ${sequence} (${kind})`;

function why({ message, reason, sizeBytes, since, until }: ShownHeldBack, show: ShowTime): string {
  const size = sizeBytes === undefined ? '' : ` (${sizeBytes} bytes)`;
  const answer = reason === undefined ? '' : `: ${reason}`;
  const again = until === undefined ? 'over the next connection' : `at ${show(until)}`;
  return `${message}${size}${answer}; since ${show(since)}, tried again ${again}`;
}

/** What each of them is, since when and until when it waits, why, and what to do; nothing where all flow. */
export function heldBackLines(heldBack: readonly ShownHeldBack[], show: ShowTime): readonly string[] {
  return heldBack.map(
    (held) => `HELD BACK: ${what(held)}, while others flow: ${why(held, show)}\n  what to do: ${held.remedy}`,
  );
}

export function heldBackFindings(
  heldBack: readonly ShownHeldBack[] | undefined,
  show: ShowTime,
): readonly Finding[] {
  return (heldBack ?? []).map((held) => {
    const { remedy } = held;
    return {
      check: 'events',
      outcome: 'failed',
      message: `held back: ${what(held)}: ${why(held, show)}`,
      remedy,
    };
  });
}
