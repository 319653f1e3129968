/**
 * The result of a check of the audit log.
 * - `whole`: every entry is unchanged and none is missing.
 * - `unproven`: no damage was found, but the key of some entries is not available.
 * - `broken`: an entry is unreliable.
 */
export const auditOutcomes = ['whole', 'unproven', 'broken'] as const;
export type AuditOutcome = (typeof auditOutcomes)[number];

/**
 * The kind of damage to the audit log:
 * - `altered`: a field of the entry was changed.
 * - `missing`: the entry of this sequence is missing, and later ones exist.
 * - `reordered`: a genuine entry that does not follow the preceding one.
 * - `truncated`: the newest entries, or the record of the newest one, are missing.
 * - `cut`: the oldest entries are missing without the anchor that pruning leaves.
 */
export const breakageReasons = ['altered', 'missing', 'reordered', 'truncated', 'cut'] as const;
export type BreakageReason = (typeof breakageReasons)[number];
