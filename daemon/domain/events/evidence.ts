/** Kinds of facts of which a picture may be kept as evidence. */
export const evidenceKinds = ['attendance', 'unknown', 'attack'] as const;

export type EvidenceKind = (typeof evidenceKinds)[number];

/**
 * The kind under which the picture of an event is kept; undefined if none is kept. A recognition without proof of life is kept
 * like an attendance: the person is known, and the attendance may be added by hand.
 */
export function evidenceKindOf(kind: string): EvidenceKind | undefined {
  return kind === 'recognised-unproven' ? 'attendance' : evidenceKinds.find((each) => each === kind);
}
