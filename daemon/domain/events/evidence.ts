/** Kinds of facts of which a picture may be kept as evidence. */
export const evidenceKinds = ['attendance', 'unknown', 'attack'] as const;

export type EvidenceKind = (typeof evidenceKinds)[number];

export function isEvidenceKind(kind: string): kind is EvidenceKind {
  return (evidenceKinds as readonly string[]).includes(kind);
}
