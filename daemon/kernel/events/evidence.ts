import type { PassageOutcome } from '../passage-outcome.js';

/** Kinds of facts of which a picture may be kept as evidence. */
export const evidenceKinds = ['attendance', 'unknown', 'attack'] as const;

export type EvidenceKind = (typeof evidenceKinds)[number];

/** Kinds of stored pictures: of an event, or of a passage none of whose events has a picture. */
export type PictureKind = EvidenceKind | 'passage';

/**
 * The kind under which the picture of an event is kept; undefined if none is kept. Other recognitions of one person are kept
 * like an attendance: the person is known, and an attendance may be added by hand.
 */
export function evidenceKindOf(kind: string): EvidenceKind | undefined {
  const isOfPerson = ['recognised-unproven', 'recognised-refused', 'watchlist'].includes(kind);
  return isOfPerson ? 'attendance' : evidenceKinds.find((each) => each === kind);
}

/** The kind of picture that must be wanted for a picture of a passage with this outcome. */
export function evidenceKindOfOutcome(outcome: PassageOutcome): EvidenceKind {
  if (outcome === 'attack') return 'attack';
  return outcome === 'stranger' || outcome === 'undecided' ? 'unknown' : 'attendance';
}
