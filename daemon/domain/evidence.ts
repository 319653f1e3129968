/** Kinds of facts of which a picture may be kept as evidence. */
export type EvidenceKind = 'attendance' | 'unknown' | 'attack';
