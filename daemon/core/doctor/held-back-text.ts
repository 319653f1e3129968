import type { ShowTime } from '../../contract/command-line.js';
import type { HeldBack } from '../../contract/held-back.js';
import type { Said } from '../../kernel/said.js';
import { doctor, type Finding, finding, saidOf } from './finding.js';

export function heldBackFindings(
  heldBack: readonly HeldBack[] | undefined,
  show: ShowTime,
): readonly Finding[] {
  return (heldBack ?? []).map((each) =>
    finding(doctor('check-events'), 'failed', {
      message: doctor('held-back', { what: whatOf(each), why: whyOf(each), ...timesOf(each, show) }),
      remedy: saidOf(each).remedy,
    }),
  );
}

/** The event, or the events of a kind. */
const whatOf = ({ cause, kind, sequence }: HeldBack): Said =>
  doctor(cause === 'topic-refused' ? 'held-back-kind' : 'held-back-event', { kind, sequence });

function whyOf({ reason, sizeBytes, ...about }: HeldBack): Said {
  const { message } = saidOf(about);
  const sized = sizeBytes === undefined ? message : doctor('held-back-size', { why: message, sizeBytes });
  return reason === undefined ? sized : doctor('with-reason', { what: sized, why: reason });
}

const timesOf = ({ since, until }: HeldBack, show: ShowTime) => ({
  since: show(since),
  retry: until === undefined ? doctor('retry-connection') : doctor('retry-at', { time: show(until) }),
});
