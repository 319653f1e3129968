import { z } from 'zod';
import { auditOutcomes, breakageReasons } from '../kernel/audit-outcome.js';
import { severities } from '../kernel/severity.js';
import { operation, pageFields } from './operation.js';

/** An entry of the audit log. */
export const auditEntry = z.object({
  sequence: z.int().describe('Starts at 1, without gaps.'),
  at: z.iso.datetime(),
  actor: z.string().describe('Who did it: `uid:0`, `user:<id>`, `api-key:<id>`, `issuer:<id>` (a centre).'),
  origin: z.string().describe('The way to the box: `local socket pid 123`.'),
  action: z.string().describe('A group and what was done: `person.erased`.'),
  severity: z
    .enum(severities)
    .describe(
      '`critical`: look at it today. `warning`: look at it when there are many. Follows from the action.',
    ),
  subject: z.string().exactOptional().describe('Opaque id of what it was done to.'),
  details: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])).readonly(),
  hash: z.string().describe('64 hexadecimal digits. It covers all earlier entries.'),
});
export type AuditEntry = z.infer<typeof auditEntry>;

const entryHash = z.string().regex(/^[0-9a-f]{64}$/, { error: 'a hash must have 64 hexadecimal digits' });

/** The result of a check of the log. */
export const auditVerdict = z.object({
  outcome: z
    .enum(auditOutcomes)
    .describe(
      '`whole`: every entry is unchanged and none is missing. `unproven`: no damage was found, but the key of some entries is not available. `broken`: see `breakage`.',
    ),
  entryCount: z.int().nonnegative().describe('Number of checked entries, up to the breakage.'),
  segments: z
    .array(
      z.object({
        keyId: z.string(),
        first: z.int(),
        last: z.int(),
        isProven: z
          .boolean()
          .describe('False if the key is not available: only the order of these entries could be checked.'),
      }),
    )
    .readonly()
    .describe('Consecutive entries under one key.'),
  breakage: z
    .object({
      sequence: z.int().describe('The first unreliable entry.'),
      reason: z.enum(breakageReasons),
      message: z.string(),
    })
    .exactOptional(),
  newest: z
    .object({ sequence: z.int(), hash: z.string() })
    .exactOptional()
    .describe('Kept elsewhere, it later reveals if the whole file was replaced by an older one.'),
});
export type AuditVerdict = z.infer<typeof auditVerdict>;

/** How often an actor did something. */
export const actorCount = z.object({ action: z.string(), actor: z.string(), count: z.int().nonnegative() });
export type ActorCount = z.infer<typeof actorCount>;

/** The report for an auditor: figures, opaque ids and hashes, but no personal data. */
export const complianceReport = z.object({
  site: z.string(),
  box: z.string(),
  version: z.string(),
  madeAt: z.iso.datetime(),
  period: z.object({ from: z.iso.datetime(), to: z.iso.datetime() }),
  oldestEntryAt: z.iso
    .datetime()
    .exactOptional()
    .describe(
      'How far back the log reaches: retention has deleted earlier entries. Absent if the log is empty.',
    ),
  entryCount: z.int().nonnegative(),
  actions: z.record(z.string(), z.int()).readonly().describe('Every action that occurred, with its count.'),
  persons: z.object({
    enrolled: z.int(),
    changed: z.int(),
    removed: z.int(),
    restored: z.int(),
    erased: z.int(),
    consentWithdrawn: z.int(),
  }),
  erasures: z
    .array(auditEntry)
    .readonly()
    .describe(
      'The newest erasures and withdrawals of consent, at most 1000, for comparison with the certificates.',
    ),
  accesses: z
    .array(actorCount)
    .readonly()
    .describe('Who read personal data or opened the gallery: exports, backups, photos, unlocks.'),
  refusals: z.array(actorCount).readonly().describe('What was refused, to whom.'),
  keys: z
    .array(
      z.object({
        keyId: z.string(),
        provider: z.string(),
        madeAt: z.iso.datetime(),
        ageDays: z.int().nonnegative(),
      }),
    )
    .readonly()
    .describe('The keys of the gallery.'),
  integrity: auditVerdict.describe('Covers the whole log, not only the period.'),
});
export type ComplianceReport = z.infer<typeof complianceReport>;

const from = z.iso.datetime().describe('Entries at or after this time.');
const to = z.iso.datetime().describe('Entries before this time.');

export const auditOperations = {
  'audit.list': operation({
    method: 'GET',
    path: '/audit',
    summary: 'List entries of the audit log, newest first.',
    input: z.strictObject({
      ...pageFields,
      from: from.optional(),
      to: to.optional(),
      action: z
        .string()
        .max(64)
        .optional()
        .describe('An action such as `person.erased`, or a group of actions such as `person`.'),
      actor: z.string().max(256).optional(),
      subject: z.string().max(256).optional(),
    }),
    answer: { kind: 'page', item: auditEntry },
    errors: ['no-such-action', 'audit-log-missing'],
    scope: 'audit:read',
    rate: 'default',
  }),
  'audit.verify': operation({
    method: 'GET',
    path: '/audit/verdict',
    summary: 'Check that the audit log is unaltered.',
    description:
      'With `sequence` and `hash`, an entry that was noted elsewhere, it also finds that the whole log was replaced by an older one.',
    input: z
      .strictObject({ sequence: z.int().min(1).optional(), hash: entryHash.optional() })
      .refine(({ sequence, hash }) => (sequence === undefined) === (hash === undefined), {
        error: 'give both sequence and hash of the noted entry, or neither',
      }),
    answer: { kind: 'json', schema: auditVerdict },
    errors: ['audit-log-missing'],
    scope: 'audit:read',
    rate: 'heavy',
    isLong: true,
  }),
  'audit.report': operation({
    method: 'POST',
    path: '/audit/reports',
    summary: 'Report on a period: what was done, who read personal data, whether the log is whole.',
    input: z.strictObject({ from, to }).refine((period) => Date.parse(period.from) < Date.parse(period.to), {
      error: 'the period ends before it begins',
    }),
    answer: { kind: 'json', schema: complianceReport },
    errors: ['audit-log-missing'],
    scope: 'audit:read',
    audit: 'write',
    rate: 'heavy',
    isLong: true,
  }),
} as const;
